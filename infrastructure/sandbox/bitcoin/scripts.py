"""What a Bitcoin node checks of a transaction by itself: form, size, signatures. Through embit.

Native segwit key spends alone can be checked here, P2WPKH and P2TR; others are refused.
"""

from collections.abc import Sequence
from typing import Final

from embit import ec, hashes, script
from embit.script import Script
from embit.transaction import SIGHASH, Transaction, TransactionOutput

# Outputs below this are not relayed; by what the output costs to spend.
_DUST: Final = {"p2pkh": 546, "p2sh": 540, "p2wpkh": 294, "p2wsh": 330, "p2tr": 330}
_SCHNORR_BYTES: Final = 64
_WITNESS_PARTS: Final = 2
_RETURN: Final = 0x6A


def decode(raw: bytes) -> Transaction | None:
    """None where the bytes are not exactly one transaction."""
    try:
        parsed = Transaction.parse(raw)
        canonical = parsed.serialize() == raw and parsed.vin and parsed.vout
    except Exception:  # noqa: BLE001 - embit raises whatever it runs into where bytes are cut off
        return None
    return parsed if canonical else None


def sizes(transaction: Transaction) -> tuple[int, int]:
    """Bytes, and weight units."""
    total = len(transaction.serialize())
    bare = Transaction.parse(transaction.serialize())
    for spent in bare.vin:
        spent.witness = script.Witness([])
    return total, 3 * len(bare.serialize()) + total


def address_of(script_bytes: bytes) -> str | None:
    kind = Script(script_bytes).script_type()
    return None if kind is None else str(Script(script_bytes).address())


def script_of(address: str) -> bytes | None:
    """The script of a main network's address."""
    try:
        found = Script.from_address(address)
    except Exception:  # noqa: BLE001 - embit raises whatever it runs into in a bad address
        return None
    if found is None or address_of(found.data) != address:
        return None
    return bytes(found.data)


def is_dust(output: TransactionOutput) -> bool:
    data = output.script_pubkey.data
    if data[:1] == bytes([_RETURN]):
        return False
    return bool(output.value < _DUST.get(output.script_pubkey.script_type(), 0))


def is_signed(transaction: Transaction, index: int, spent: Sequence[TransactionOutput]) -> bool:
    """Whether the witness of input `index` may spend its output; `spent` are those of all inputs."""
    items = transaction.vin[index].witness.items
    kind = spent[index].script_pubkey.script_type()
    if transaction.vin[index].script_sig.data:
        return False
    try:
        if kind == "p2wpkh":
            return _spends_key_hash(transaction, index, spent[index], items)
        return kind == "p2tr" and _spends_taproot(transaction, index, spent, items)
    except Exception:  # noqa: BLE001 - embit and libsecp256k1 raise whatever a bad signature meets
        return False


def _spends_key_hash(
    transaction: Transaction, index: int, spent: TransactionOutput, items: Sequence[bytes]
) -> bool:
    if len(items) != _WITNESS_PARTS or hashes.hash160(items[1]) != spent.script_pubkey.data[2:]:
        return False
    code = script.p2pkh_from_p2wpkh(spent.script_pubkey)
    digest = transaction.sighash_segwit(index, code, spent.value, items[0][-1])
    return bool(ec.PublicKey.parse(items[1]).verify(ec.Signature.parse(items[0][:-1]), digest))


def _spends_taproot(
    transaction: Transaction,
    index: int,
    spent: Sequence[TransactionOutput],
    items: Sequence[bytes],
) -> bool:
    if len(items) != 1:
        return False
    signature, kind = items[0][:_SCHNORR_BYTES], items[0][_SCHNORR_BYTES:]
    digest = transaction.sighash_taproot(
        index,
        script_pubkeys=[output.script_pubkey for output in spent],
        values=[output.value for output in spent],
        sighash=kind[0] if kind else SIGHASH.DEFAULT,
    )
    key = ec.PublicKey.from_xonly(spent[index].script_pubkey.data[2:])
    return bool(key.schnorr_verify(ec.SchnorrSig(signature), digest))
