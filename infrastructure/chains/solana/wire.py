"""What Solana's JSON-RPC sends, as far as it is read here; these types never leave the adapter.

Source: solana.com/docs/rpc/http. Unknown members are ignored: nodes add them between versions.
"""

from typing import Generic, Literal, TypeVar

import msgspec

Commitment = Literal["processed", "confirmed", "finalized"]
Value = TypeVar("Value")


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Failure(Wire, frozen=True):
    code: int
    message: str
    data: object = None


class Answer(Wire, frozen=True):
    """`result` stays raw until the method says what it is."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Failure | None = None


class Context(Wire, frozen=True):
    slot: int


class Contextual(Wire, Generic[Value], frozen=True):
    context: Context
    value: Value


class LatestBlockhash(Wire, frozen=True):
    blockhash: str
    last_valid_block_height: int


class AccountData(Wire, frozen=True):
    """`data` is a pair of base64 text and the word base64."""

    owner: str
    lamports: int
    data: tuple[str, str]
    executable: bool = False


class TokenAmount(Wire, frozen=True):
    amount: str
    decimals: int


class SignatureStatus(Wire, frozen=True):
    slot: int
    confirmations: int | None = None
    confirmation_status: Commitment | None = None
    err: object = None


class Simulation(Wire, frozen=True):
    err: object = None
    logs: list[str] | None = None
    units_consumed: int | None = None
    accounts: list[AccountData | None] | None = None


class TokenBalance(Wire, frozen=True):
    account_index: int
    mint: str
    ui_token_amount: TokenAmount
    owner: str | None = None


class LoadedAddresses(Wire, frozen=True):
    writable: list[str] = []
    readonly: list[str] = []


class TransactionMeta(Wire, frozen=True):
    """Balances are in lamports, in the order of the message's accounts: the fee payer is first."""

    fee: int
    pre_balances: list[int]
    post_balances: list[int]
    err: object = None
    pre_token_balances: list[TokenBalance] | None = None
    post_token_balances: list[TokenBalance] | None = None
    loaded_addresses: LoadedAddresses | None = None


class TransactionRecord(Wire, frozen=True):
    """`transaction` is a pair of base64 text and the word base64."""

    slot: int
    transaction: tuple[str, str]
    meta: TransactionMeta | None = None
    block_time: int | None = None


class SignatureInfo(Wire, frozen=True):
    """`block_time` in Unix seconds, where the node knows it."""

    signature: str
    slot: int
    block_time: int | None = None
    err: object = None
    confirmation_status: Commitment | None = None


class EpochInfo(Wire, frozen=True):
    absolute_slot: int
    block_height: int
