"""How users of the simulated Bitcoin pay a bridge: to an address that is an order's own."""

import hashlib
from collections.abc import Sequence
from typing import Final

from embit.script import Script

from domain.shared.assets import BTC
from infrastructure.chains.bitcoin import addresses, building, coins
from infrastructure.chains.bitcoin.coins import Coin, Wish
from infrastructure.sandbox.bitcoin import scripts
from infrastructure.sandbox.bitcoin.ledger import Ledger
from infrastructure.sandbox.market import Credit, Payment

_DOMAIN: Final = b"bridge:order:"
_HASH_BYTES: Final = 20
_KEY_HASH_SCRIPT: Final = b"\x00\x14"
_RATE_BYTES: Final = 1_000


def payment_of(ledger: Ledger, *, sender: str, order: str, amount: int) -> Payment | None:
    """A PSBT out of the sender's coins in blocks; None where they do not cover it."""
    owner = addresses.parse(sender)
    if owner.kind not in coins.SPENDABLE or amount < coins.DUST[addresses.Kind.P2WPKH]:
        return None
    ledger.settle()
    digest = hashlib.sha256(_DOMAIN + order.encode()).digest()[:_HASH_BYTES]
    script = _KEY_HASH_SCRIPT + digest
    wish = Wish(
        amount=amount,
        fee_rate=int(ledger.fee_rate() * _RATE_BYTES),
        sender_kind=owner.kind,
        sender_script=owner.script,
        recipient_script=script,
    )
    selection = coins.select_largest_first(_unspent(ledger, owner.text), wish)
    if selection is None:
        return None
    funded = [
        building.Funded(coin, kept.parsed)
        for coin in selection.coins
        if (kept := ledger.find(coin.txid)) is not None
    ]
    psbt = building.build(funded, selection, wish).payload
    return Payment(psbt, str(Script(script).address()))


def credits_of(ledger: Ledger, txid: str) -> Sequence[Credit]:
    """What a transaction in a block pays, to whom."""
    ledger.settle()
    kept = ledger.find(txid)
    if kept is None or kept.height is None:
        return ()
    paid = [(scripts.address_of(one.script_pubkey.data), one.value) for one in kept.parsed.vout]
    return tuple(Credit(address, BTC.symbol, value) for address, value in paid if address)


def _unspent(ledger: Ledger, address: str) -> list[Coin]:
    return [
        Coin(txid=kept.txid, vout=vout, value=output.value)
        for kept, vout, output in ledger.outputs_of(address)
        if kept.height is not None and ledger.spender(kept.txid, vout) is None
    ]
