"""What an opening promises its user, and what they are warned of before they begin."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain.contracts.commands import InitiateWithdrawCommand
from domain.contracts.envelope import EventPayload
from domain.contracts.previews import FEE_DUE, Notice, Preview, Promise
from domain.contracts.views import PartyView
from domain.shared.ids import UserId
from domain.shared.money import TransactionFee
from domain.transaction.handlers import initiate_send, initiate_withdraw
from domain.transaction.payouts import withdraw_to_bank
from domain.transaction.promises import notices_of, promise_of
from domain.transaction.strategies import launch_strategy, stop_strategy
from domain.transaction.swaps import initiate_buy, initiate_sell
from tests.unit.domain.payout.test_payouts import COMMAND as PAYING_OUT
from tests.unit.domain.send.journey import FACTS, FIGURES, TRANSACTION
from tests.unit.domain.send.journey import command as sending
from tests.unit.domain.strategy.test_strategies import LAUNCHING, STOPPING, TERMS
from tests.unit.domain.swap.test_swaps import BUYING, SELLING

SENT = initiate_send(sending(), spendable=100_000_000, facts=FACTS).events[0]
BOUGHT = initiate_buy(BUYING, FACTS).events[0]
SOLD = initiate_sell(SELLING, FACTS).events[0]
PAID_OUT = withdraw_to_bank(PAYING_OUT, FACTS).events[0]
LAUNCHED = launch_strategy(LAUNCHING, FACTS).events[0]
STOPPED = stop_strategy(replace(STOPPING, exit_cost=55_000), FACTS).events[0]


def told(opening: EventPayload, *fees: TransactionFee) -> list[Notice]:
    return list(notices_of(opening, promise_of(opening), fees, FIGURES))


def codes(opening: EventPayload, *fees: TransactionFee) -> list[str]:
    return [notice.code for notice in told(opening, *fees)]


def test_a_send_promises_what_is_left_of_it() -> None:
    promise = promise_of(SENT)
    assert (promise.received, promise.least) == (24_998_500, 24_998_500)
    assert (promise.asset, promise.recipient.username) == ("USDC", "bob")


def test_a_buy_promises_the_best_offers_least() -> None:
    promise, best = promise_of(BOUGHT), BUYING.offers[0]
    assert (promise.received, promise.least) == (best.target_amount, best.target_minimum)
    assert (promise.asset, promise.expires_at) == ("BTC", FACTS.now + timedelta(minutes=1))
    assert [each.provider for each in promise.rejected] == ["third"]


def test_a_sell_promises_what_the_fees_leave() -> None:
    promise, best = promise_of(SOLD), SELLING.offers[0]
    fees = 250_000 + 1_500
    assert promise.received == best.target_amount - fees
    assert promise.least == best.target_minimum - fees


def test_nobody_promises_what_a_bank_gets_or_a_position_gives() -> None:
    payout, stop = promise_of(PAID_OUT), promise_of(STOPPED)
    assert (payout.asset, payout.received, payout.least) == ("USD", 9_900, None)
    assert stop.least is None


def test_a_launch_promises_what_is_put_to_work() -> None:
    promise = promise_of(LAUNCHED)
    assert promise.received == promise.least == LAUNCHING.amount - 1_500


@pytest.mark.parametrize(
    ("millionths", "warned"), [(5_000, []), (20_000, []), (21_000, ["TXN_SLIPPAGE_HIGH"])]
)
def test_a_large_slippage_is_warned_of(millionths: int, warned: list[str]) -> None:
    offer = replace(BUYING.offers[0], target_minimum=30_000 - 30_000 * millionths // 1_000_000)
    opening = initiate_buy(replace(BUYING, offers=(offer,)), FACTS).events[0]
    assert codes(opening) == warned


def test_fees_count_where_they_are_taken() -> None:
    """1 of 21 arrives less, 1 of 30 is spent on the way: 8 % together."""
    there = TransactionFee(kind="PROVIDER", amount=1_500, asset="BTC")
    here = TransactionFee(kind="NETWORK", amount=1_000_050, asset="USDC")
    assert told(BOUGHT, there, here) == [Notice(code="TXN_COSTS_HIGH", details={"percent": "8.0"})]
    assert codes(BOUGHT, there) == []


def test_what_is_owed_from_earlier_is_no_cost_of_this() -> None:
    due = TransactionFee(kind=FEE_DUE, amount=20_000_000, asset="USDC")
    assert codes(BOUGHT, due) == []
    assert preview(due).fees_total == 0


def test_whoever_sends_to_nobody_known_is_warned() -> None:
    stranger = sending(recipient=replace(sending().wish.recipient, user_id=None))
    opening = initiate_send(stranger, spendable=100_000_000, facts=FACTS).events[0]
    assert codes(opening) == ["TXN_RECIPIENT_STRANGER"]
    assert codes(SENT) == []


@pytest.mark.parametrize(
    ("user_id", "warned"), [(None, ["TXN_RECIPIENT_STRANGER"]), (UserId(UUID(int=9)), [])]
)
def test_whoever_withdraws_to_nobody_known_is_warned(
    user_id: UserId | None, warned: list[str]
) -> None:
    command = InitiateWithdrawCommand(
        transaction_id=TRANSACTION,
        username="alice",
        wish=replace(sending().wish, recipient=replace(sending().wish.recipient, user_id=user_id)),
    )
    opening = initiate_withdraw(command, spendable=100_000_000, facts=FACTS).events[0]
    assert codes(opening) == warned


def test_what_a_strategy_may_do_is_told_before() -> None:
    locked = replace(LAUNCHING, terms=replace(TERMS, lock_seconds=90_000))
    assert codes(LAUNCHED)[:1] == ["TXN_STRATEGY_CAN_LOSE"]
    assert told(launch_strategy(locked, FACTS).events[0])[1] == Notice(
        code="TXN_STRATEGY_LOCKS", details={"days": "2"}
    )
    assert codes(STOPPED) == ["TXN_STRATEGY_EXIT_COST"]


def test_fees_in_several_assets_have_no_sum() -> None:
    usdc = TransactionFee(kind="NETWORK", amount=1_500, asset="USDC")
    assert preview(usdc).fees_total == 1_500
    assert preview(usdc, replace(usdc, asset="SOL")).fees_total is None


def test_only_openings_promise_anything() -> None:
    with pytest.raises(LookupError):
        promise_of(EventPayload())


def preview(*fees: TransactionFee) -> Preview:
    promise = Promise(
        asset="USDC", received=1, least=1, recipient=PartyView(address="bob"), route=("SOLANA",)
    )
    return Preview(
        type="SEND",
        asset="USDC",
        amount=25_000_000,
        promise=promise,
        fees=fees,
        spendable_after=None,
        provider="solana-rpc",
        explanation="the only candidate",
        estimated_seconds=60,
        warnings=(),
        quote_id=TRANSACTION,
        expires_at=FACTS.now,
    )
