"""What Kamino's public and transactions API send, as far as it is read here.

Unknown members are ignored. Numbers come as text or as JSON numbers, which are read as Decimal:
no float is ever made of one.
"""

from decimal import Decimal
from typing import Annotated

import msgspec

WholeText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,40}$")]
DecimalText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,40}(\.[0-9]{1,80})?$")]
# A yield may be negative or tiny: "-0.01", "1e-9".
RateText = Annotated[
    str, msgspec.Meta(pattern=r"^-?[0-9]{1,20}(\.[0-9]{1,80})?([eE][+-]?[0-9]{1,2})?$")
]
Decimals = Annotated[int, msgspec.Meta(ge=0, le=18)]


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class VaultState(Wire, frozen=True):
    """`min_deposit_amount` in base units. The penalties are not in Kamino's description."""

    token_mint: str
    token_mint_decimals: Decimals
    shares_mint: str
    shares_mint_decimals: Decimals
    min_deposit_amount: DecimalText
    name: str
    withdrawal_penalty_bps: WholeText | int = 0
    withdrawal_penalty_lamports: WholeText | int = 0


class Vault(Wire, frozen=True):
    address: str
    state: VaultState


class Metrics(Wire, frozen=True):
    """Amounts in whole tokens."""

    apy: RateText
    tokens_available: DecimalText
    tokens_invested: DecimalText
    tokens_per_share: DecimalText


class Shares(Wire, frozen=True):
    """In whole shares."""

    vault_address: str
    staked_shares: DecimalText
    unstaked_shares: DecimalText
    total_shares: DecimalText


class Move(Wire, frozen=True):
    """A deposit or a withdrawal of a wallet."""

    created_on: str
    instruction: str
    kvault: str


class AmountBody(Wire, frozen=True):
    wallet: str
    kvault: str
    amount: str


class Signer(Wire, frozen=True):
    address: str


class Account(Wire, frozen=True):
    address: str
    role: str
    signer: Signer | None = None


class Instruction(Wire, frozen=True):
    """`data` in base64."""

    program_address: str
    accounts: list[Account]
    data: str | None


class Instructions(Wire, frozen=True):
    instructions: list[Instruction]
    luts_by_address: dict[str, list[str]]


class Failure(Wire, frozen=True):
    """The public API says `error` or `metadata`, that of transactions `message` and `code`."""

    error: str | None = None
    metadata: str | None = None
    message: str | None = None
    code: str | None = None
    status_code: Decimal | None = None
