"""What the DLN API v1.0 sends, as far as it is read here.

Unknown members are ignored. JSON numbers are read as Decimal: no float is ever made of one.
"""

from decimal import Decimal
from typing import Annotated

import msgspec

AmountText = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,40}$")]
OrderId = Annotated[str, msgspec.Meta(pattern=r"^0x[0-9a-fA-F]{64}$")]


class Wire(msgspec.Struct, frozen=True, rename="camel"):
    pass


class Token(Wire, frozen=True):
    address: str
    chain_id: int
    decimals: int
    amount: AmountText


class CostPayload(Wire, frozen=True):
    fee_amount: AmountText | None = None


class Cost(Wire, frozen=True):
    """`token_in` on `chain` is what the cost is taken out of."""

    type: str
    chain: str
    token_in: str
    payload: CostPayload = CostPayload()


class Estimation(Wire, frozen=True):
    src_chain_token_in: Token
    dst_chain_token_out: Token
    costs_details: list[Cost] = []


class Transaction(Wire, frozen=True, omit_defaults=True):
    """Solana: `data` alone, a versioned transaction in hex. Ethereum: a call."""

    data: str
    to: str | None = None
    value: AmountText | None = None


class OrderDetails(Wire, frozen=True):
    approximate_fulfillment_delay: Decimal | None = None


class CreatedTransaction(Wire, frozen=True):
    """`fix_fee` in the source chain's own asset."""

    estimation: Estimation
    tx: Transaction
    order_id: OrderId
    order: OrderDetails = OrderDetails()
    fix_fee: AmountText | None = None


class OrderStatus(Wire, frozen=True):
    status: str
    order_id: OrderId | None = None


class OrderIds(Wire, frozen=True):
    order_ids: list[OrderId]


class HashText(Wire, frozen=True):
    string_value: str


class EventMetadata(Wire, frozen=True):
    """The transaction in which something happened to an order."""

    transaction_hash: HashText | None = None


class OrderHistory(Wire, frozen=True):
    """What the statistics tell of an order: where it was fulfilled, where it was given back."""

    fulfilled_dst_event_metadata: EventMetadata | None = None
    claimed_order_cancel_src_event_metadata: EventMetadata | None = None


class SupportedChains(Wire, frozen=True):
    chains: list[dict[str, object]]


class Failure(Wire, frozen=True):
    error_code: int | None = None
    error_id: str = ""
    error_message: str = ""
