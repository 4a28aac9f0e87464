"""Chains other than through Solana's own gateway: balances, fees, transfers, confirmations."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.provider.ports.answers import Setback
from domain.provider.ports.unsigned import Unsigned
from domain.shared.assets import Asset, Chain
from domain.shared.errors import InvalidInput


class InvalidChainAddress(InvalidInput):
    """The text is no address of that chain: form or checksum is wrong."""

    code = "VAL_ADDRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFee:
    """What a transfer would cost now, in base units of the chain's native asset."""

    amount: int
    asset: str
    rate: int
    """Satoshi per 1,000 virtual bytes, wei per gas, MIST per gas unit."""
    estimated_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainTransfer:
    """`amount` of `asset` in base units; `fee_rate` as in `NetworkFee`. `instead_of`: one of the inputs
    of what the sender was shown before, and may have signed; it is spent again while it can be, so that
    one of the two lands at most."""

    asset: Asset
    sender: str
    recipient: str
    amount: int
    fee_rate: int
    instead_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPrepared:
    """`payload` is what the user signs, in the form that wallets of the chain take: a PSBT, an
    unsigned typed transaction, BCS bytes. `commitment` is compared with what comes back.

    `value`: what leaves the sender of the chain's native asset beside the fee, as the bytes have it.
    `is_approval`: it only allows what the call itself, asked for again once this is final, takes.
    """

    payload: bytes
    commitment: bytes
    fee: int
    value: int
    is_approval: bool = False
    inputs: tuple[str, ...] = ()
    """What it spends and nothing else may: outpoints, the account's nonce, coin objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The complete transaction and the hash that the chain knows it by."""

    raw: bytes
    transaction_hash: str


class SignatureRefused(InvalidInput):
    """What came back is not what was to be signed, or not signed by its owner."""

    code = "TXN_SIGNATURE_INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A node took it."""

    transaction_hash: str


class Presence(StrEnum):
    """Where a transaction is, by one node's word.

    INCLUDED in a block that a reorganisation may still drop, FINAL in one that it cannot.
    SUPERSEDED: what it spends was finally spent by another transaction, so it can never land.
    """

    UNKNOWN = "UNKNOWN"
    PENDING = "PENDING"
    INCLUDED = "INCLUDED"
    FINAL = "FINAL"
    REVERTED = "REVERTED"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """`depth` counts the block that has it; 0 outside of blocks. `block` is that block's hash, by
    which a reorganisation is noticed. `fee` is what the chain charged. `rival`: of one that is
    SUPERSEDED the transaction that spent what it spends, where the chain tells which."""

    presence: Presence
    depth: int = 0
    block: str | None = None
    fee: int | None = None
    rival: str | None = None


class Likeness(StrEnum):
    """What another transaction of the signer's does of what was prepared: all of it (a wallet that
    raised the fee), something of it (the same recipient is paid otherwise), or nothing."""

    SAME = "SAME"
    PARTLY = "PARTLY"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What a transaction credited an address with, or took from it; `index` is the output's or
    log's place."""

    index: int
    asset: str
    address: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What one included transaction left an address with of an asset: what it paid the address less
    what it took from it, so that change is none.

    `index` is the place of the first movement that paid it; `senders`: whom the transaction took
    the asset from, as far as the chain tells.
    """

    transaction_hash: str
    index: int
    asset: str
    address: str
    amount: int
    senders: tuple[str, ...] = ()


class ChainGateway(Protocol):
    """One chain. Setbacks are answered, never raised; bad input raises `InvalidInput`."""

    @property
    def chain(self) -> Chain: ...

    async def healthy(self) -> bool:
        """Whether a node of it answers as it should; never raises."""
        ...

    def parse_address(self, text: str) -> str:
        """Its one canonical spelling. Raises `InvalidChainAddress`."""
        ...

    async def balance(self, address: str, asset: Asset) -> int | Setback: ...

    async def network_fee(self, transfer: PlainTransfer) -> NetworkFee | Setback: ...

    async def call_fee(self, sender: str, asset: Asset) -> NetworkFee | Setback:
        """The most that a provider's calls which spend `asset` may cost now, an approval before
        them included; what none of them needs beyond it is refused when it is prepared."""
        ...

    async def prepare_transfer(self, transfer: PlainTransfer) -> TransferPrepared | Setback: ...

    async def prepare_call(
        self, sender: str, unsigned: Unsigned, *, instead_of: str | None = None
    ) -> TransferPrepared | Setback:
        """A provider's transaction in the chain's form, `Declined` where it is another chain's, or
        spends other inputs than what it is `instead_of` (as of a transfer)."""
        ...

    def accept_signature(self, prepared: TransferPrepared, signed: bytes, *, signer: str) -> Signed:
        """The complete transaction, if it is the prepared one and the signer's signature is good.
        Raises `SignatureRefused`."""
        ...

    async def broadcast(self, signed: Signed) -> Accepted | Setback:
        """One that is known already is accepted."""
        ...

    async def sighting(
        self, transaction_hash: str, *, inputs: tuple[str, ...] = ()
    ) -> Sighting | Setback: ...

    async def sent(self, prepared: TransferPrepared) -> str | Setback | None:
        """The name of what was prepared, if its signer has sent it by themselves, or another in its
        place; a setback while that cannot be told; None: it was not sent."""
        ...

    async def likeness(
        self, prepared: TransferPrepared, transaction_hash: str
    ) -> Likeness | Setback:
        """What another transaction, by its own bytes, does of what was prepared."""
        ...

    async def movements(self, transaction_hash: str) -> tuple[Movement, ...] | Setback:
        """All credits of an included transaction; empty where it is not included."""
        ...

    async def taken(self, transaction_hash: str, *, signer: str) -> tuple[Movement, ...] | Setback:
        """What an included transaction that the signer signed took from them, the network's fee
        aside and what it gave back counted; empty where it is not included."""
        ...

    async def received(
        self, transaction_hash: str, addresses: Sequence[str]
    ) -> tuple[Credit, ...] | Setback:
        """What an included transaction left any of `addresses` with, added up by address and asset;
        empty where it is not included."""
        ...

    async def final_height(self) -> int | Setback:
        """The newest block that no reorganisation can drop any more."""
        ...

    async def credits(
        self, addresses: Sequence[str], *, after: int, up_to: int
    ) -> tuple[Credit, ...] | Setback:
        """What transactions in the blocks behind `after` and not behind `up_to`, which is final,
        left any of `addresses` with."""
        ...
