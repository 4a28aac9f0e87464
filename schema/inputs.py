"""What mutations and the preview take."""

from typing import Final

import strawberry

QUOTE: Final = "As a preview gave it: the transaction begins by the terms that it showed, or not."


@strawberry.input(description="A Send. To be looked at first.")
class SendPreviewInput:
    amount: str = strawberry.field(description="USDC as a decimal string, fees included.")
    recipient: str = strawberry.field(description="@username or a Solana address.")
    memo: str | None = strawberry.field(default=None, description="Public: it is put on the chain.")


@strawberry.input(description="A Send.")
class InitiateSendInput(SendPreviewInput):
    quote_id: strawberry.ID | None = strawberry.field(default=None, description=QUOTE)
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one for each wish: the same key never sends twice."
    )


@strawberry.input(description="Money to pay in; it arrives as USDC. To be looked at first.")
class DepositPreviewInput:
    amount: str = strawberry.field(
        description="What the user pays, as a decimal string of the currency, fees included."
    )
    currency: str = strawberry.field(default="USD", description="USD, EUR, GBP or BRL.")
    payment_method: str | None = strawberry.field(
        default=None,
        description="CARD, APPLE_PAY, GOOGLE_PAY, BANK or PAYPAL; or paymentMethodId instead.",
    )
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="One that was saved: the provider that knows it is preferred.",
    )
    return_url: str | None = strawberry.field(
        default=None, description="Where the payment page leads back to: an https address."
    )


@strawberry.input(description="Money to pay in; it arrives as USDC.")
class InitiateDepositInput(DepositPreviewInput):
    quote_id: strawberry.ID | None = strawberry.field(default=None, description=QUOTE)
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one for each wish: the same key never pays twice."
    )


@strawberry.input(description="Available pays: a swap on the chain that the user signs.")
class AvailableSourceInput:
    amount: str = strawberry.field(description="USDC as a decimal string, fees included.")
    max_slippage_percent: str | None = strawberry.field(
        default=None, description="How much less than quoted may arrive, such as 0.5."
    )


@strawberry.input(description="A provider is paid, and delivers the asset to the user's address.")
class PaymentSourceInput:
    amount: str = strawberry.field(
        description="What the user pays, as a decimal string of the currency, fees included."
    )
    currency: str = strawberry.field(default="USD", description="USD, EUR, GBP or BRL.")
    payment_method: str | None = strawberry.field(
        default=None,
        description="CARD, APPLE_PAY, GOOGLE_PAY, BANK or PAYPAL; or paymentMethodId instead.",
    )
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="One that was saved: the provider that knows it is preferred.",
    )
    return_url: str | None = strawberry.field(
        default=None, description="Where the payment page leads back to: an https address."
    )


@strawberry.input(one_of=True, description="What a Buy is paid with: exactly one of these.")
class BuySourceInput:
    available: AvailableSourceInput | None = strawberry.UNSET
    payment: PaymentSourceInput | None = strawberry.UNSET


@strawberry.input(description="An asset to buy. To be looked at first.")
class BuyPreviewInput:
    asset: str = strawberry.field(description="BTC, ETH, SOL, SUI, PAXG or XAUT.")
    source: BuySourceInput


@strawberry.input(description="An asset to buy.")
class InitiateBuyInput(BuyPreviewInput):
    quote_id: strawberry.ID | None = strawberry.field(default=None, description=QUOTE)
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one for each wish: the same key never buys twice."
    )


@strawberry.input(description="An asset to sell; it becomes USDC. To be looked at first.")
class SellPreviewInput:
    asset: str = strawberry.field(description="BTC, ETH, SOL, SUI, PAXG or XAUT.")
    amount: str = strawberry.field(description="A decimal string of the asset.")
    max_slippage_percent: str | None = strawberry.field(
        default=None, description="How much less than quoted may arrive, such as 0.5."
    )


@strawberry.input(description="An asset to sell; it becomes USDC.")
class InitiateSellInput(SellPreviewInput):
    quote_id: strawberry.ID | None = strawberry.field(default=None, description=QUOTE)
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one for each wish: the same key never sells twice."
    )


@strawberry.input(description="A strategy to put USDC to work in. To be looked at first.")
class StrategyLaunchPreviewInput:
    strategy_id: str = strawberry.field(description="As the catalogue names it.")
    amount: str = strawberry.field(description="USDC as a decimal string, fees included.")


@strawberry.input(description="A strategy to put USDC to work in.")
class InitiateStrategyLaunchInput(StrategyLaunchPreviewInput):
    quote_id: strawberry.ID | None = strawberry.field(default=None, description=QUOTE)
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one for each wish: the same key never launches twice."
    )


@strawberry.input(description="A position to close; only whole ones are. To be looked at first.")
class StrategyStopPreviewInput:
    position_id: strawberry.ID


@strawberry.input(description="A position to close; only whole ones are.")
class InitiateStrategyStopInput(StrategyStopPreviewInput):
    quote_id: strawberry.ID | None = strawberry.field(default=None, description=QUOTE)
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one for each wish: the same key never stops twice."
    )


@strawberry.input(description="A wallet that is not of this platform.")
class ExternalWalletInput:
    address: str
    chain: str | None = strawberry.field(
        default=None, description="The chain of the address; by default that of what arrives there."
    )


@strawberry.input(description="A bank account that was added before.")
class BankDestinationInput:
    id: strawberry.ID


@strawberry.input(description="An address that was saved before.")
class SavedAddressDestinationInput:
    id: strawberry.ID


@strawberry.input(one_of=True, description="Where a Withdraw goes: exactly one of these.")
class WithdrawDestinationInput:
    bank_account: BankDestinationInput | None = strawberry.UNSET
    external_wallet: ExternalWalletInput | None = strawberry.UNSET
    saved_address: SavedAddressDestinationInput | None = strawberry.UNSET


@strawberry.input(description="Money to take out of the platform. To be looked at first.")
class WithdrawPreviewInput:
    amount: str = strawberry.field(description="A decimal string, fees included.")
    asset: str = strawberry.field(default="USDC", description="What is taken out.")
    target_asset: str | None = strawberry.field(
        default=None,
        description="What arrives, if something else than is taken out: it is bought with that.",
    )
    max_slippage_percent: str | None = strawberry.field(
        default=None, description="How much less than quoted may arrive, such as 0.5."
    )
    destination: WithdrawDestinationInput


@strawberry.input(description="Money to take out of the platform.")
class InitiateWithdrawInput(WithdrawPreviewInput):
    quote_id: strawberry.ID | None = strawberry.field(default=None, description=QUOTE)
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one for each wish: the same key never pays twice."
    )


@strawberry.input(one_of=True, description="What to look at before it is asked for: one of these.")
class TransactionPreviewInput:
    send: SendPreviewInput | None = strawberry.UNSET
    deposit: DepositPreviewInput | None = strawberry.UNSET
    withdraw: WithdrawPreviewInput | None = strawberry.UNSET
    buy: BuyPreviewInput | None = strawberry.UNSET
    sell: SellPreviewInput | None = strawberry.UNSET
    strategy_launch: StrategyLaunchPreviewInput | None = strawberry.UNSET
    strategy_stop: StrategyStopPreviewInput | None = strawberry.UNSET


@strawberry.input(description="One line of what a bank account is known by.")
class BankDetailInput:
    name: str = strawberry.field(description="account_number, routing_number, iban, pix_key, …")
    value: str


@strawberry.input(
    description="A bank account of the user's. It goes to the providers; here it is not kept."
)
class AddBankAccountInput:
    owner_name: str
    currency: str = strawberry.field(description="USD, EUR, GBP or BRL.")
    country: str = strawberry.field(description="ISO 3166 alpha-2.")
    rail: str = strawberry.field(description="ACH, WIRE, SEPA, FASTER_PAYMENTS or PIX.")
    details: list[BankDetailInput]
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one for each account: the same key adds it once."
    )


@strawberry.input
class RemoveBankAccountInput:
    id: strawberry.ID


@strawberry.input(
    description="The user's answer: to SIGN_TRANSACTION what they signed, to a choice its option."
)
class SubmitUserActionInput:
    action_id: strawberry.ID
    signed_transaction: str | None = strawberry.field(
        default=None, description="Base64 of what the action's format says."
    )
    option: str | None = strawberry.field(
        default=None, description="The name of one of the action's options."
    )


@strawberry.input
class CancelTransactionInput:
    id: strawberry.ID


@strawberry.input
class SignInChallengeInput:
    address: str = strawberry.field(description="The Solana address that will sign.")


@strawberry.input
class SignInInput:
    message: str = strawberry.field(description="The challenge's message, unchanged.")
    signature: str = strawberry.field(description="Base58 or base64 of the 64 bytes.")
