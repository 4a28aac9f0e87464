"""What every off-ramp promises, whoever it is: one suite for the adapters and for their twin."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered, WebhookRefused
from domain.provider.ports.offramp import (
    BankAccountRegistered,
    CustomerKnown,
    NewCustomer,
    PayoutRail,
    WithdrawalOpened,
    WithdrawalState,
    WithdrawalStatus,
)
from domain.shared.assets import XAUT
from tests.contracts.offramp.subjects import Subject
from tests.contracts.offramp.wishes import (
    HUNDRED,
    SEPA_BANK,
    bank,
    opened,
    ordered,
    quoted,
    registered,
    status,
    wish,
)

# ------------------------------------------------------------------ quotes and accounts


async def test_a_quote_tells_what_reaches_the_bank(subject: Subject) -> None:
    request = wish()

    quote = await quoted(subject.adapter, request)

    assert quote.request == request
    charged = sum(fee.amount for fee in quote.fees if fee.asset == "USDC")
    # USDC is worth a dollar: what is not a fee arrives.
    assert quote.fiat_amount == (HUNDRED - charged) // 10_000
    assert all(fee.kind in {"PROVIDER", "NETWORK"} for fee in quote.fees)
    assert quote.expires_at > subject.now()


async def test_a_quote_in_another_currency_is_by_its_rate(subject: Subject) -> None:
    quote = await quoted(subject.adapter, wish(currency="EUR", rail=PayoutRail.SEPA))

    assert 90_00 < quote.fiat_amount < 92_00


async def test_another_asset_is_not_paid_out(subject: Subject) -> None:
    answer = await subject.adapter.quote(wish(asset=XAUT))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


async def test_an_unknown_currency_is_not_paid_out(subject: Subject) -> None:
    answer = await subject.adapter.quote(wish(currency="CHF", rail=PayoutRail.WIRE))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


async def test_a_customer_is_made_once(subject: Subject) -> None:
    ada = NewCustomer(reference="ada", full_name="Ada Example", country="US")

    first = await subject.adapter.ensure_customer(ada)
    again = await subject.adapter.ensure_customer(ada)
    other = await subject.adapter.ensure_customer(replace(ada, reference="eve"))

    assert isinstance(first, CustomerKnown)
    assert isinstance(other, CustomerKnown)
    assert first == again
    assert first.id not in {other.id, "ada"}
    account = await subject.adapter.register_bank_account(first.id, bank(), key="bank-1")
    assert isinstance(account, BankAccountRegistered)


async def test_an_account_is_known_by_a_token_and_shown_by_its_end(subject: Subject) -> None:
    account = await registered(subject.adapter)

    assert account.label == "6789"
    assert "123456789" not in account.token


async def test_an_account_that_comes_again_is_the_same(subject: Subject) -> None:
    first = await registered(subject.adapter, key="bank-1")

    again = await registered(subject.adapter, key="bank-1")
    later = await registered(subject.adapter, key="bank-2")

    assert first == again == later


async def test_an_account_without_a_number_is_declined(subject: Subject) -> None:
    answer = await subject.adapter.register_bank_account(
        "customer_1", bank(account={}), key="bank-1"
    )

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_INVALID"


# ------------------------------------------------------------------ opening


async def test_an_opened_withdrawal_awaits_its_funds(subject: Subject) -> None:
    order = await ordered(subject.adapter)

    answer = await opened(subject.adapter, order)

    assert answer.asset_amount == HUNDRED
    assert answer.deposit_address
    told = await status(subject.adapter, answer.reference)
    assert told.state is WithdrawalState.AWAITING_FUNDS
    assert told.reference == answer.reference
    assert told.asset_amount == HUNDRED
    assert told.fiat_amount == order.quote.fiat_amount
    assert told.fiat_currency == "USD"
    assert told.deposit_transaction_hash is None


async def test_two_orders_have_two_addresses(subject: Subject) -> None:
    order = await ordered(subject.adapter)

    first = await opened(subject.adapter, order)
    second = await opened(subject.adapter, replace(order, key="order-2"))

    assert first.reference != second.reference
    assert first.deposit_address != second.deposit_address


async def test_a_repeat_is_the_same_withdrawal_where_keys_are_recognised(
    subject: Subject,
) -> None:
    order = await ordered(subject.adapter)
    first = await opened(subject.adapter, order)

    again = (
        await opened(subject.adapter, order)
        if subject.adapter.idempotency.on_server
        else await subject.adapter.find_withdrawal(order)
    )

    assert again == first


async def test_the_platforms_fee_is_taken_off_what_reaches_the_bank(subject: Subject) -> None:
    order = await ordered(subject.adapter, developer_fee=48)

    answer = await opened(subject.adapter, order)

    told = await status(subject.adapter, answer.reference)
    assert told.fiat_amount == order.quote.fiat_amount - 48
    assert answer.asset_amount == HUNDRED


async def test_euros_go_over_sepa(subject: Subject) -> None:
    request = wish(currency="EUR", rail=PayoutRail.SEPA)
    order = await ordered(subject.adapter, details=SEPA_BANK, request=request)

    answer = await opened(subject.adapter, order)

    told = await status(subject.adapter, answer.reference)
    assert (told.fiat_currency, told.fiat_amount) == ("EUR", order.quote.fiat_amount)


# ------------------------------------------------------------------ unknown outcomes


async def test_what_was_not_answered_is_found(subject: Subject) -> None:
    order = await ordered(subject.adapter)
    subject.break_initiation(executed=True)

    answer = await subject.adapter.initiate_crypto_to_fiat(order)

    assert isinstance(answer, Unanswered)
    found = await subject.adapter.find_withdrawal(order)
    assert isinstance(found, WithdrawalOpened)
    told = await status(subject.adapter, found.reference)
    assert told.state is WithdrawalState.AWAITING_FUNDS


async def test_what_was_never_executed_is_not_found(subject: Subject) -> None:
    order = await ordered(subject.adapter)
    subject.break_initiation(executed=False)

    answer = await subject.adapter.initiate_crypto_to_fiat(order)

    assert isinstance(answer, Unanswered)
    assert await subject.adapter.find_withdrawal(order) is None


async def test_another_order_is_not_taken_for_this_one(subject: Subject) -> None:
    order = await ordered(subject.adapter)
    await opened(subject.adapter, order)

    assert await subject.adapter.find_withdrawal(replace(order, key="order-2")) is None


async def test_reads_of_one_who_is_away_change_nothing(subject: Subject) -> None:
    order = await ordered(subject.adapter)
    answer = await opened(subject.adapter, order)
    assert await subject.adapter.healthy()

    subject.break_reads()

    request = wish(currency="EUR", rail=PayoutRail.SEPA)
    assert isinstance(await subject.adapter.quote(request), NotAttempted)
    assert isinstance(await subject.adapter.check_withdrawal_status(answer.reference), NotAttempted)
    assert isinstance(await subject.adapter.find_withdrawal(order), NotAttempted)
    assert not await subject.adapter.healthy()


# ------------------------------------------------------------------ what becomes of it


async def test_funds_that_come_are_paid_out(subject: Subject) -> None:
    order = await ordered(subject.adapter)
    answer = await opened(subject.adapter, order)

    await subject.fund(answer)

    told = await status(subject.adapter, answer.reference)
    assert told.state in {WithdrawalState.IN_REVIEW, WithdrawalState.FUNDS_RECEIVED}
    assert told.deposit_transaction_hash
    await subject.settle(answer.reference)
    told = await status(subject.adapter, answer.reference)
    assert told.state is WithdrawalState.FIAT_PAID
    assert told.fiat_amount == order.quote.fiat_amount
    assert told.failure is None


async def test_another_amount_than_was_asked_for_goes_back(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))

    await subject.fund(answer, amount=HUNDRED - 1)

    await subject.settle(answer.reference)
    told = await status(subject.adapter, answer.reference)
    assert told.state is WithdrawalState.REFUNDED
    assert bool(told.refund_transaction_hash) is subject.tells_refund


async def test_what_the_bank_returns_goes_back_to_its_sender(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))
    await subject.fund(answer)
    await subject.settle(answer.reference)

    await subject.send_back(answer.reference)

    told = await status(subject.adapter, answer.reference)
    assert told.state in {WithdrawalState.RETURNED, WithdrawalState.FAILED}
    assert told.failure
    await subject.settle(answer.reference)
    told = await status(subject.adapter, answer.reference)
    assert told.state is WithdrawalState.REFUNDED
    assert bool(told.refund_transaction_hash) is subject.tells_refund


async def test_a_withdrawal_that_awaits_its_funds_can_be_cancelled(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))

    told = await subject.adapter.cancel_withdrawal(answer.reference, key="cancel-1")

    if not subject.cancels:
        assert isinstance(told, Declined)
        assert told.code == "PRV_UNSUPPORTED"
        return
    assert isinstance(told, WithdrawalStatus)
    assert told.state is WithdrawalState.CANCELLED
    again = await subject.adapter.cancel_withdrawal(answer.reference, key="cancel-1")
    assert isinstance(again, WithdrawalStatus)
    assert again.state is WithdrawalState.CANCELLED


async def test_nobody_is_told_to_send_to_what_was_cancelled(subject: Subject) -> None:
    order = await ordered(subject.adapter)
    answer = await opened(subject.adapter, order)
    if not subject.cancels:
        await subject.settle(answer.reference)
    await subject.adapter.cancel_withdrawal(answer.reference, key="cancel-1")

    found = await subject.adapter.find_withdrawal(order)

    assert isinstance(found, Declined)
    assert found.code == "PRV_LAPSED"


async def test_a_withdrawal_that_has_its_funds_goes_on(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))
    await subject.fund(answer)

    told = await subject.adapter.cancel_withdrawal(answer.reference, key="cancel-1")

    if subject.cancels:
        assert isinstance(told, WithdrawalStatus)
        assert told.state in {WithdrawalState.IN_REVIEW, WithdrawalState.FUNDS_RECEIVED}
    await subject.settle(answer.reference)
    assert (await status(subject.adapter, answer.reference)).state is WithdrawalState.FIAT_PAID


async def test_a_state_that_is_new_to_us_is_reported(
    subject: Subject, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))
    await subject.say(answer.reference, "teleported")

    with caplog.at_level(logging.WARNING):
        told = await status(subject.adapter, answer.reference)

    assert told.state is WithdrawalState.UNRECOGNISED
    if subject.name != "memory":
        assert told.provider_status == "teleported"
        assert "teleported" in caplog.text


async def test_an_unknown_reference_is_declined(subject: Subject) -> None:
    answer = await subject.adapter.check_withdrawal_status(subject.unknown_reference)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_NOT_FOUND"


# ------------------------------------------------------------------ messages


async def test_a_message_names_the_withdrawal_that_it_is_about(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))

    messages = await subject.messages(answer.reference)

    assert messages
    for headers, body in messages:
        webhook = subject.adapter.read_webhook(headers, body, subject.now())
        assert webhook.reference == answer.reference
        assert webhook.message_id
        assert webhook.occurred_at is not None


async def test_each_message_has_an_id_of_its_own(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))
    before = await subject.messages(answer.reference)
    await subject.fund(answer)
    await subject.settle(answer.reference)
    await status(subject.adapter, answer.reference)

    after = await subject.messages(answer.reference)

    ids = [
        subject.adapter.read_webhook(headers, body, subject.now()).message_id
        for headers, body in (*before, *after)
        if subject.name == "memory" or (headers, body) not in before
    ]
    assert len(ids) == len(set(ids))


async def test_a_message_that_was_changed_is_refused(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))
    headers, body = (await subject.messages(answer.reference))[0]

    with pytest.raises(WebhookRefused) as refused:
        subject.adapter.read_webhook(headers, body + b" ", subject.now())

    assert refused.value.reason == "SIGNATURE_WRONG"


async def test_a_message_without_a_signature_is_refused(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))
    _, body = (await subject.messages(answer.reference))[0]

    with pytest.raises(WebhookRefused) as refused:
        subject.adapter.read_webhook({}, body, subject.now())

    assert refused.value.reason == "SIGNATURE_MISSING"


async def test_an_old_message_is_refused_where_its_time_is_signed(subject: Subject) -> None:
    answer = await opened(subject.adapter, await ordered(subject.adapter))
    headers, body = (await subject.messages(answer.reference))[0]
    late = subject.now() + timedelta(minutes=11)

    if subject.name == "due":
        assert subject.adapter.read_webhook(headers, body, late).message_id
        return
    with pytest.raises(WebhookRefused) as refused:
        subject.adapter.read_webhook(headers, body, late)

    assert refused.value.reason == "STALE"
