"""The commands: what a user asks for, already read from its input and found well-formed."""

from dataclasses import dataclass

from domain.contracts.deposit_events import PaymentOffer, RejectedOffer
from domain.contracts.events import NetworkCost, Recipient
from domain.shared.ids import ActionId, TransactionId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWish:
    """`amount` (USDC base units, fees included) from one address to a recipient, at this cost."""

    sender_address: str
    recipient: Recipient
    amount: int
    network_cost: NetworkCost


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateSendCommand:
    """Begin a Send."""

    transaction_id: TransactionId
    username: str
    wish: SendWish
    memo: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateWithdrawCommand:
    """Begin a Withdraw to an external wallet; `wish` names its address as the recipient."""

    transaction_id: TransactionId
    username: str
    wish: SendWish


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateDepositCommand:
    """Begin a Deposit, or a Buy of `asset`: `fiat_amount` (hundredths), fees included, worth
    `usd_value` (millionths); `offers` the best first. With any of `methods` somebody takes it."""

    transaction_id: TransactionId
    username: str
    address: str
    fiat_amount: int
    fiat_currency: str
    usd_value: int
    payment_method: str
    country: str
    return_url: str
    asset: str
    offers: tuple[PaymentOffer, ...]
    rejected: tuple[RejectedOffer, ...]
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitSignatureCommand:
    """The user's answer to SIGN_TRANSACTION, verified, simulated and co-signed.

    `signed_transaction` is base64 of the co-signed bytes; `signature` the transaction's on chain.
    """

    action_id: ActionId
    signed_transaction: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTransactionCommand:
    """Stop a transaction before anything irreversible."""

    transaction_id: TransactionId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDepositCommand:
    """`amount` of an asset that reached a user's address, or token account (`account`), without a
    transaction of ours; `senders`: every address on the other side that the chain shows."""

    asset: str
    signature: str
    instruction: int
    account: str
    amount: int
    senders: tuple[str, ...] = ()
