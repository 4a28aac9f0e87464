"""Signed transactions as the node reads them: fields by eth-account, the sender by recovery."""

from typing import Final

import msgspec
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from infrastructure.sandbox.ethereum.contracts import Log

INTRINSIC_GAS: Final = 21_000
_ZERO_BYTE_GAS: Final = 4
_BYTE_GAS: Final = 16
_DYNAMIC_FEE: Final = 2
# A signature's s lies in the lower half alone (EIP-2).
_S_MAX: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction; addresses in lower case, amounts as text for their size. `height` is None in
    the pool; with it come the figures of its execution. `gone`: dropped or replaced."""

    hash: str
    raw: str
    sender: str
    to: str
    nonce: int
    value: str
    data: str
    gas: int
    max_fee: int
    priority_fee: int
    entered: float
    y_parity: int = 0
    r: str = "0"
    s: str = "0"
    height: int | None = None
    sequence: int = 0
    succeeded: bool = False
    gas_used: int = 0
    price: int = 0
    logs: list[Log] = []
    changes: dict[str, str] = {}
    gone: bool = False

    @property
    def cost(self) -> int:
        """The most that it can take from its sender, in wei."""
        return int(self.value) + self.gas * self.max_fee


class NotATransaction(Exception):
    """In the node's words."""


def read(raw: bytes, *, chain_id: int, entered: float) -> Sent:
    """Raises `NotATransaction`."""
    from eth_account import Account
    from eth_account.typed_transactions.typed_transaction import TypedTransaction

    if not raw or raw[0] != _DYNAMIC_FEE:
        raise NotATransaction("transaction type not supported")
    try:
        fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        sender = str(Account.recover_transaction(raw)).lower()
    except Exception as error:
        # The libraries raise their own of many kinds.
        raise NotATransaction("rlp: value size exceeds available input length") from error
    if fields["chainId"] != chain_id:
        raise NotATransaction("invalid chain id for signer")
    if fields["s"] > _S_MAX:
        raise NotATransaction("invalid transaction v, r, s values")
    return Sent(
        hash="0x" + keccak(raw).hex(),
        raw="0x" + raw.hex(),
        sender=sender,
        to="0x" + bytes(HexBytes(fields["to"])).hex(),
        nonce=fields["nonce"],
        value=str(fields["value"]),
        data="0x" + bytes(HexBytes(fields["data"])).hex(),
        gas=fields["gas"],
        max_fee=fields["maxFeePerGas"],
        priority_fee=fields["maxPriorityFeePerGas"],
        entered=entered,
        y_parity=fields["v"],
        r=str(fields["r"]),
        s=str(fields["s"]),
    )


def intrinsic_gas(data: bytes) -> int:
    zeros = data.count(0)
    return INTRINSIC_GAS + zeros * _ZERO_BYTE_GAS + (len(data) - zeros) * _BYTE_GAS
