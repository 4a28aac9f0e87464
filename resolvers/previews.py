"""Looks ahead: what a transaction would cost and bring, whatever its flow."""

from collections.abc import Awaitable

from domain.contracts.previews import Preview
from domain.contracts.services import BankWithdrawInput, SwapInput
from domain.shared.errors import DomainError, InvalidInput
from domain.shared.ids import UserId
from resolvers.ports import Money
from resolvers.wishes import (
    Asker,
    buy_of,
    deposit_of,
    launch_of,
    sell_of,
    send_of,
    stop_of,
    where_it_goes,
    withdraw_of,
)
from schema.inputs import (
    BuyPreviewInput,
    DepositPreviewInput,
    StrategyStopPreviewInput,
    TransactionPreviewInput,
    WithdrawPreviewInput,
)

_INPUT = "input."


async def look_ahead(money: Money, asker: Asker, given: TransactionPreviewInput) -> Preview:
    """Raises why it would be refused, about the field where it was given."""
    name, preview = _asked(money, asker, given)
    try:
        return await preview
    except DomainError as error:
        if error.field is not None and error.field.startswith(_INPUT):
            error.field = f"{_INPUT}{name}.{error.field.removeprefix(_INPUT)}"
        raise


def _asked(
    money: Money, asker: Asker, given: TransactionPreviewInput
) -> tuple[str, Awaitable[Preview]]:
    """The one that is asked for, by the name of its field."""
    if given.deposit:
        return "deposit", _deposit(money, asker, given.deposit)
    if given.withdraw:
        return "withdraw", _withdraw(money, asker, given.withdraw)
    if given.buy:
        return "buy", _buy(money, asker, given.buy)
    return _simple(money, asker.user_id, given)


def _simple(
    money: Money, user_id: UserId, given: TransactionPreviewInput
) -> tuple[str, Awaitable[Preview]]:
    if given.send:
        return "send", money.preview_send(user_id, send_of(given.send))
    if given.sell:
        return "sell", money.preview_sell(user_id, sell_of(given.sell))
    if given.strategy_launch:
        wish = launch_of(given.strategy_launch)
        return "strategyLaunch", money.preview_launch(user_id, wish)
    if given.strategy_stop:
        return "strategyStop", _stop(money, user_id, given.strategy_stop)
    raise InvalidInput(field="input")


async def _deposit(money: Money, asker: Asker, given: DepositPreviewInput) -> Preview:
    return await money.preview_deposit(asker.user_id, await deposit_of(asker, given))


async def _withdraw(money: Money, asker: Asker, given: WithdrawPreviewInput) -> Preview:
    wish = await withdraw_of(asker, given)
    if isinstance(wish, BankWithdrawInput):
        return await money.preview_payout(asker.user_id, wish)
    with where_it_goes(given.destination):
        return await money.preview_withdraw(asker.user_id, wish)


async def _buy(money: Money, asker: Asker, given: BuyPreviewInput) -> Preview:
    wish = await buy_of(asker, given)
    if isinstance(wish, SwapInput):
        return await money.preview_buy(asker.user_id, wish)
    return await money.preview_purchase(asker.user_id, wish)


async def _stop(money: Money, user_id: UserId, given: StrategyStopPreviewInput) -> Preview:
    return await money.preview_stop(user_id, stop_of(given))
