"""ERC-20 as far as it is used: transfer, approve, balanceOf, allowance, and the Transfer log.

Arguments are words of 32 bytes, big-endian; a function is named by the first four bytes of the
hash of its signature.
"""

from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from domain.shared.assets import ASSETS, Asset, Chain
from infrastructure.chains.ethereum.addresses import parse, to_bytes
from infrastructure.chains.ethereum.wire import Log

TRANSFER: Final = bytes(keccak(text="transfer(address,uint256)")[:4])
APPROVE: Final = bytes(keccak(text="approve(address,uint256)")[:4])
BALANCE_OF: Final = bytes(keccak(text="balanceOf(address)")[:4])
ALLOWANCE: Final = bytes(keccak(text="allowance(address,address)")[:4])
# What a token's contract does at its owner's word, whichever token: of ours, or any other they have.
_GIVING_AWAY: Final = (
    TRANSFER,
    APPROVE,
    *(
        bytes(keccak(text=text)[:4])
        for text in (
            "transferFrom(address,address,uint256)",
            "increaseAllowance(address,uint256)",
            "setApprovalForAll(address,bool)",
            "safeTransferFrom(address,address,uint256)",
        )
    ),
)
TRANSFER_TOPIC: Final = "0x" + keccak(text="Transfer(address,address,uint256)").hex()
_TRANSFER_TOPICS: Final = 3
_ADDRESS_DIGITS: Final = 40
_WORD_BYTES: Final = 32
_WORD_DIGITS: Final = 2 * _WORD_BYTES

BY_CONTRACT: Final = {
    asset.contract: asset
    for asset in ASSETS.values()
    if asset.chain is Chain.ETHEREUM and asset.contract is not None
}


def transfer(recipient: str, amount: int) -> bytes:
    return TRANSFER + _address(recipient) + _number(amount)


def approve(spender: str, amount: int) -> bytes:
    return APPROVE + _address(spender) + _number(amount)


def balance_of(owner: str) -> bytes:
    return BALANCE_OF + _address(owner)


def allowance(owner: str, spender: str) -> bytes:
    return ALLOWANCE + _address(owner) + _address(spender)


def gives_away(data: bytes) -> bool:
    """Whether it is a call by which an owner moves tokens, or lets somebody else."""
    return data.startswith(_GIVING_AWAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A token's transfer as its contract logged it."""

    asset: Asset
    sender: str
    recipient: str
    amount: int


def read_transfer(log: Log) -> Transfer | None:
    """One of our tokens' Transfer logs; None for any other."""
    asset = BY_CONTRACT.get(parse(log.address.lower()))
    if asset is None or log.removed or len(log.topics) != _TRANSFER_TOPICS:
        return None
    if log.topics[0] != TRANSFER_TOPIC or len(log.data) != 2 + _WORD_DIGITS:
        return None
    return Transfer(
        asset=asset,
        sender=_logged_address(log.topics[1]),
        recipient=_logged_address(log.topics[2]),
        amount=int(log.data, 16),
    )


def _logged_address(topic: str) -> str:
    return parse("0x" + topic[-_ADDRESS_DIGITS:])


def _address(address: str) -> bytes:
    return to_bytes(address).rjust(_WORD_BYTES, b"\0")


def _number(value: int) -> bytes:
    return value.to_bytes(_WORD_BYTES, "big")
