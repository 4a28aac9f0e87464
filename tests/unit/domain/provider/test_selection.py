from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.provider.registry import (
    Capability,
    ProviderEntry,
    ProviderKind,
    ProviderRegistry,
    Rejection,
    Wanted,
    rejection,
)
from domain.provider.selection import WHOLE, Candidate, Weights, rank
from domain.shared.assets import Chain

WEIGHTS = Weights(cost=400_000, reliability=300_000, speed=200_000, preference=100_000)
PLAIN = Candidate(
    provider="plain",
    delivered=98_000_000,
    estimated_seconds=120,
    successes=0,
    attempts=0,
    is_preferred=False,
    is_local=False,
    priority=1,
)
ENTRY = ProviderEntry(
    name="ramp",
    kind=ProviderKind.ON_RAMP,
    assets=frozenset({"USDC"}),
    priority=1,
    capabilities=frozenset({Capability.BUY}),
    chains=frozenset({Chain.SOLANA}),
    countries=frozenset({"US"}),
    currencies=frozenset({"USD"}),
    payment_methods=frozenset({"CARD"}),
    minimum_cents=1_000,
    maximum_cents=100_000,
)
WANTED = Wanted(
    kind=ProviderKind.ON_RAMP,
    capability=Capability.BUY,
    chains=frozenset({Chain.SOLANA}),
    asset="USDC",
    amount_cents=10_000,
    country="US",
    currency="USD",
    method="CARD",
)


def best(*candidates: Candidate) -> str:
    return rank(candidates, WEIGHTS)[0].candidate.provider


@pytest.mark.parametrize(
    "better",
    [
        {"delivered": 99_000_000},
        {"estimated_seconds": 60},
        {"successes": 50, "attempts": 50},
        {"is_preferred": True},
        {"is_local": True},
        {"priority": 0},
    ],
)
def test_each_criterion_counts(better: dict[str, int]) -> None:
    other = replace(PLAIN, provider="other", **better)  # type: ignore[arg-type]  # real fields

    assert best(PLAIN, other) == best(other, PLAIN) == "other"


def test_a_provider_that_keeps_failing_loses_to_a_dearer_one() -> None:
    failing = replace(PLAIN, provider="failing", successes=10, attempts=40)
    dearer = replace(PLAIN, provider="dearer", delivered=95_000_000, successes=40, attempts=40)

    assert best(failing, dearer) == "dearer"


def test_an_unknown_duration_is_a_slow_one() -> None:
    assert best(PLAIN, replace(PLAIN, provider="a", estimated_seconds=None)) == "plain"


def test_without_candidates_nothing_is_ranked() -> None:
    assert rank((), WEIGHTS) == ()


candidates = st.builds(
    Candidate,
    provider=st.text("abc", min_size=1, max_size=3),
    delivered=st.integers(0, 10**12),
    estimated_seconds=st.none() | st.integers(0, 10**6),
    successes=st.integers(0, 100),
    attempts=st.integers(100, 200),
    is_preferred=st.booleans(),
    is_local=st.booleans(),
    priority=st.integers(0, 3),
)


lists = st.lists(candidates, max_size=6, unique_by=lambda each: each.provider)
shuffled = lists.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found)))


@given(shuffled)
def test_the_order_of_the_facts_does_not_matter(
    orders: tuple[list[Candidate], list[Candidate]],
) -> None:
    found, other = orders

    assert rank(found, WEIGHTS) == rank(other, WEIGHTS)
    assert all(0 <= each.total <= WHOLE for each in rank(found, WEIGHTS))


@pytest.mark.parametrize(
    ("entry", "wanted", "reason"),
    [
        ({}, {}, None),
        ({"enabled": False}, {}, Rejection.DISABLED),
        ({}, {"country": "BR"}, Rejection.COUNTRY),
        ({}, {"currency": "EUR"}, Rejection.CURRENCY),
        ({}, {"method": "PAYPAL"}, Rejection.METHOD),
        ({}, {"asset": "BTC"}, Rejection.ASSET),
        ({}, {"source": "BTC"}, Rejection.SOURCE),
        ({}, {"source": "USDC"}, None),
        ({}, {"capability": Capability.SWAP}, Rejection.CAPABILITY),
        ({}, {"chains": frozenset({Chain.SOLANA, Chain.SUI})}, Rejection.CHAIN),
        ({"chains": frozenset()}, {"chains": frozenset({Chain.SUI})}, None),
        ({}, {"amount_cents": 999}, Rejection.AMOUNT),
        ({}, {"amount_cents": 100_001}, Rejection.AMOUNT),
        ({"countries": frozenset()}, {"country": "BR"}, None),
    ],
)
def test_the_registry_says_why_a_provider_is_out(
    entry: dict[str, object], wanted: dict[str, object], reason: Rejection | None
) -> None:
    found = rejection(replace(ENTRY, **entry), replace(WANTED, **wanted))  # type: ignore[arg-type]  # the tests name real fields

    assert found is reason


def test_candidates_are_those_of_the_kind_in_order_of_priority() -> None:
    entries = [
        replace(ENTRY, name="b", priority=2),
        replace(ENTRY, name="a", priority=2),
        replace(ENTRY, name="z", priority=1),
        replace(ENTRY, name="out", kind=ProviderKind.OFF_RAMP),
    ]
    registry = ProviderRegistry(version="1", entries={entry.name: entry for entry in entries})

    assert [entry.name for entry in registry.candidates(WANTED)] == ["z", "a", "b"]
