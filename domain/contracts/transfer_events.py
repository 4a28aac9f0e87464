"""The event types of a transfer that its user signs: built, signed, broadcast, seen.

The Send names them after itself; the other flows use the general ones. Both have the same fields,
so the contexts read them by what they have in common.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.contracts.envelope import EventPayload
from domain.contracts.events import NetworkCost
from domain.contracts.gas import Gas
from domain.shared.assets import USDC, Chain
from domain.shared.ids import EffectId


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferWanted:
    """What is to be transferred: `amount` of an asset (base units), from a user's address to another;
    of USDC all fees are included. `recipient_name`: how the user knows the recipient; `delivered`:
    just so much has to arrive, and what fees leave of the rest stays with the user."""

    sender_address: str
    recipient_address: str
    recipient_name: str
    amount: int
    platform_fee: int
    memo: str | None
    delivered: int | None = None
    asset: str = USDC.symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRequested(EventPayload):
    """A transaction is to be built for its user's signature, until `approval_deadline`, at a cost
    that was shown to them."""

    OPENS_ATTEMPT = True
    effect_id: EffectId
    signer_address: str
    network_cost: NetworkCost
    approval_deadline: datetime
    chain: Chain = Chain.SOLANA


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested(LegRequested):
    """The transfer is to be built for the user's signature."""

    transfer: TransferWanted


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalTimeExtended(EventPayload):
    """The user may sign until then."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferBroadcast(EventPayload):
    """A node took the signed transaction."""

    KIND = "BlockchainTransactionBroadcast"
    signature: str
    effect_id: EffectId


@dataclass(frozen=True, slots=True, kw_only=True)
class LegConfirmed(EventPayload):
    """The chain shows the signed transaction at the configured commitment, what it paid the platform
    in USDC (`fee_due` of it was owed from earlier), and what it cost the platform's fee payer or, as
    `gas`, the user. `slot`: on other chains than Solana the depth of its block."""

    KIND = "BlockchainConfirmationReceived"
    signature: str
    slot: int
    commitment: str
    lamports_spent: int
    fee_amount: int
    fee_instruction: int | None
    fee_account: str | None
    fee_due: int = 0
    gas: Gas | None = None

    @property
    def own_fee(self) -> int:
        """What it paid for itself."""
        return self.fee_amount - self.fee_due


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferConfirmed(LegConfirmed):
    """The chain shows the transfer: amounts as seen there."""

    recipient_amount: int
    recipient_instruction: int
    recipient_account: str
    asset: str = USDC.symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferExpired(EventPayload):
    """Proof that the signed transaction is not on the chain and never can be."""

    signature: str
    proven_at_block_height: int
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(EventPayload):
    """The transfer cannot be done: it was refused, or it landed and had no effect.

    `landed` says that the chain kept its fee: of `lamports_spent`, or the user's own `gas`.
    """

    code: str
    reason: str
    landed: bool
    lamports_spent: int = 0
    signature: str | None = None
    gas: Gas | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SolanaTransferRequested(TransferRequested):
    """A Send's transfer is to be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolanaTransferBroadcast(TransferBroadcast):
    """A Send's transfer is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolanaTransferConfirmed(TransferConfirmed):
    """A Send's transfer has arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolanaTransferExpired(TransferExpired):
    """A Send's transfer can no longer arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolanaTransferFailed(TransferFailed):
    """A Send's transfer has come to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainTransferRequested(TransferRequested):
    """A flow's transfer is to be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainTransactionBroadcast(TransferBroadcast):
    """A flow's transaction is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainConfirmationReceived(TransferConfirmed):
    """A flow's transaction has arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainTransferExpired(TransferExpired):
    """A flow's transaction can no longer arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockchainTransferFailed(TransferFailed):
    """A flow's transaction has come to nothing."""


TRANSFER_EVENTS: tuple[type[EventPayload], ...] = (
    SolanaTransferRequested,
    SolanaTransferBroadcast,
    SolanaTransferConfirmed,
    SolanaTransferExpired,
    SolanaTransferFailed,
    BlockchainTransferRequested,
    BlockchainTransactionBroadcast,
    BlockchainConfirmationReceived,
    BlockchainTransferExpired,
    BlockchainTransferFailed,
    ApprovalTimeExtended,
)
