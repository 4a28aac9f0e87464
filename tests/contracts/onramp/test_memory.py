"""What the twin can do besides the suite: be told what happens, and cancel where a test wants it."""

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, ProviderFee, Unanswered
from domain.provider.ports.onramp import PaymentMethod, PaymentOpened, PaymentState, PaymentStatus
from infrastructure.providers.memory.onramp import MemoryOnRamp
from tests.contracts.onramp.subjects import platform_now
from tests.contracts.onramp.wishes import opened, ordered, quoted, status, wish, with_fee

CARD = PaymentMethod.CARD


@pytest.fixture
def onramp() -> MemoryOnRamp:
    return MemoryOnRamp(platform_now, name="twin", cancels=True, keeps_developer_fee=True)


async def test_an_unpaid_payment_is_cancelled(onramp: MemoryOnRamp) -> None:
    found = await opened(onramp, await ordered(onramp, CARD))

    told = await onramp.cancel_payment(found.reference, key="cancel")

    assert isinstance(told, PaymentStatus)
    assert told.state is PaymentState.CANCELLED


async def test_a_paid_payment_is_refunded_in_time(onramp: MemoryOnRamp) -> None:
    found = await opened(onramp, await ordered(onramp, CARD))
    onramp.pay(found.reference)

    told = await onramp.cancel_payment(found.reference, key="cancel")
    again = await onramp.cancel_payment(found.reference, key="cancel")
    onramp.refund(found.reference)

    assert isinstance(told, PaymentStatus)
    assert told.state is PaymentState.REFUNDING
    assert told == again
    assert (await status(onramp, found.reference)).state is PaymentState.REFUNDED


async def test_a_lost_cancellation_happened(onramp: MemoryOnRamp) -> None:
    found = await opened(onramp, await ordered(onramp, CARD))
    onramp.interrupt("cancel", Unanswered(reason="lost"), executed=True)

    answer = await onramp.cancel_payment(found.reference, key="cancel")

    assert isinstance(answer, Unanswered)
    assert (await status(onramp, found.reference)).state is PaymentState.CANCELLED


async def test_a_cancellation_that_was_not_attempted_did_not(onramp: MemoryOnRamp) -> None:
    found = await opened(onramp, await ordered(onramp, CARD))
    onramp.interrupt("cancel", NotAttempted(reason="busy"))

    await onramp.cancel_payment(found.reference, key="cancel")

    assert (await status(onramp, found.reference)).state is PaymentState.AWAITING_USER
    assert isinstance(await onramp.cancel_payment("twin-9", key="cancel"), Declined)


async def test_it_keeps_a_fee_where_it_is_told_to(onramp: MemoryOnRamp) -> None:
    asked = with_fee(await ordered(onramp, CARD), 48)

    assert isinstance(await onramp.initiate_fiat_to_crypto(asked), PaymentOpened)


async def test_what_expires_says_so(onramp: MemoryOnRamp) -> None:
    found = await opened(onramp, await ordered(onramp, CARD))
    onramp.expire(found.reference)

    assert (await status(onramp, found.reference)).state is PaymentState.EXPIRED


async def test_interruptions_come_in_turn_and_end(onramp: MemoryOnRamp) -> None:
    onramp.interrupt("quote", NotAttempted(reason="one"))
    onramp.interrupt("quote", Declined(code="PRV_LIMIT", reason="two"))

    answers = [await onramp.quote(wish(CARD)) for _ in range(2)]

    assert [getattr(answer, "reason", None) for answer in answers] == ["one", "two"]
    fees = (await quoted(onramp, wish(CARD))).fees
    assert fees == (ProviderFee(kind="PROVIDER", amount=200, asset="USD"),)
