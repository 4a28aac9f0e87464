"""What Jupiter's Swap API V2 and Price API V3 send, as far as it is read here.

Unknown members are ignored. JSON numbers are read as Decimal: no float is ever made of one.
"""

from decimal import Decimal
from typing import Annotated

import msgspec

AmountText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")]


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class AccountMeta(Wire, frozen=True):
    pubkey: str
    is_writable: bool
    is_signer: bool


class Instruction(Wire, frozen=True):
    """`data` in base64."""

    program_id: str
    accounts: list[AccountMeta]
    data: str


class SwapInfo(Wire, frozen=True):
    label: str


class RouteStep(Wire, frozen=True):
    swap_info: SwapInfo


class Quoted(Wire, frozen=True):
    """What `/order` and `/build` say alike."""

    input_mint: str
    output_mint: str
    in_amount: AmountText
    out_amount: AmountText
    other_amount_threshold: AmountText
    slippage_bps: Decimal
    route_plan: list[RouteStep]


class Build(Quoted, frozen=True):
    swap_instruction: Instruction
    compute_budget_instructions: list[Instruction] = []
    setup_instructions: list[Instruction] = []
    other_instructions: list[Instruction] = []
    cleanup_instruction: Instruction | None = None
    tip_instruction: Instruction | None = None
    addresses_by_lookup_table_address: dict[str, list[str]] | None = None


class PlatformFee(Wire, frozen=True):
    amount: AmountText | None = None
    fee_mint: str | None = None


class Order(Quoted, frozen=True):
    """`transaction` in base64; empty with an error's code when it could not be made."""

    request_id: str
    transaction: str | None = None
    taker: str | None = None
    router: str = ""
    last_valid_block_height: str | None = None
    platform_fee: PlatformFee | None = None
    signature_fee_lamports: Decimal = Decimal(0)
    signature_fee_payer: str | None = None
    prioritization_fee_lamports: Decimal = Decimal(0)
    prioritization_fee_payer: str | None = None
    rent_fee_lamports: Decimal = Decimal(0)
    rent_fee_payer: str | None = None
    error_code: Decimal | None = None
    error_message: str | None = None


class ExecuteBody(Wire, frozen=True):
    signed_transaction: str
    request_id: str


class Executed(Wire, frozen=True):
    status: str
    signature: str | None = None
    code: Decimal | None = None
    error: str | None = None
    total_input_amount: AmountText | None = None


class Failure(Wire, frozen=True):
    """Some endpoints say `error`, the gateway in front of them says `message`."""

    error: str | None = None
    message: str | None = None
    code: Decimal | None = None


class TokenPrice(Wire, frozen=True):
    usd_price: Decimal
