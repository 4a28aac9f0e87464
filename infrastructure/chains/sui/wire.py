"""What Sui's GraphQL service sends, as far as it is read here; these types never leave the adapter.

Each document asks for what its type holds. UInt53 is a number, BigInt a decimal text, Base64 text.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Address = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
Digest = Annotated[str, Meta(pattern="^[1-9A-HJ-NP-Za-km-z]{32,44}$")]
UInt53 = Annotated[int, Meta(ge=0, lt=2**53)]
BigInt = Annotated[str, Meta(pattern="^-?[0-9]{1,78}$")]


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Extensions(Wire, frozen=True):
    code: str = ""


class Failure(Wire, frozen=True):
    message: str
    extensions: Extensions = Extensions()

    @property
    def code(self) -> str:
        return self.extensions.code


class Answer(Wire, frozen=True):
    """`data` stays raw until the document says what it is."""

    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[Failure] = []


class MoveType(Wire, frozen=True):
    repr: str


class Named(Wire, frozen=True):
    address: Address


class Page(Wire, frozen=True):
    has_next_page: bool
    end_cursor: str | None = None


# ------------------------------------------------------------------ balance, coins, price


class Sum(Wire, frozen=True):
    total_balance: BigInt
    coin_type: MoveType


class Holder(Wire, frozen=True):
    address: Address
    balance: Sum | None = None


class BalanceData(Wire, frozen=True):
    address: Holder


class Contents(Wire, frozen=True):
    bcs: str


class CoinObject(Wire, frozen=True):
    address: Address
    version: UInt53
    digest: Digest
    contents: Contents


class CoinPage(Wire, frozen=True):
    nodes: list[CoinObject]
    page_info: Page


class CoinHolder(Wire, frozen=True):
    address: Address
    objects: CoinPage


class CoinsData(Wire, frozen=True):
    address: CoinHolder


class Epoch(Wire, frozen=True):
    reference_gas_price: BigInt


class EpochData(Wire, frozen=True):
    epoch: Epoch


# ------------------------------------------------------------------ transactions


class Checkpoint(Wire, frozen=True):
    sequence_number: UInt53


class ProvenCheckpoint(Wire, frozen=True):
    sequence_number: UInt53
    digest: Digest


class GasSummary(Wire, frozen=True):
    computation_cost: UInt53
    storage_cost: UInt53
    storage_rebate: UInt53


class GasEffects(Wire, frozen=True):
    gas_summary: GasSummary


class Effects(Wire, frozen=True):
    """`status` is SUCCESS or FAILURE."""

    status: str
    checkpoint: ProvenCheckpoint | None
    gas_effects: GasEffects


class Seen(Wire, frozen=True):
    digest: Digest
    effects: Effects


class SeenData(Wire, frozen=True):
    transaction: Seen | None
    checkpoint: Checkpoint


class Change(Wire, frozen=True):
    amount: BigInt
    coin_type: MoveType
    owner: Named | None = None


class ChangePage(Wire, frozen=True):
    nodes: list[Change]
    page_info: Page


class ChangeEffects(Wire, frozen=True):
    status: str
    checkpoint: Checkpoint | None
    balance_changes: ChangePage


class Changed(Wire, frozen=True):
    """Without `sender` where the system itself made it."""

    digest: Digest
    transaction_bcs: str
    effects: ChangeEffects
    sender: Named | None = None


class ChangedData(Wire, frozen=True):
    transaction: Changed | None


class Found(Wire, frozen=True):
    digest: Digest


class FoundPage(Wire, frozen=True):
    nodes: list[Found]
    page_info: Page


class AffectedData(Wire, frozen=True):
    transactions: FoundPage


class TipData(Wire, frozen=True):
    checkpoint: Checkpoint


class Current(Wire, frozen=True):
    address: Address
    version: UInt53


class CurrentData(Wire, frozen=True):
    multi_get_objects: list[Current | None]


class Version(Wire, frozen=True):
    version: UInt53


class ObjectChange(Wire, frozen=True):
    address: Address
    input_state: Version | None


class ObjectChanges(Wire, frozen=True):
    nodes: list[ObjectChange]


class UserEffects(Wire, frozen=True):
    checkpoint: Checkpoint | None
    object_changes: ObjectChanges


class User(Wire, frozen=True):
    digest: Digest
    effects: UserEffects


class Successor(Wire, frozen=True):
    previous_transaction: User


class Successors(Wire, frozen=True):
    nodes: list[Successor]


class UserPage(Wire, frozen=True):
    nodes: list[User]


class UsersData(Wire, frozen=True):
    """`object_versions` has the next version, if there is one; `transactions` the newest users: one
    that is gone has no next version."""

    object_versions: Successors
    transactions: UserPage
    checkpoint: Checkpoint


class ExecutedEffects(Wire, frozen=True):
    digest: Digest


class Executed(Wire, frozen=True):
    effects: ExecutedEffects


class ExecutedData(Wire, frozen=True):
    execute_transaction: Executed
