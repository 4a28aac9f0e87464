"""Judges what a wallet hands back as signed, and completes the transaction: pure.

A wallet returns the PSBT with signatures or final witnesses in it, or the complete transaction.
Either must spend and pay exactly what was prepared, and each input must be signed by its owner's
key over all of it: other signature hash types would let somebody change outputs afterwards.
"""

from collections.abc import Sequence
from typing import Final

from embit import ec, hashes, script
from embit.psbt import PSBT, InputScope
from embit.script import Script, Witness
from embit.transaction import SIGHASH, Transaction

from domain.provider.ports.chain import SignatureRefused, Signed, TransferPrepared
from infrastructure.chains.bitcoin.addresses import Kind, ParsedAddress
from infrastructure.chains.bitcoin.building import (
    PSBT_BYTES_MAX,
    NotAPsbt,
    is_psbt,
    parse_psbt,
)

_SCHNORR_BYTES: Final = 64
_COMPRESSED_KEY_BYTES: Final = 33
_P2WPKH_ITEMS: Final = 2
# PSBT_IN_TAP_KEY_SIG of BIP 371, which embit leaves among the unknown.
_TAP_KEY_SIGNATURE: Final = b"\x13"

Items = Sequence[bytes]


def complete(prepared: TransferPrepared, signed: bytes, owner: ParsedAddress) -> Signed:
    """The transaction with all its witnesses; SignatureRefused otherwise."""
    built = _read_psbt(prepared.payload)
    if built.tx.txid() != prepared.commitment:
        raise _refused("what was prepared does not fit its commitment")
    witnesses = _witnesses(signed, built)
    transaction = built.tx
    for index, (scope, items) in enumerate(zip(built.inputs, witnesses, strict=True)):
        if scope.utxo is None or scope.utxo.script_pubkey.data != owner.script:
            raise _refused(f"input {index} is not the signer's")
        if not _is_signed(built, index, items, owner.kind):
            raise _refused(f"input {index} is not signed by its owner")
        transaction.vin[index].witness = Witness(list(items))
    return Signed(raw=transaction.serialize(), transaction_hash=transaction.txid().hex())


def _witnesses(signed: bytes, built: PSBT) -> list[Items]:
    if len(signed) > PSBT_BYTES_MAX:
        raise _refused("too large")
    if is_psbt(signed):
        psbt = _read_psbt(signed)
        if psbt.tx.serialize() != built.tx.serialize():
            raise _refused("the signed transaction is not the prepared one")
        return [_witness_of(scope) for scope in psbt.inputs]
    return _witnesses_of_transaction(signed, built)


def _witnesses_of_transaction(signed: bytes, built: PSBT) -> list[Items]:
    try:
        transaction = Transaction.parse(signed)
        canonical = transaction.serialize() == signed
    except Exception as error:
        # embit raises whatever it runs into where bytes are cut off.
        raise _refused("neither a PSBT nor a transaction") from error
    # The identifier covers everything but the witnesses.
    if not canonical or transaction.txid() != built.tx.txid():
        raise _refused("the signed transaction is not the prepared one")
    return [spent.witness.items for spent in transaction.vin]


def _witness_of(scope: InputScope) -> Items:
    if scope.final_scriptwitness is not None:
        return list(scope.final_scriptwitness.items)
    if _TAP_KEY_SIGNATURE in scope.unknown:
        return [scope.unknown[_TAP_KEY_SIGNATURE]]
    return [part for key, value in scope.partial_sigs.items() for part in (value, key.sec())]


def _is_signed(built: PSBT, index: int, items: Items, kind: Kind) -> bool:
    try:
        if kind is Kind.P2TR:
            return _is_taproot_signed(built, index, items)
        return kind is Kind.P2WPKH and _is_key_hash_signed(built, index, items)
    except Exception:  # noqa: BLE001 - embit and libsecp256k1 raise whatever a bad signature meets
        return False


def _is_key_hash_signed(built: PSBT, index: int, items: Items) -> bool:
    spent = built.inputs[index].utxo
    if len(items) != _P2WPKH_ITEMS or len(items[1]) != _COMPRESSED_KEY_BYTES:
        return False
    signature, key = items
    if signature[-1] != SIGHASH.ALL or hashes.hash160(key) != spent.script_pubkey.data[2:]:
        return False
    code = script.p2pkh_from_p2wpkh(Script(spent.script_pubkey.data))
    digest = built.tx.sighash_segwit(index, code, spent.value, SIGHASH.ALL)
    # `parse` reads strict DER to its end, and libsecp256k1 takes a low S alone, as nodes do.
    return bool(ec.PublicKey.parse(key).verify(ec.Signature.parse(signature[:-1]), digest))


def _is_taproot_signed(built: PSBT, index: int, items: Items) -> bool:
    if len(items) != 1:
        return False
    signature, kind = items[0][:_SCHNORR_BYTES], items[0][_SCHNORR_BYTES:]
    if kind not in {b"", bytes([SIGHASH.ALL])}:
        return False
    spent = [scope.utxo for scope in built.inputs]
    digest = built.tx.sighash_taproot(
        index,
        script_pubkeys=[output.script_pubkey for output in spent],
        values=[output.value for output in spent],
        sighash=kind[0] if kind else SIGHASH.DEFAULT,
    )
    key = ec.PublicKey.from_xonly(spent[index].script_pubkey.data[2:])
    return bool(key.schnorr_verify(ec.SchnorrSig(signature), digest))


def _read_psbt(content: bytes) -> PSBT:
    try:
        return parse_psbt(content)
    except NotAPsbt as error:
        raise _refused(str(error)) from error


def _refused(reason: str) -> SignatureRefused:
    return SignatureRefused(field="signedTransaction", reason=reason)
