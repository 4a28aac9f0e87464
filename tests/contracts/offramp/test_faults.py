"""What goes wrong at a provider, fault by fault, and which setback it is."""

import json

import httpx
import pytest

from domain.provider.ports.answers import (
    Declined,
    NotAttempted,
    Setback,
    Unanswered,
)
from domain.provider.ports.offramp import (
    OffRampProvider,
    OffRampQuote,
    PayoutRail,
    WithdrawalOpened,
    WithdrawalOrder,
    WithdrawalState,
    WithdrawalStatus,
)
from infrastructure.providers.bridge.adapter import BridgeOffRamp
from infrastructure.providers.bridge.calls import BridgeSettings
from infrastructure.providers.due.adapter import DueOffRamp
from infrastructure.providers.due.calls import DueSettings
from infrastructure.sandbox.frame.faults import FaultKind
from tests.contracts.offramp.answers import AN_ORDER, adapters
from tests.contracts.offramp.subjects import HANG_MS, SandboxSubject
from tests.contracts.offramp.wishes import (
    CUSTOMER,
    SEPA_BANK,
    USER_ADDRESS,
    bank,
    opened,
    ordered,
    quoted,
    wish,
)

EUROS = wish(currency="EUR", rail=PayoutRail.SEPA)
QUOTE_OPERATION = {"bridge": "exchange_rates", "due": "create_quote"}
ACCOUNT_OPERATION = {"bridge": "create_external_account", "due": "create_recipient"}


# ------------------------------------------------------------------ faults of the sandbox


@pytest.mark.parametrize("kind", ["timeout_before_executing", "outage", "error", "malformed_body"])
async def test_a_read_that_fails_was_not_attempted(ramp: SandboxSubject, kind: FaultKind) -> None:
    operations = [QUOTE_OPERATION[ramp.name], "get_transfer"]
    answer = await opened(ramp.adapter, await ordered(ramp.adapter))
    ramp.world.fault(kind, ramp.name, operations=operations, hang_ms=HANG_MS)

    assert isinstance(await ramp.adapter.quote(EUROS), NotAttempted)
    assert isinstance(await ramp.adapter.check_withdrawal_status(answer.reference), NotAttempted)


@pytest.mark.parametrize(
    "kind",
    [
        "timeout_before_executing",
        "timeout_after_executing",
        "outage",
        "error",
        "malformed_body",
    ],
)
async def test_an_initiation_that_fails_is_unanswered(
    ramp: SandboxSubject, kind: FaultKind
) -> None:
    order = await ordered(ramp.adapter)
    ramp.world.fault(kind, ramp.name, operations=[ramp.initiation], hang_ms=HANG_MS)

    assert isinstance(await ramp.adapter.initiate_crypto_to_fiat(order), Unanswered)


@pytest.mark.parametrize("kind", ["timeout_after_executing", "outage", "malformed_body"])
async def test_a_registration_that_fails_is_unanswered_and_can_be_repeated(
    ramp: SandboxSubject, kind: FaultKind
) -> None:
    operation = ACCOUNT_OPERATION[ramp.name]
    ramp.world.fault(kind, ramp.name, operations=[operation], remaining=1, hang_ms=HANG_MS)

    first = await ramp.adapter.register_bank_account(CUSTOMER, bank(), key="bank-1")
    again = await ramp.adapter.register_bank_account(CUSTOMER, bank(), key="bank-1")

    assert isinstance(first, Unanswered)
    assert not isinstance(again, Setback)


async def test_a_rate_limit_says_when_to_come_back(ramp: SandboxSubject) -> None:
    order = await ordered(ramp.adapter)
    ramp.world.fault("rate_limit", ramp.name, retry_after_seconds=7)

    for answer in (
        await ramp.adapter.quote(EUROS),
        await ramp.adapter.initiate_crypto_to_fiat(order),
        await ramp.adapter.find_withdrawal(order),
    ):
        assert isinstance(answer, NotAttempted)
        assert answer.retry_after_seconds == 7


async def test_a_little_latency_is_no_failure(ramp: SandboxSubject) -> None:
    ramp.world.fault("latency", ramp.name, latency_ms=20)

    assert isinstance(await ramp.adapter.quote(EUROS), OffRampQuote)


async def test_a_quote_that_promises_too_much_is_declined(ramp: SandboxSubject) -> None:
    ramp.world.fault("wrong_amount", ramp.name, operations=[QUOTE_OPERATION[ramp.name]])

    answer = await ramp.adapter.quote(EUROS)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_a_transfer_of_another_amount_is_unanswered(ramp: SandboxSubject) -> None:
    order = await ordered(ramp.adapter)
    ramp.world.fault("wrong_amount", ramp.name, operations=["create_transfer"])

    answer = await ramp.adapter.initiate_crypto_to_fiat(order)

    assert isinstance(answer, Unanswered)
    assert "the amount" in answer.reason


async def test_a_payout_of_another_amount_is_told_as_it_is(ramp: SandboxSubject) -> None:
    order = await ordered(ramp.adapter)
    answer = await opened(ramp.adapter, order)
    ramp.world.fault("wrong_amount", ramp.name, operations=["get_transfer"], millionths=900_000)

    told = await ramp.adapter.check_withdrawal_status(answer.reference)

    assert isinstance(told, WithdrawalStatus)
    assert told.fiat_amount == order.quote.fiat_amount * 9 // 10


# ------------------------------------------------------------------ the way in the wire


async def test_bridge_is_sent_its_keys_where_it_wants_them(bridge: SandboxSubject) -> None:
    """The sandbox refuses a POST without a key, and anything else with one."""
    order = await ordered(bridge.adapter)
    answer = await opened(bridge.adapter, order)

    told = await bridge.adapter.cancel_withdrawal(answer.reference, key="cancel-1")

    assert isinstance(told, WithdrawalStatus)
    assert told.state is WithdrawalState.CANCELLED


async def test_bridge_gets_the_same_body_for_the_same_order() -> None:
    bodies: list[bytes] = []

    def keep(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(503)

    adapter = adapters(keep)["bridge"]
    for _ in range(2):
        await adapter.initiate_crypto_to_fiat(AN_ORDER)

    assert bodies[0] == bodies[1]
    body = json.loads(bodies[0])
    assert body["amount"] == "100.00"
    assert body["client_reference_id"] == "order-1"
    assert body["return_instructions"] == {"address": USER_ADDRESS}
    assert "developer_fee" not in body


async def test_a_wrong_key_is_refused_by_both(ramp: SandboxSubject) -> None:
    adapter: OffRampProvider
    if ramp.name == "bridge":
        settings = BridgeSettings(base_url="http://sandbox.test/bridge/v0", api_key="sk-test-no")
        adapter = BridgeOffRamp(ramp.world.client, settings, now=ramp.now)
    else:
        wrong = DueSettings(base_url="http://sandbox.test/due", api_key="no", quote_account="a")
        adapter = DueOffRamp(ramp.world.client, wrong)

    answer = await adapter.quote(EUROS)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_MISCONFIGURED"


async def test_due_goes_on_only_with_a_quote_that_is_no_worse(due: SandboxSubject) -> None:
    request = wish(currency="EUR", rail=PayoutRail.SEPA)
    order = await ordered(due.adapter, details=SEPA_BANK, request=request)
    due.world.fault("wrong_amount", "due", operations=["create_quote"], millionths=990_000)

    answer = await due.adapter.initiate_crypto_to_fiat(order)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_QUOTE_CHANGED"
    due.world.world.faults.clear()
    assert await due.adapter.find_withdrawal(order) is None


async def test_a_transfer_of_due_that_lapsed_before_its_address_was_told_is_over(
    due: SandboxSubject,
) -> None:
    order = await ordered(due.adapter)
    due.world.fault("outage", "due", operations=["funding_address"])
    assert isinstance(await due.adapter.initiate_crypto_to_fiat(order), Unanswered)
    assert isinstance(await due.adapter.find_withdrawal(order), Unanswered)

    due.world.world.faults.clear()
    due.world.skip(hours=1)

    answer = await due.adapter.find_withdrawal(order)
    assert isinstance(answer, Declined)
    assert answer.code == "PRV_LAPSED"


async def test_due_takes_no_fee_above_its_own(due: SandboxSubject) -> None:
    order = await ordered(due.adapter, developer_fee=51)

    answer = await due.adapter.initiate_crypto_to_fiat(order)

    assert isinstance(answer, Declined)
    assert answer.provider_code == "err_quote_application_fee_exceeds_internal_fee"


async def test_many_transfers_are_looked_through_page_by_page(ramp: SandboxSubject) -> None:
    order = await ordered(ramp.adapter)
    first = await opened(ramp.adapter, order)
    for number in range(120):
        other = WithdrawalOrder(
            key=f"other-{number}",
            quote=order.quote,
            customer=order.customer,
            bank_account=order.bank_account,
            from_address=order.from_address,
        )
        await opened(ramp.adapter, other)

    found = await ramp.adapter.find_withdrawal(order)

    assert isinstance(found, WithdrawalOpened)
    assert found.reference == first.reference


async def test_a_quote_at_par_needs_no_call_to_bridge() -> None:
    adapter = adapters(lambda _: httpx.Response(503))["bridge"]

    quote = await quoted(adapter, wish(amount=12_345_678))

    assert quote.fiat_amount == 12_34
    assert quote.fees == ()
