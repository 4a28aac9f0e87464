"""Each way in which a provider can fail, and the setback that it has to become."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.onramp import (
    OnRampProvider,
    OnRampQuote,
    PaymentMethod,
    PaymentOrder,
)
from infrastructure.http import HttpTimeout, HttpUnavailable
from tests.contracts.onramp import stubs
from tests.contracts.onramp.subjects import HANG_MS, SandboxSubject
from tests.contracts.onramp.wishes import opened, order, ordered, status, wish

HANG = {"hang_ms": HANG_MS}
# Kind of fault, its settings, what becomes of an initiation, what of a mere question.
FAULTS: list[tuple[str, dict[str, Any], type[Setback], type[Setback]]] = [  # settings differ
    ("timeout_before_executing", HANG, Unanswered, NotAttempted),
    ("timeout_after_executing", HANG, Unanswered, NotAttempted),
    ("error", {"status": 500}, Unanswered, NotAttempted),
    ("error", {"status": 502}, Unanswered, NotAttempted),
    ("error", {"status": 504}, Unanswered, NotAttempted),
    ("error", {"status": 408}, Unanswered, NotAttempted),
    ("error", {"status": 302}, Unanswered, NotAttempted),
    ("error", {"status": 400}, Declined, Declined),
    ("error", {"status": 402}, Declined, Declined),
    ("error", {"status": 403}, Declined, Declined),
    ("error", {"status": 422}, Declined, Declined),
    ("outage", {}, Unanswered, NotAttempted),
    ("rate_limit", {"retry_after_seconds": 7}, NotAttempted, NotAttempted),
    ("malformed_body", {}, Unanswered, NotAttempted),
    ("wrong_amount", {}, Unanswered, Declined),
]
IDS = [f"{kind}{''.join(map(str, settings.values()))}" for kind, settings, _, _ in FAULTS]


@pytest.mark.parametrize(("kind", "settings", "expected", "_of_a_question"), FAULTS, ids=IDS)
async def test_an_initiation_that_goes_wrong(
    sandbox: SandboxSubject,
    kind: Any,  # noqa: ANN401 - a literal type in the table above
    settings: dict[str, Any],
    expected: type[Setback],
    _of_a_question: type[Setback],
) -> None:
    asked = await ordered(sandbox.adapter, sandbox.method)
    sandbox.world.fault(kind, sandbox.provider, operations=[sandbox.initiating], **settings)

    answer = await sandbox.adapter.initiate_fiat_to_crypto(asked)

    assert isinstance(answer, expected), answer
    if kind == "rate_limit":
        assert isinstance(answer, NotAttempted)
        assert answer.retry_after_seconds == 7


@pytest.mark.parametrize(("kind", "settings", "_of_an_initiation", "expected"), FAULTS, ids=IDS)
async def test_a_quote_that_goes_wrong(
    sandbox: SandboxSubject,
    kind: Any,  # noqa: ANN401 - a literal type in the table above
    settings: dict[str, Any],
    _of_an_initiation: type[Setback],
    expected: type[Setback],
) -> None:
    sandbox.world.fault(kind, sandbox.provider, operations=sandbox.reading, **settings)
    sandbox.world.fault(kind, sandbox.provider, operations=[sandbox.initiating], **settings)

    answer = await sandbox.adapter.quote(wish(sandbox.method))

    assert isinstance(answer, expected), answer
    if kind == "wrong_amount":
        assert isinstance(answer, Declined)
        assert answer.code == "PRV_RESPONSE_INVALID"


async def test_latency_within_the_deadline_does_no_harm(sandbox: SandboxSubject) -> None:
    sandbox.world.fault("latency", sandbox.provider, latency_ms=5)

    asked = await ordered(sandbox.adapter, sandbox.method)

    await opened(sandbox.adapter, asked)


async def test_latency_beyond_the_deadline_is_no_answer(sandbox: SandboxSubject) -> None:
    asked = await ordered(sandbox.adapter, sandbox.method)
    sandbox.world.fault("latency", sandbox.provider, latency_ms=HANG_MS)

    assert isinstance(await sandbox.adapter.initiate_fiat_to_crypto(asked), Unanswered)


async def test_a_read_gets_over_a_blip(sandbox: SandboxSubject) -> None:
    sandbox.world.fault("outage", sandbox.provider, remaining=1)

    assert isinstance(await sandbox.adapter.quote(wish(sandbox.method)), OnRampQuote)


async def test_an_initiation_is_sent_once_whatever_happens(sandbox: SandboxSubject) -> None:
    asked = await ordered(sandbox.adapter, sandbox.method)
    before = len(sandbox.recorder.exchanges)
    sandbox.world.fault("outage", sandbox.provider, remaining=1)

    await sandbox.adapter.initiate_fiat_to_crypto(asked)

    assert len(sandbox.recorder.exchanges) == before + 1


async def test_what_is_told_of_a_delivery_may_be_a_lie(sandbox: SandboxSubject) -> None:
    """It is passed on as told: the chain is asked before anything is booked."""
    asked = await ordered(sandbox.adapter, sandbox.method)
    found = await opened(sandbox.adapter, asked)
    await sandbox.pay(found)
    await sandbox.complete(found.reference)
    sandbox.world.fault("wrong_amount", sandbox.provider, operations=sandbox.reading)

    told = await status(sandbox.adapter, found.reference)

    assert told.asset_amount == asked.quote.asset_amount * 11 // 10
    assert sandbox.deliveries[0][3] == asked.quote.asset_amount


async def test_a_forged_message_is_refused(sandbox: SandboxSubject) -> None:
    sandbox.world.fault("webhook_forged", sandbox.provider)
    found = await opened(sandbox.adapter, await ordered(sandbox.adapter, sandbox.method))
    await sandbox.pay(found)

    for headers, body in await sandbox.messages():
        with pytest.raises(Exception, match="SIGNATURE_WRONG"):
            sandbox.adapter.read_webhook(headers, body, sandbox.now())


# ------------------------------------------------------------------ without a server


def quote_for(method: PaymentMethod) -> OnRampQuote:
    return OnRampQuote(
        request=wish(method),
        asset_amount=97_000_000,
        fees=(),
        expires_at=datetime(2026, 3, 1, 12, 1, tzinfo=UTC) + timedelta(seconds=1),
    )


def asked_of(method: PaymentMethod = PaymentMethod.CARD) -> PaymentOrder:
    return order(quote_for(method))


ADAPTERS = pytest.mark.parametrize(
    ("adapter_of", "method"),
    [
        (stubs.coinbase, PaymentMethod.CARD),
        (stubs.coinbase, PaymentMethod.APPLE_PAY),
        (stubs.stripe, PaymentMethod.CARD),
    ],
    ids=["coinbase-session", "coinbase-order", "stripe"],
)


@ADAPTERS
async def test_without_a_connection_nothing_was_attempted(
    adapter_of: Any,  # noqa: ANN401 - one of two functions
    method: PaymentMethod,
) -> None:
    async with stubs.always(HttpUnavailable("host", "ConnectError")) as client:
        adapter: OnRampProvider = adapter_of(client)
        answers = [
            await adapter.initiate_fiat_to_crypto(asked_of(method)),
            await adapter.quote(wish(method)),
            await adapter.find_payment(asked_of(method)),
            await adapter.check_payment_status("reference"),
            await adapter.cancel_payment("reference", key="key"),
        ]
        healthy = await adapter.healthy()

    assert all(isinstance(answer, NotAttempted) for answer in answers)
    assert not healthy


@ADAPTERS
async def test_a_broken_connection_is_unknown_for_an_initiation_alone(
    adapter_of: Any,  # noqa: ANN401 - one of two functions
    method: PaymentMethod,
) -> None:
    async with stubs.always(HttpTimeout("host", "ReadError")) as client:
        adapter: OnRampProvider = adapter_of(client)
        initiated = await adapter.initiate_fiat_to_crypto(asked_of(method))
        asked = await adapter.check_payment_status("reference")

    assert isinstance(initiated, Unanswered)
    assert isinstance(asked, NotAttempted)


@ADAPTERS
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{}", b'{"id":1}'])
async def test_an_answer_that_is_not_of_the_protocol(
    adapter_of: Any,  # noqa: ANN401 - one of two functions
    method: PaymentMethod,
    body: bytes,
) -> None:
    async with stubs.always(stubs.told(200, body)) as client:
        adapter: OnRampProvider = adapter_of(client)
        initiated = await adapter.initiate_fiat_to_crypto(asked_of(method))
        asked = await adapter.check_payment_status("reference")

    assert isinstance(initiated, Unanswered)
    assert isinstance(asked, NotAttempted)
