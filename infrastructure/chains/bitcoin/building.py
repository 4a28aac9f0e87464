"""The PSBT (BIP 174) of a transfer, and what is read from a provider's: pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import SEEK_CUR, BytesIO
from typing import Final

from embit import compact
from embit.psbt import PSBT
from embit.script import Script
from embit.transaction import Transaction, TransactionInput, TransactionOutput

from domain.provider.ports.chain import Likeness, TransferPrepared
from infrastructure.chains.bitcoin.addresses import Kind
from infrastructure.chains.bitcoin.coins import Coin, Selection, Wish

# Replaceable (BIP 125): the owner can raise a fee that turns out too low.
SEQUENCE: Final = 0xFFFF_FFFD
# A standard transaction has 400,000 weight units; a PSBT holds the parents of its inputs as well.
PSBT_BYTES_MAX: Final = 8 * 1024 * 1024
# Transaction version, locktime, counts of inputs and outputs, modifiable flags, PSBT version.
_VERSION_2_KEYS: Final = frozenset({0x02, 0x03, 0x04, 0x05, 0x06, 0xFB})
_MAGIC: Final = b"psbt\xff"


class NotAPsbt(ValueError):
    """The bytes are no PSBT, or one that cannot be judged."""


@dataclass(frozen=True, slots=True)
class Funded:
    """A coin with the transaction that made it, as embit holds it: that library has no types, so what it gives is checked by tests alone."""

    coin: Coin
    parent: Transaction


def build(funded: Sequence[Funded], selection: Selection, wish: Wish) -> TransferPrepared:
    """The recipient's output first, the change behind it."""
    outputs = [TransactionOutput(wish.amount, Script(wish.recipient_script))]
    if selection.change:
        outputs.append(TransactionOutput(selection.change, Script(wish.sender_script)))
    inputs = [
        TransactionInput(bytes.fromhex(one.coin.txid), one.coin.vout, sequence=SEQUENCE)
        for one in funded
    ]
    psbt = PSBT(Transaction(version=2, vin=inputs, vout=outputs, locktime=0), unknown={})
    for scope, one in zip(psbt.inputs, funded, strict=True):
        scope.witness_utxo = one.parent.vout[one.coin.vout]
        if wish.sender_kind is Kind.P2WPKH:
            # Signing devices check amounts against the parent; Taproot signs all amounts itself.
            scope.non_witness_utxo = one.parent
    return prepared(psbt)


def prepared(psbt: PSBT) -> TransferPrepared:
    """Its commitment is the transaction's identifier, which witnesses do not change."""
    transaction = psbt.tx
    return TransferPrepared(
        payload=psbt.serialize(),
        commitment=transaction.txid(),
        fee=psbt.fee(),
        value=_paid(psbt),
        inputs=tuple(f"{spent.txid.hex()}:{spent.vout}" for spent in transaction.vin),
    )


def likeness(prepared: TransferPrepared, other: Transaction) -> Likeness:
    """What another transaction pays of what that PSBT pays to others."""
    wanted = _payments(parse_psbt(prepared.payload))
    paid = Counter((bytes(one.script_pubkey.data), int(one.value)) for one in other.vout)
    if wanted and wanted <= paid:
        return Likeness.SAME
    scripts = {script for script, _amount in paid}
    is_paid = any(script in scripts for script, _amount in wanted)
    return Likeness.PARTLY if is_paid else Likeness.OTHER


def _paid(psbt: PSBT) -> int:
    """What goes to other scripts than those that it spends from."""
    return sum(amount * count for (_script, amount), count in _payments(psbt).items())


def _payments(psbt: PSBT) -> Counter[tuple[bytes, int]]:
    """Outputs to other scripts than those that it spends from."""
    own = {one.utxo.script_pubkey.data for one in psbt.inputs if one.utxo is not None}
    return Counter(
        (bytes(one.script_pubkey.data), int(one.value))
        for one in psbt.outputs
        if one.script_pubkey.data not in own
    )


def is_psbt(content: bytes) -> bool:
    return content.startswith(_MAGIC)


def parse_psbt(content: bytes) -> PSBT:
    """A PSBT of version 0 in full; NotAPsbt otherwise."""
    if not is_psbt(content) or len(content) > PSBT_BYTES_MAX:
        raise NotAPsbt("not a PSBT")
    try:
        psbt = None if _has_counts(content) else PSBT.parse(content)
    except Exception as error:
        # embit raises whatever it runs into where bytes are cut off.
        raise NotAPsbt("the PSBT is not readable") from error
    if psbt is None or not psbt.inputs or not psbt.outputs:
        raise NotAPsbt("no PSBT of version 0 with inputs and outputs")
    return psbt


def _has_counts(content: bytes) -> bool:
    """Whether its global map has keys of BIP 370: embit makes as many inputs as such a key counts
    before it looks for them, so that a few bytes could ask for all memory there is."""
    stream = BytesIO(content[len(_MAGIC) :])
    while length := compact.read_from(stream):
        key = stream.read(length)
        if key[0] in _VERSION_2_KEYS:
            return True
        stream.seek(compact.read_from(stream), SEEK_CUR)
    return False
