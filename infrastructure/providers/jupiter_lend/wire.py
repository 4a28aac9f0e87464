"""What Jupiter Lend's Earn API sends, as far as it is read here. Unknown members are ignored."""

from typing import Annotated

import msgspec

AmountText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,30}$")]


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class SupplyData(Wire, frozen=True):
    withdrawable: AmountText


class Token(Wire, frozen=True):
    """`address` is the mint of the lending token; amounts in base units. `total_rate` is text, and
    read for itself: a rate in another unit than described must not pass for one."""

    address: str
    name: str
    decimals: int
    asset_address: str
    total_assets: AmountText
    total_supply: AmountText
    total_rate: str
    liquidity_supply_data: SupplyData


class PositionToken(Wire, frozen=True):
    """Their examples leave the totals out."""

    address: str
    total_assets: AmountText | None = None
    total_supply: AmountText | None = None


class UserPosition(Wire, frozen=True):
    token: PositionToken
    owner_address: str
    shares: AmountText
    underlying_assets: AmountText


class DepositBody(Wire, frozen=True):
    asset: str
    signer: str
    amount: str


class RedeemBody(Wire, frozen=True):
    asset: str
    signer: str
    shares: str


class AccountMeta(Wire, frozen=True):
    pubkey: str
    is_signer: bool
    is_writable: bool


class Instruction(Wire, frozen=True):
    """`data` in base64."""

    program_id: str
    accounts: list[AccountMeta]
    data: str


class Failure(Wire, frozen=True):
    """The gateway in front says `message` and `code`."""

    error: str | None = None
    message: str | None = None
    code: int | str | None = None
