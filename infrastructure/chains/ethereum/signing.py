"""Typed transactions of EIP-1559: the unsigned bytes, and the judgement of the signed ones: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import rlp  # type: ignore[import-untyped]  # ships no types
from eth_account import Account
from eth_utils.crypto import keccak

from domain.provider.ports.chain import SignatureRefused, Signed, TransferPrepared
from infrastructure.chains.ethereum.addresses import to_bytes

TYPE: Final = b"\x02"
# Nodes take no transaction above 128 KiB into their pools.
TRANSACTION_BYTES_MAX: Final = 128 * 1024
_UNSIGNED_FIELDS: Final = 9
_SIGNED_FIELDS: Final = 12
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a transaction does; fees in wei per gas, `gas_limit` in gas."""

    chain_id: int
    nonce: int
    priority_fee: int
    max_fee: int
    gas_limit: int
    to: str
    value: int
    data: bytes

    def prepared(self, sender: str, *, is_approval: bool = False) -> TransferPrepared:
        """The bytes whose hash is signed. The fee is the most that it can cost."""
        fields = [
            self.chain_id,
            self.nonce,
            self.priority_fee,
            self.max_fee,
            self.gas_limit,
            to_bytes(self.to),
            self.value,
            self.data,
            [],
        ]
        payload = TYPE + rlp.encode(fields)
        return TransferPrepared(
            payload=payload,
            commitment=keccak(payload),
            fee=self.gas_limit * self.max_fee,
            value=self.value,
            is_approval=is_approval,
            inputs=(f"{sender}:{self.nonce}",),
        )


def complete(prepared: TransferPrepared, signed: bytes, signer: str) -> Signed:
    """`signed` is the whole signed transaction; SignatureRefused if it is not the prepared one, or
    not its owner's."""
    if keccak(prepared.payload) != prepared.commitment:
        raise _refused("what was prepared does not fit its commitment")
    fields = _fields(signed)
    if TYPE + rlp.encode(fields[:_UNSIGNED_FIELDS]) != prepared.payload:
        raise _refused("the signed transaction is not the prepared one")
    parity, r, s = (int.from_bytes(_bytes(field), "big") for field in fields[_UNSIGNED_FIELDS:])
    # EIP-2: of the two signatures that fit, nodes take the one with the lower s alone.
    if parity > 1 or not 0 < r < _ORDER or not 0 < s <= _ORDER // 2:
        raise _refused("the signature is out of bounds")
    try:
        recovered = Account.recover_transaction(signed)
    except Exception as error:
        # The libraries below raise their own of many kinds.
        raise _refused("no key fits the signature") from error
    if recovered != signer:
        raise _refused("signed by somebody else")
    return Signed(raw=signed, transaction_hash="0x" + keccak(signed).hex())


def action_of(prepared: TransferPrepared) -> tuple[bytes, int, bytes]:
    """Whom it calls, with how much wei and what data."""
    fields = rlp.decode(prepared.payload[len(TYPE) :])
    return bytes(fields[5]), int.from_bytes(fields[6], "big"), bytes(fields[7])


def _fields(signed: bytes) -> Sequence[object]:
    if not signed.startswith(TYPE) or len(signed) > TRANSACTION_BYTES_MAX:
        raise _refused("no transaction of type 2")
    try:
        fields = rlp.decode(signed[1:], strict=True)
    except Exception as error:
        # The library raises its own of many kinds.
        raise _refused("the transaction is not readable") from error
    if not isinstance(fields, list) or len(fields) != _SIGNED_FIELDS:
        raise _refused("not the fields of a signed transaction")
    if TYPE + rlp.encode(fields) != signed:
        raise _refused("the transaction is not in its one canonical form")
    return fields


def _bytes(field: object) -> bytes:
    if not isinstance(field, bytes) or field.startswith(b"\0"):
        raise _refused("the signature is not canonical")
    return field


def _refused(reason: str) -> SignatureRefused:
    return SignatureRefused(field="signedTransaction", reason=reason)
