"""What the gateway takes and answers: amounts in base units and lamports, never wire types."""

from dataclasses import dataclass
from enum import StrEnum

from solders.pubkey import Pubkey

from domain.provider.ports.chain import Credit
from infrastructure.chains.solana.building import BuiltMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequest:
    """A USDC transfer. `create_recipient_account` creates nothing where there is one by then.

    `reference` is of this transfer alone: `addresses.reference_of` derives it.
    """

    sender: Pubkey
    recipient_owner: Pubkey
    amount_base_units: int
    reference: Pubkey
    platform_fee_base_units: int = 0
    network_cost_base_units: int = 0
    fee_due_base_units: int = 0
    memo: str | None = None
    create_recipient_account: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCost:
    """What a transfer costs the fee payer."""

    create_recipient_account: bool
    rent_lamports: int
    network_fee_lamports: int

    @property
    def total_lamports(self) -> int:
        return self.rent_lamports + self.network_fee_lamports


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedTransfer:
    """What the user is to sign, until which block height it can land, and how many blocks away
    that was a second ago at most."""

    built: BuiltMessage
    last_valid_block_height: int
    blocks_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationResult:
    ok: bool
    logs: tuple[str, ...]
    error: str | None
    units: int


class BroadcastKind(StrEnum):
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class BroadcastOutcome:
    """DECLINED is about this try alone: an earlier try whose outcome is unknown may still land."""

    kind: BroadcastKind
    reason: str | None = None
    retry_after_seconds: float | None = None


class Level(StrEnum):
    """Commitment, in rising order: PROCESSED, CONFIRMED, FINALIZED."""

    PROCESSED = "processed"
    CONFIRMED = "confirmed"
    FINALIZED = "finalized"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A transaction that landed; `error` when it landed with one (the fee is spent)."""

    level: Level
    slot: int
    error: str | None


class Absence(StrEnum):
    ABSENT = "ABSENT"
    STILL_POSSIBLE = "STILL_POSSIBLE"
    FOUND = "FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMovement:
    """What one transaction did to one token account.

    `instruction_index` is the first top-level instruction that names the account; -1 where none
    does (it was reached through a lookup table of another program's making).
    """

    account: str
    owner: str | None
    mint: str
    delta_base_units: int
    instruction_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LamportMovement:
    """What one transaction did to the lamports of one address; `instruction_index` as for tokens."""

    account: str
    delta_lamports: int
    instruction_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a landed transaction left: movements of tokens and lamports, none where it failed, and
    what its fee payer has less than before: the network's fee, and rent where an account was opened.
    """

    movements: tuple[TokenMovement, ...]
    lamports_spent: int
    lamports: tuple[LamportMovement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Receipts, oldest first; each one's address is the account that holds the asset.
    `newest_signature` is the last transaction looked at, a receipt or not: the next question begins
    behind it. None: there was nothing new.
    """

    credits: tuple[Credit, ...] = ()
    newest_signature: str | None = None
