"""What a user may ask for: each answer carries a result or typed errors."""

from collections.abc import Awaitable, Callable

import strawberry

from domain.contracts.services import (
    BankAccountInput,
    BankWithdrawInput,
    DepositInput,
    LaunchStrategyInput,
    SendInput,
    StopStrategyInput,
    SwapInput,
    WithdrawInput,
)
from domain.shared.assets import USDC
from domain.shared.errors import DomainError, InvalidInput
from domain.shared.ids import ActionId, TransactionId, UserId
from resolvers.context import Info
from resolvers.ids import Kind, decode
from resolvers.queries import load_transaction
from resolvers.saved import SavedMutations
from schema.bank_account import BankAccount, BankAccountsPayload
from schema.errors import Error
from schema.fields import described
from schema.inputs import (
    AddBankAccountInput,
    CancelTransactionInput,
    InitiateBuyInput,
    InitiateDepositInput,
    InitiateSellInput,
    InitiateSendInput,
    InitiateStrategyLaunchInput,
    InitiateStrategyStopInput,
    InitiateWithdrawInput,
    PaymentSourceInput,
    RemoveBankAccountInput,
    SignInChallengeInput,
    SignInInput,
    SubmitUserActionInput,
    WithdrawDestinationInput,
)
from schema.payloads import SignInChallengePayload, SignInPayload, TransactionPayload
from schema.user import User


@strawberry.type
class Mutation(SavedMutations):
    @described("Begins a Send; the same key and input answer the same.")
    async def initiate_send(self, info: Info, input: InitiateSendInput) -> TransactionPayload:  # noqa: A002 (the API's name)
        wish = SendInput(
            amount=input.amount,
            recipient=input.recipient,
            memo=input.memo,
            idempotency_key=input.idempotency_key,
        )
        return await _answer(
            info, lambda viewer: info.context.ports.money.initiate_send(viewer, wish)
        )

    @described("Begins a Deposit; the user goes on at the page of its COMPLETE_PAYMENT action.")
    async def initiate_deposit(self, info: Info, input: InitiateDepositInput) -> TransactionPayload:  # noqa: A002 (the API's name)
        return await _answer(info, lambda viewer: _deposit(info, viewer, input))

    @described("Begins a Buy.")
    async def initiate_buy(self, info: Info, input: InitiateBuyInput) -> TransactionPayload:  # noqa: A002 (the API's name)
        return await _answer(info, lambda viewer: _buy(info, viewer, input))

    @described("Begins a Sell; the user signs the swap on the asset's own chain.")
    async def initiate_sell(self, info: Info, input: InitiateSellInput) -> TransactionPayload:  # noqa: A002 (the API's name)
        wish = SwapInput(
            asset=input.asset,
            amount=input.amount,
            max_slippage_percent=input.max_slippage_percent,
            idempotency_key=input.idempotency_key,
        )
        return await _answer(
            info, lambda viewer: info.context.ports.money.initiate_sell(viewer, wish)
        )

    @described("Puts USDC to work; the user signs the deposit.")
    async def initiate_strategy_launch(
        self,
        info: Info,
        input: InitiateStrategyLaunchInput,  # noqa: A002 (the API's name)
    ) -> TransactionPayload:
        wish = LaunchStrategyInput(
            strategy_id=input.strategy_id,
            amount=input.amount,
            idempotency_key=input.idempotency_key,
        )
        return await _answer(
            info, lambda viewer: info.context.ports.money.launch_strategy(viewer, wish)
        )

    @described("Closes a position whole; the user signs the redemption.")
    async def initiate_strategy_stop(
        self,
        info: Info,
        input: InitiateStrategyStopInput,  # noqa: A002 (the API's name)
    ) -> TransactionPayload:
        return await _answer(info, lambda viewer: _stop(info, viewer, input))

    @described("Begins a Withdraw; the user signs the transfer.")
    async def initiate_withdraw(
        self,
        info: Info,
        input: InitiateWithdrawInput,  # noqa: A002 (the API's name)
    ) -> TransactionPayload:
        return await _answer(info, lambda viewer: _withdraw(info, viewer, input))

    @described("Adds a bank account to withdraw to.")
    async def add_bank_account(
        self,
        info: Info,
        input: AddBankAccountInput,  # noqa: A002 (the API's name)
    ) -> BankAccountsPayload:
        wish = BankAccountInput(
            owner_name=input.owner_name,
            currency=input.currency,
            country=input.country,
            rail=input.rail,
            details={detail.name: detail.value for detail in input.details},
            idempotency_key=input.idempotency_key,
        )
        money = info.context.ports.money
        return await _banks(info, lambda viewer: money.add_bank_account(viewer, wish))

    @described("Removes a bank account; what is under way to it goes on.")
    async def remove_bank_account(
        self,
        info: Info,
        input: RemoveBankAccountInput,  # noqa: A002 (the API's name)
    ) -> BankAccountsPayload:
        return await _banks(info, lambda viewer: _remove_bank_account(info, viewer, input))

    @described("Hands in what the user signed.")
    async def submit_user_action(
        self,
        info: Info,
        input: SubmitUserActionInput,  # noqa: A002 (the API's name)
    ) -> TransactionPayload:
        return await _answer(info, lambda viewer: _submit(info, viewer, input))

    @described("Stops a transaction before anything irreversible.")
    async def cancel_transaction(
        self,
        info: Info,
        input: CancelTransactionInput,  # noqa: A002 (the API's name)
    ) -> TransactionPayload:
        return await _answer(info, lambda viewer: _cancel(info, viewer, input))

    @described("A text to sign with the wallet: the first half of signing in.")
    async def sign_in_challenge(
        self,
        info: Info,
        input: SignInChallengeInput,  # noqa: A002 (the API's name)
    ) -> SignInChallengePayload:
        try:
            challenge = await info.context.ports.sign_in.challenge(input.address)
        except DomainError as error:
            return SignInChallengePayload(errors=_typed(info, error))
        return SignInChallengePayload(message=challenge.message, expires_at=challenge.expires_at)

    @described("A bearer token for a signed challenge, once.")
    async def sign_in(self, info: Info, input: SignInInput) -> SignInPayload:  # noqa: A002 (the API's name)
        context = info.context
        try:
            session = await context.ports.sign_in.exchange(
                message=input.message, signature=input.signature
            )
        except DomainError as error:
            return SignInPayload(errors=_typed(info, error))
        user = await context.users.load(session.user_id)
        return SignInPayload(
            token=session.token,
            expires_at=session.expires_at,
            user=None if user is None else User.of(user),
        )


async def _submit(info: Info, user_id: UserId, answer: SubmitUserActionInput) -> TransactionId:
    key = decode(Kind.USER_ACTION, answer.action_id, field="input.actionId")
    return await info.context.ports.money.submit(user_id, ActionId(key), answer.signed_transaction)


async def _deposit(info: Info, user_id: UserId, wish: InitiateDepositInput) -> TransactionId:
    method, provider = await _method(info, user_id, wish, within="input")
    paid = DepositInput(
        amount=wish.amount,
        currency=wish.currency,
        payment_method=method,
        provider=provider,
        return_url=wish.return_url,
        idempotency_key=wish.idempotency_key,
    )
    return await info.context.ports.money.initiate_deposit(user_id, paid)


async def _method(
    info: Info, user_id: UserId, paid: InitiateDepositInput | PaymentSourceInput, *, within: str
) -> tuple[str, str | None]:
    """How it is paid, and the provider that knows the payment method already."""
    if (paid.payment_method is None) is (paid.payment_method_id is None):
        raise InvalidInput(code="VAL_PAYMENT_METHOD", field=f"{within}.paymentMethod")
    if paid.payment_method_id is None:
        return paid.payment_method or "", None
    field = f"{within}.paymentMethodId"
    key = decode(Kind.PAYMENT_METHOD, paid.payment_method_id, field=field)
    saved = await info.context.ports.saved.payment_method(user_id, key, field=field)
    return saved.payment_method, saved.provider


async def _buy(info: Info, user_id: UserId, wish: InitiateBuyInput) -> TransactionId:
    money, available, payment = info.context.ports.money, wish.source.available, wish.source.payment
    if available:
        swap = SwapInput(
            asset=wish.asset,
            amount=available.amount,
            max_slippage_percent=available.max_slippage_percent,
            idempotency_key=wish.idempotency_key,
        )
        return await money.initiate_buy(user_id, swap)
    if not payment or wish.asset == USDC.symbol:
        raise InvalidInput(code="VAL_ASSET_UNTRADED", field="input.asset")
    method, provider = await _method(info, user_id, payment, within="input.source.payment")
    paid = DepositInput(
        asset=wish.asset,
        amount=payment.amount,
        currency=payment.currency,
        payment_method=method,
        provider=provider,
        return_url=payment.return_url,
        idempotency_key=wish.idempotency_key,
    )
    return await money.buy_with_payment(user_id, paid)


async def _withdraw(info: Info, user_id: UserId, wish: InitiateWithdrawInput) -> TransactionId:
    money, bank = info.context.ports.money, wish.destination.bank_account
    if bank:
        field = "input.destination.bankAccount.id"
        paid = BankWithdrawInput(
            bank_account_id=decode(Kind.BANK_ACCOUNT, bank.id, field=field),
            amount=wish.amount,
            idempotency_key=wish.idempotency_key,
        )
        return await money.withdraw_to_bank(user_id, paid)
    address, chain = await _external(info, user_id, wish.destination)
    sent = WithdrawInput(
        amount=wish.amount,
        asset=wish.asset,
        address=address,
        chain=chain,
        idempotency_key=wish.idempotency_key,
    )
    return await money.initiate_withdraw(user_id, sent)


async def _external(
    info: Info, user_id: UserId, destination: WithdrawDestinationInput
) -> tuple[str, str]:
    """An address outside of the platform, and its chain."""
    if destination.saved_address:
        field = "input.destination.savedAddress.id"
        key = decode(Kind.SAVED_ADDRESS, destination.saved_address.id, field=field)
        saved = await info.context.ports.saved.address(user_id, key, field=field)
        return saved.address, saved.chain
    wallet = destination.external_wallet
    return (wallet.address, wallet.chain) if wallet else ("", "")


async def _remove_bank_account(info: Info, user_id: UserId, wish: RemoveBankAccountInput) -> None:
    key = decode(Kind.BANK_ACCOUNT, wish.id, field="input.id")
    await info.context.ports.money.remove_bank_account(user_id, key)


async def _banks(info: Info, doing: Callable[[UserId], Awaitable[object]]) -> BankAccountsPayload:
    """The viewer's bank accounts after what was done; or why it was not."""
    try:
        viewer = await info.context.viewer()
        await doing(viewer.id)
    except DomainError as error:
        return BankAccountsPayload(errors=_typed(info, error))
    views = await info.context.ports.money.bank_accounts(viewer.wallet_id)
    return BankAccountsPayload(bank_accounts=[BankAccount.of(view) for view in views])


async def _stop(info: Info, user_id: UserId, wish: InitiateStrategyStopInput) -> TransactionId:
    key = decode(Kind.POSITION, wish.position_id, field="input.positionId")
    stop = StopStrategyInput(position_id=key, idempotency_key=wish.idempotency_key)
    return await info.context.ports.money.stop_strategy(user_id, stop)


async def _cancel(info: Info, user_id: UserId, wish: CancelTransactionInput) -> TransactionId:
    key = decode(Kind.TRANSACTION, wish.id, field="input.id")
    return await info.context.ports.money.cancel(user_id, TransactionId(key))


async def _answer(
    info: Info, doing: Callable[[UserId], Awaitable[TransactionId]]
) -> TransactionPayload:
    """What was done for the viewer, read anew; or why not."""
    try:
        transaction_id = await doing((await info.context.viewer()).id)
    except DomainError as error:
        return TransactionPayload(errors=_typed(info, error))
    finally:
        info.context.renew()
    return TransactionPayload(transaction=await load_transaction(transaction_id, info))


def _typed(info: Info, error: DomainError) -> list[Error]:
    return [Error.of(info.context.explain_error(error))]
