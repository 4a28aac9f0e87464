"""What LI.FI's API v1 sends, as far as it is read here.

Unknown members are ignored. JSON numbers are read as Decimal: no float is ever made of one.
"""

from decimal import Decimal
from typing import Annotated

import msgspec

# Wei of a large amount have more digits than 64 bits hold.
AmountText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,40}$")]


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Token(Wire, frozen=True):
    address: str
    chain_id: Decimal
    symbol: str
    decimals: int


class Action(Wire, frozen=True):
    from_chain_id: Decimal
    to_chain_id: Decimal
    from_amount: AmountText
    from_token: Token
    to_token: Token
    from_address: str | None = None
    to_address: str | None = None


class FeeCost(Wire, frozen=True):
    """`included`: taken out of the amount that is sent."""

    name: str
    token: Token
    included: bool
    amount: AmountText = "0"


class GasCost(Wire, frozen=True):
    token: Token
    amount: AmountText


class Estimate(Wire, frozen=True):
    from_amount: AmountText
    to_amount: AmountText
    to_amount_min: AmountText
    execution_duration: Decimal
    approval_address: str = ""
    fee_costs: list[FeeCost] = []
    gas_costs: list[GasCost] = []


class TransactionRequest(Wire, frozen=True, omit_defaults=True):
    """Solana and Sui: `data` alone, in base64. Bitcoin: `data` a PSBT in hex. Ethereum: a call,
    its numbers in hex."""

    data: str
    to: str | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    value: str | None = None
    gas_limit: str | None = None
    chain_id: int | None = None


class IncludedStep(Wire, frozen=True):
    tool: str


class Step(Wire, frozen=True):
    id: str
    tool: str
    action: Action
    estimate: Estimate
    included_steps: list[IncludedStep] = []
    transaction_request: TransactionRequest | None = None


class Transfer(Wire, frozen=True):
    """One end of a transfer; before it is seen most of it is missing."""

    tx_hash: str | None = None
    amount: AmountText | None = None
    token: Token | None = None
    chain_id: Decimal | None = None


class Status(Wire, frozen=True):
    status: str
    substatus: str | None = None
    sending: Transfer | None = None
    receiving: Transfer | None = None
    from_address: str | None = None
    to_address: str | None = None


class ToolError(Wire, frozen=True):
    code: str = ""
    message: str = ""


class FailedPath(Wire, frozen=True):
    subpaths: dict[str, list[ToolError]] = {}


class Unavailable(Wire, frozen=True):
    failed: list[FailedPath] = []


class Failure(Wire, frozen=True):
    """`code` is one of the numbers 1000 to 1013; `errors` says why each tool refused, either as
    a list of tools' errors or as paths that failed."""

    message: str = ""
    code: int | None = None
    errors: msgspec.Raw = msgspec.Raw(b"null")
