"""What the port promises, asked of every exchange and bridge and of their twin in memory."""

from dataclasses import replace

import msgspec
import pytest

from domain.provider.ports.answers import Declined, NotAttempted
from domain.provider.ports.dex import SwapBuilt, SwapExecuted, SwapTrace
from domain.provider.ports.unsigned import SolanaInstructions, SolanaTransaction
from domain.shared.assets import ASSETS
from infrastructure.sandbox.frame.faults import FaultKind
from tests.contracts.dex.cases import Case, DexWorld, good


async def test_a_quote_is_about_what_was_asked(case: Case, world: DexWorld) -> None:
    quote = good(await case.adapter.get_quote(case.request))

    assert quote.request == case.request
    assert 0 < quote.target_minimum <= quote.target_amount
    least = quote.target_amount * (1_000_000 - case.request.slippage_millionths)
    assert (quote.target_minimum + 1) * 1_000_000 > least
    assert quote.expires_at > world.providers.world.clock.now()
    assert quote.route
    assert all(fee.amount > 0 and fee.asset in ASSETS for fee in quote.fees)
    assert {fee.kind for fee in quote.fees} <= {"PROVIDER", "NETWORK", "PLATFORM"}


async def test_the_terms_of_a_quote_survive_being_stored(case: Case) -> None:
    quote = good(await case.adapter.get_quote(case.request))

    stored = msgspec.json.decode(msgspec.json.encode(quote.terms))

    assert isinstance(await case.adapter.build_swap(replace(quote, terms=stored)), SwapBuilt)


async def test_building_may_be_repeated(case: Case) -> None:
    quote = good(await case.adapter.get_quote(case.request))

    first = await case.adapter.build_swap(quote)
    again = await case.adapter.build_swap(quote)

    assert isinstance(first, SwapBuilt)
    assert isinstance(again, SwapBuilt)
    expected = SolanaTransaction if case.request.fee_payer is None else SolanaInstructions
    assert isinstance(first.unsigned, expected)
    assert first.reference == again.reference


async def test_a_pair_that_it_does_not_know_is_declined(case: Case) -> None:
    answer = await case.adapter.get_quote(case.unsupported)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


async def test_nothing_cannot_be_swapped(case: Case) -> None:
    answer = await case.adapter.get_quote(replace(case.request, amount=0))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_INVALID"


@pytest.mark.parametrize(
    "kind",
    [
        "latency",
        "timeout_before_executing",
        "timeout_after_executing",
        "error",
        "rate_limit",
        "outage",
        "malformed_body",
    ],
)
async def test_a_quote_without_an_answer_was_not_attempted(case: Case, kind: FaultKind) -> None:
    adapter = case.refused(kind)

    answer = await adapter.get_quote(case.request)

    assert isinstance(answer, NotAttempted), answer
    assert answer.retry_after_seconds == (1 if kind == "rate_limit" else None)


async def test_a_quote_about_another_amount_is_declined(case: Case) -> None:
    adapter = case.refused("wrong_amount")

    answer = await adapter.get_quote(case.request)

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_it_sends_itself_or_says_that_the_platform_must(case: Case, world: DexWorld) -> None:
    quote = good(await case.adapter.get_quote(case.request))
    built = await case.adapter.build_swap(quote)
    assert isinstance(built, SwapBuilt)
    signed = b"signed"
    if case.name == "jupiter order":
        assert isinstance(built.unsigned, SolanaTransaction)
        signed = world.signed(built.unsigned.wire)

    first = await case.adapter.execute_swap(quote, signed, key="one")
    again = await case.adapter.execute_swap(quote, signed, key="one")

    assert first == again
    if case.sends:
        assert isinstance(first, SwapExecuted)
    else:
        assert isinstance(first, Declined)
        assert first.code == "PRV_UNSUPPORTED"


async def test_an_unknown_swap_is_not_found_or_the_chain_is_to_be_asked(case: Case) -> None:
    trace = SwapTrace(request=case.request, transaction_hash="5" * 64)

    answer = await case.adapter.check_swap_status(trace)

    if isinstance(answer, Declined):
        assert answer.code == "PRV_UNSUPPORTED"
    else:
        assert not isinstance(answer, NotAttempted)
        assert answer.state == "NOT_FOUND"  # type: ignore[union-attr]  # Unanswered fails here


async def test_health(case: Case) -> None:
    assert await case.adapter.healthy()
