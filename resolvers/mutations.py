"""What a user may ask for: each answer carries a result or typed errors."""

from collections.abc import Awaitable, Callable

import strawberry

from domain.contracts.services import BankAccountInput, BankWithdrawInput, SwapInput
from domain.shared.errors import DomainError, InvalidInput
from domain.shared.ids import ActionId, TransactionId, UserId
from resolvers.context import Info
from resolvers.ids import Kind, decode
from resolvers.saved import SavedMutations
from resolvers.wishes import (
    Asker,
    binding,
    buy_of,
    deposit_of,
    launch_of,
    sell_of,
    send_of,
    stop_of,
    where_it_goes,
    withdraw_of,
)
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
    RemoveBankAccountInput,
    SignInChallengeInput,
    SignInInput,
    SubmitUserActionInput,
)
from schema.payloads import SignInChallengePayload, SignInPayload, TransactionPayload
from schema.user import User


@strawberry.type
class Mutation(SavedMutations):
    @described("Begins a Send; the same key and input answer the same.")
    async def initiate_send(self, info: Info, input: InitiateSendInput) -> TransactionPayload:  # noqa: A002 (the API's name)
        money = info.context.ports.money
        return await _answer(
            info, lambda viewer: money.initiate_send(viewer, send_of(input, binding(input)))
        )

    @described("Begins a Deposit; the user goes on at the page of its COMPLETE_PAYMENT action.")
    async def initiate_deposit(self, info: Info, input: InitiateDepositInput) -> TransactionPayload:  # noqa: A002 (the API's name)
        return await _answer(info, lambda viewer: _deposit(info, viewer, input))

    @described("Begins a Buy.")
    async def initiate_buy(self, info: Info, input: InitiateBuyInput) -> TransactionPayload:  # noqa: A002 (the API's name)
        return await _answer(info, lambda viewer: _buy(info, viewer, input))

    @described("Begins a Sell; the user signs the swap on the asset's own chain.")
    async def initiate_sell(self, info: Info, input: InitiateSellInput) -> TransactionPayload:  # noqa: A002 (the API's name)
        money = info.context.ports.money
        return await _answer(
            info, lambda viewer: money.initiate_sell(viewer, sell_of(input, binding(input)))
        )

    @described("Puts USDC to work; the user signs the deposit.")
    async def initiate_strategy_launch(
        self,
        info: Info,
        input: InitiateStrategyLaunchInput,  # noqa: A002 (the API's name)
    ) -> TransactionPayload:
        money = info.context.ports.money
        return await _answer(
            info, lambda viewer: money.launch_strategy(viewer, launch_of(input, binding(input)))
        )

    @described("Closes a position whole; the user signs the redemption.")
    async def initiate_strategy_stop(
        self,
        info: Info,
        input: InitiateStrategyStopInput,  # noqa: A002 (the API's name)
    ) -> TransactionPayload:
        money = info.context.ports.money
        return await _answer(
            info, lambda viewer: money.stop_strategy(viewer, stop_of(input, binding(input)))
        )

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

    @described("Hands in what the user signed, or what they chose.")
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
    money, option = info.context.ports.money, answer.option
    if (answer.signed_transaction is None) is (option is None):
        raise InvalidInput(code="VAL_SIGNED_TRANSACTION", field="input.signedTransaction")
    if option is not None:
        return await money.choose(user_id, ActionId(key), option)
    return await money.submit(user_id, ActionId(key), answer.signed_transaction or "")


async def _deposit(info: Info, user_id: UserId, given: InitiateDepositInput) -> TransactionId:
    wish = await deposit_of(_asker(info, user_id), given, binding(given))
    return await info.context.ports.money.initiate_deposit(user_id, wish)


async def _buy(info: Info, user_id: UserId, given: InitiateBuyInput) -> TransactionId:
    wish = await buy_of(_asker(info, user_id), given, binding(given))
    money = info.context.ports.money
    if isinstance(wish, SwapInput):
        return await money.initiate_buy(user_id, wish)
    return await money.buy_with_payment(user_id, wish)


async def _withdraw(info: Info, user_id: UserId, given: InitiateWithdrawInput) -> TransactionId:
    wish = await withdraw_of(_asker(info, user_id), given, binding(given))
    money = info.context.ports.money
    if isinstance(wish, BankWithdrawInput):
        return await money.withdraw_to_bank(user_id, wish)
    with where_it_goes(given.destination):
        return await money.initiate_withdraw(user_id, wish)


def _asker(info: Info, user_id: UserId) -> Asker:
    return Asker(user_id=user_id, saved=info.context.ports.saved)


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


async def _cancel(info: Info, user_id: UserId, wish: CancelTransactionInput) -> TransactionId:
    key = decode(Kind.TRANSACTION, wish.id, field="input.id")
    return await info.context.ports.money.cancel(user_id, TransactionId(key))


async def _answer(
    info: Info, doing: Callable[[UserId], Awaitable[TransactionId]]
) -> TransactionPayload:
    """What was done for the viewer; or why not."""
    context = info.context
    try:
        await context.wallet_id()
        transaction_id = await doing(context.user_id())
    except DomainError as error:
        return TransactionPayload(errors=_typed(info, error))
    finally:
        context.renew()
    return TransactionPayload(key=transaction_id)


def _typed(info: Info, error: DomainError) -> list[Error]:
    return [Error.of(info.context.explain_error(error))]
