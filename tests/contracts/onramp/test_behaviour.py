"""What every on-ramp promises, whoever it is: one suite for the adapters and for their twin."""

import logging
from datetime import timedelta

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered, WebhookRefused
from domain.provider.ports.onramp import PaymentOpened, PaymentState, PaymentStatus
from domain.shared.assets import XAUT
from tests.contracts.onramp.subjects import SOLANA_ADDRESS, Subject
from tests.contracts.onramp.wishes import opened, ordered, quoted, status, wish, with_fee

ETHEREUM_ADDRESS = "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"


async def test_a_quote_tells_all_that_is_paid_and_all_that_arrives(subject: Subject) -> None:
    request = wish(subject.method)

    quote = await quoted(subject.adapter, request)

    assert quote.request == request
    assert 90_000_000 < quote.asset_amount < 100_000_000
    charged = sum(fee.amount for fee in quote.fees if fee.asset == "USD")
    # USDC costs a dollar in every simulated world: what is not a fee arrives.
    assert quote.asset_amount == (100_00 - charged) * 10_000
    assert all(fee.kind in {"PROVIDER", "NETWORK"} for fee in quote.fees)
    assert quote.expires_at > subject.now()


async def test_what_is_not_sold_is_declined(subject: Subject) -> None:
    request = wish(subject.method, asset=XAUT, address=ETHEREUM_ADDRESS)

    answer = await subject.adapter.quote(request)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


async def test_an_amount_out_of_bounds_is_declined(subject: Subject) -> None:
    answer = await subject.adapter.quote(wish(subject.method, fiat_amount=50))

    assert isinstance(answer, Declined)


async def test_an_opened_payment_waits_for_its_user(subject: Subject) -> None:
    asked = await ordered(subject.adapter, subject.method)

    found = await opened(subject.adapter, asked)

    assert found.redirect_url.startswith("http")
    assert found.expires_at is None or found.expires_at > subject.now()
    told = await status(subject.adapter, found.reference)
    assert (told.reference, told.state) == (found.reference, PaymentState.AWAITING_USER)


async def test_a_paid_payment_is_delivered(subject: Subject) -> None:
    asked = await ordered(subject.adapter, subject.method)
    found = await opened(subject.adapter, asked)

    await subject.pay(found)
    under_way = await status(subject.adapter, found.reference)
    await subject.complete(found.reference)
    told = await status(subject.adapter, found.reference)

    assert under_way.state in {PaymentState.PROCESSING, PaymentState.PAID}
    assert told.state is PaymentState.DELIVERED
    assert told.transaction_hash
    assert (told.asset, told.asset_amount) == ("USDC", asked.quote.asset_amount)
    assert (told.fiat_currency, told.fiat_amount) == ("USD", 100_00)
    assert told.address == SOLANA_ADDRESS


async def test_less_than_promised_is_told_as_it_arrived(subject: Subject) -> None:
    asked = await ordered(subject.adapter, subject.method)
    found = await opened(subject.adapter, asked)

    await subject.pay(found)
    await subject.complete_short(found.reference)

    told = await status(subject.adapter, found.reference)
    assert told.state is PaymentState.DELIVERED
    assert told.asset_amount == asked.quote.asset_amount * 9 // 10


async def test_a_failed_payment_is_told(subject: Subject) -> None:
    found = await opened(subject.adapter, await ordered(subject.adapter, subject.method))

    await subject.fail(found.reference)

    told = await status(subject.adapter, found.reference)
    assert told.state is PaymentState.FAILED


async def test_a_payment_that_nobody_knows_is_declined(subject: Subject) -> None:
    answer = await subject.adapter.check_payment_status(subject.unknown_reference)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_NOT_FOUND"


async def test_a_status_that_we_do_not_know_is_reported(
    subject: Subject, caplog: pytest.LogCaptureFixture
) -> None:
    found = await opened(subject.adapter, await ordered(subject.adapter, subject.method))
    await subject.pay(found)
    await subject.say(found.reference, "ON_HOLD")

    with caplog.at_level(logging.WARNING):
        told = await status(subject.adapter, found.reference)

    assert (told.state, told.provider_status) == (PaymentState.UNRECOGNISED, "ON_HOLD")
    assert subject.name == "memory" or "'ON_HOLD'" in caplog.text


async def test_the_same_key_opens_nothing_new_where_it_is_recognised(subject: Subject) -> None:
    asked = await ordered(subject.adapter, subject.method)

    first = await opened(subject.adapter, asked)
    second = await opened(subject.adapter, asked)

    assert subject.adapter.idempotency.on_server == subject.repeats
    assert (first == second) or not subject.repeats


async def test_what_was_never_begun_is_not_found(subject: Subject) -> None:
    asked = await ordered(subject.adapter, subject.method)

    assert await subject.adapter.find_payment(asked) is None


@pytest.mark.parametrize("executed", [False, True])
async def test_a_lost_answer_is_inquired_about(subject: Subject, executed: bool) -> None:  # noqa: FBT001 - a parameter of pytest's
    asked = await ordered(subject.adapter, subject.method)
    subject.break_initiation(executed=executed)

    answer = await subject.adapter.initiate_fiat_to_crypto(asked)
    found = await subject.adapter.find_payment(asked)
    again = await opened(subject.adapter, asked)

    assert isinstance(answer, Unanswered)
    # Where it can be found, it is the same; where not, nobody has the link of the lost one.
    assert found == (again if executed and subject.repeats else None)
    await subject.pay(again)
    await subject.complete(again.reference)
    assert (await status(subject.adapter, again.reference)).state is PaymentState.DELIVERED


async def test_an_open_payment_cannot_be_cancelled_and_says_so(subject: Subject) -> None:
    found = await opened(subject.adapter, await ordered(subject.adapter, subject.method))

    answer = await subject.adapter.cancel_payment(found.reference, key="cancel-1")

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"
    told = await status(subject.adapter, found.reference)
    assert told.state is PaymentState.AWAITING_USER


async def test_a_paid_payment_is_not_refunded_at_our_wish(subject: Subject) -> None:
    found = await opened(subject.adapter, await ordered(subject.adapter, subject.method))
    await subject.pay(found)

    answer = await subject.adapter.cancel_payment(found.reference, key="cancel-1")

    assert isinstance(answer, Declined)


async def test_cancelling_what_is_over_tells_how_it_ended(subject: Subject) -> None:
    found = await opened(subject.adapter, await ordered(subject.adapter, subject.method))
    await subject.pay(found)
    await subject.complete(found.reference)

    answer = await subject.adapter.cancel_payment(found.reference, key="cancel-1")

    assert isinstance(answer, PaymentStatus)
    assert answer.state is PaymentState.DELIVERED


async def test_a_fee_that_would_not_be_kept_for_us_is_declined(subject: Subject) -> None:
    asked = with_fee(await ordered(subject.adapter, subject.method), 48)

    answer = await subject.adapter.initiate_fiat_to_crypto(asked)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


async def test_reads_that_get_no_answer_were_not_attempted(subject: Subject) -> None:
    asked = await ordered(subject.adapter, subject.method)
    found = await opened(subject.adapter, asked)
    subject.break_reads()

    answers = [
        await subject.adapter.quote(asked.quote.request),
        await subject.adapter.check_payment_status(found.reference),
        await subject.adapter.find_payment(asked),
    ]

    assert all(isinstance(answer, NotAttempted) for answer in answers)
    assert not await subject.adapter.healthy()


async def test_a_provider_that_answers_is_healthy(subject: Subject) -> None:
    assert await subject.adapter.healthy()


# ------------------------------------------------------------------ webhooks


async def paid(subject: Subject) -> PaymentOpened:
    found = await opened(subject.adapter, await ordered(subject.adapter, subject.method))
    await subject.pay(found)
    return found


async def test_a_message_names_the_payment(subject: Subject) -> None:
    found = await paid(subject)

    told = [
        subject.adapter.read_webhook(headers, body, subject.now())
        for headers, body in await subject.messages()
    ]

    assert {message.reference for message in told} == {found.reference}
    assert len({message.message_id for message in told}) == len(told)
    assert all(message.event for message in told)


async def test_a_message_that_comes_again_has_the_same_name(subject: Subject) -> None:
    await paid(subject)
    headers, body = (await subject.messages())[0]

    first = subject.adapter.read_webhook(headers, body, subject.now())
    again = subject.adapter.read_webhook(subject.sign(body, subject.now()), body, subject.now())

    assert first.message_id == again.message_id


async def test_a_changed_message_is_refused(subject: Subject) -> None:
    await paid(subject)
    headers, body = (await subject.messages())[0]

    with pytest.raises(WebhookRefused, match="SIGNATURE_WRONG"):
        subject.adapter.read_webhook(headers, body + b" ", subject.now())


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}])
async def test_a_message_without_signature_is_refused(
    subject: Subject, headers: dict[str, str]
) -> None:
    with pytest.raises(WebhookRefused, match="SIGNATURE_MISSING"):
        subject.adapter.read_webhook(headers, b"{}", subject.now())


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_a_message_of_another_time_is_refused(subject: Subject, seconds: int) -> None:
    headers = subject.sign(b"{}", subject.now() + timedelta(seconds=seconds))

    with pytest.raises(WebhookRefused, match="STALE"):
        subject.adapter.read_webhook(headers, b"{}", subject.now())


@pytest.mark.parametrize("seconds", [-300, 300])
async def test_a_message_within_five_minutes_is_taken(subject: Subject, seconds: int) -> None:
    headers = subject.sign(b"{}", subject.now() + timedelta(seconds=seconds))

    assert subject.adapter.read_webhook(headers, b"{}", subject.now()).reference is None


@pytest.mark.parametrize("body", [b"", b"null", b"\xff\xfe", b'{"id": 5}', b"[]"])
async def test_what_is_signed_but_unreadable_is_kept_without_reference(
    subject: Subject, body: bytes
) -> None:
    headers = subject.sign(body, subject.now())

    told = subject.adapter.read_webhook(headers, body, subject.now())

    assert told.reference is None
    assert told.message_id
