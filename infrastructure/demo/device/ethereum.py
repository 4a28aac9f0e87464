"""Ethereum: signs an unsigned transaction of EIP-1559."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import rlp  # type: ignore[import-untyped]  # ships no types
from embit import ec
from eth_utils.crypto import keccak

from domain.shared.assets import ETH, Asset
from infrastructure.chains.ethereum.addresses import parse
from infrastructure.chains.ethereum.signing import TYPE
from infrastructure.chains.ethereum.tokens import APPROVE, BY_CONTRACT, TRANSFER
from infrastructure.demo.device.refusal import (
    WillNotSign,
    decode,
    demand_at_most,
    demand_cost_at_most,
    encode,
)

# A tenth of an ETH: wallets ask twice beyond that.
GAS_WEI_MAX: Final = 10**17
# What bridges ask in ETH where a token is moved.
ASIDE_WEI_MAX: Final = 10**16
_FIELDS: Final = 9
_ADDRESS_BYTES: Final = 20
# The library counts a signature's parity from 27, as the first transactions did.
_PARITY_BASE: Final = 27
_SELECTOR_BYTES: Final = 4
_CALL_BYTES: Final = _SELECTOR_BYTES + 2 * 32
_AMOUNT_AT: Final = _SELECTOR_BYTES + 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """`spent` in base units of `asset`: moved or, of a token, allowed to be."""

    to: str
    value: int
    cost: int
    data: bytes

    def spent(self, asset: Asset) -> int:
        if asset == ETH:
            if self.to in BY_CONTRACT:
                raise WillNotSign("the transaction moves a token that the user did not name")
            return self.value
        if self.value > ASIDE_WEI_MAX:
            raise WillNotSign("the transaction moves ETH, which the user did not name")
        if self.to != asset.contract:
            # What a provider's contract takes is bounded by the allowance that was signed for it.
            return 0
        if len(self.data) != _CALL_BYTES or self.data[:_SELECTOR_BYTES] not in {APPROVE, TRANSFER}:
            raise WillNotSign("the transaction does more with our tokens than move them")
        return int.from_bytes(self.data[_AMOUNT_AT:], "big")


class EthereumKey:
    """A secp256k1 key; the address has the checksum of EIP-55."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @property
    def address(self) -> str:
        public = ec.PrivateKey(self._secret).get_public_key()
        public.compressed = False
        # Without the byte that says how the point is written.
        digest = keccak(public.sec()[1:])
        return parse("0x" + digest[-_ADDRESS_BYTES:].hex())

    def sign(self, payload: str, asset: Asset, *, spends_at_most: int) -> str:
        """The whole signed transaction. Amounts that leave, and allowances, count; gas is bounded
        by itself."""
        unsigned = decode(payload, "Ethereum")
        fields = _fields(unsigned)
        found = _read(fields)
        demand_at_most(found.spent(asset), spends_at_most)
        demand_cost_at_most(found.cost, GAS_WEI_MAX)
        from eth_account import Account

        signature = Account.from_key(self._secret).unsafe_sign_hash(keccak(unsigned))
        signed = [*fields, signature.v - _PARITY_BASE, signature.r, signature.s]
        return encode(TYPE + bytes(rlp.encode(signed)))


def _fields(unsigned: bytes) -> Sequence[bytes]:
    try:
        fields = rlp.decode(unsigned[1:], strict=True) if unsigned[:1] == TYPE else []
    except Exception as error:
        # The library raises its own of many kinds.
        raise WillNotSign("the payload is no Ethereum transaction") from error
    if not isinstance(fields, list) or len(fields) != _FIELDS:
        raise WillNotSign("the payload is no Ethereum transaction")
    return fields


def _read(fields: Sequence[bytes]) -> _Read:
    _chain, _nonce, _priority, max_fee, gas, to, value, data, _access = fields
    return _Read(
        to=parse("0x" + to.hex()),
        value=int.from_bytes(value, "big"),
        cost=int.from_bytes(max_fee, "big") * int.from_bytes(gas, "big"),
        data=data,
    )
