"""What is made of a payout that its provider says comes back, or says nothing new of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from domain.contracts.events import OperatorRequired
from domain.contracts.payout_events import PayoutOpened, PayoutReturned
from domain.provider.effects import EffectKind
from domain.provider.ports.answers import NotAttempted
from domain.provider.ports.chain import Credit
from domain.provider.ports.offramp import (
    OffRampProvider,
    WithdrawalOpened,
    WithdrawalOrder,
    WithdrawalState,
    WithdrawalStatus,
)
from domain.shared.decision import Decision
from domain.shared.ids import EffectId
from infrastructure.sagas.arrivals import Arrivals
from infrastructure.sagas.effects import EffectInHand
from infrastructure.sagas.engine import SagaEngine
from infrastructure.sagas.payouts import (
    MEMO_BYTES_MAX,
    PAYOUT_DAYS_MAX,
    RETURN_DAYS_MAX,
    PayoutEffects,
)
from infrastructure.sagas.ramps import Standing
from tests.unit.domain.payout.test_payouts import SENT, begun, opened, sent
from tests.unit.domain.send.journey import PROCESSES, SIGNATURE, START, Journey

SECOND = timedelta(seconds=1)
IN_TIME = START + timedelta(days=RETURN_DAYS_MAX)
LATE = START + timedelta(days=PAYOUT_DAYS_MAX) + SECOND


def told(state: WithdrawalState, **more: str | datetime | None) -> WithdrawalStatus:
    said = WithdrawalStatus(reference="payout-1", state=state, provider_status=state.lower())
    return replace(said, **more)  # type: ignore[arg-type]  # the tests name real fields


TREASURY = "treasury"
OPENED = WithdrawalOpened(reference="payout-1", deposit_address="there", asset_amount=SENT)


@dataclass
class Provider:
    answer: WithdrawalStatus | NotAttempted
    opened: WithdrawalOpened = OPENED
    name: str = "first"

    async def initiate_crypto_to_fiat(self, _order: WithdrawalOrder) -> WithdrawalOpened:
        return self.opened

    async def check_withdrawal_status(self, _reference: str) -> WithdrawalStatus | NotAttempted:
        return self.answer


@dataclass
class Chain:
    """USDC that came in since, to whoever asks behind the transfer to the provider."""

    credits: Sequence[Credit] | None = ()

    async def of_usdc(
        self, address: str, *, after: str, since: datetime
    ) -> Sequence[Credit] | None:
        assert (address, after, since) == ("alice", SIGNATURE, START)
        return self.credits

    async def find(self, *_asked: object) -> None:
        return None


class Standings:
    async def rejection(self, _provider: str) -> None:
        return None


@dataclass
class Matched:
    hashes: set[str] = field(default_factory=set)

    async def matched(self, transaction_hashes: Sequence[str]) -> set[str]:
        return self.hashes & set(transaction_hashes)


@dataclass
class Engine:
    """A clock is all that a look needs of it."""

    now: datetime

    def clock(self) -> datetime:
        return self.now


def payout() -> Journey:
    return sent(opened(begun(Journey(groups=PROCESSES[0]))))


async def looked_at(
    journey: Journey,
    answer: WithdrawalStatus | NotAttempted,
    *,
    now: datetime = START,
    chain: Chain | None = None,
    matched: Matched | None = None,
) -> Decision:
    """What a look at the payout decides."""
    effects = effects_of(Provider(answer), now=now, chain=chain, matched=matched)
    return await carried_out(effects, EffectKind.PAYOUT_CHECK, journey, now=now)


def effects_of(
    provider: Provider,
    *,
    now: datetime = START,
    chain: Chain | None = None,
    matched: Matched | None = None,
) -> PayoutEffects:
    return PayoutEffects(
        engine=cast("SagaEngine", Engine(now)),
        providers=cast("Mapping[str, OffRampProvider]", {"first": provider}),
        arrivals=cast("Arrivals", chain or Chain()),
        returns=matched or Matched(),
        standing=cast("Standing", Standings()),
        platform=frozenset({TREASURY}),
    )


async def carried_out(
    effects: PayoutEffects, kind: EffectKind, journey: Journey, *, now: datetime = START
) -> Decision:
    effect = EffectInHand(
        id=EffectId(UUID(int=1)),
        stream_id=journey.stream.id,
        kind=kind,
        key="key",
        attempt=1,
        epoch=1,
        request={"provider": "first", "reference": "payout-1"},
        maybe_executed=False,
        written_here=True,
    )
    handler = await effects.handlers()[kind](effect, journey.stream)
    assert handler is not None
    return handler(journey.stream, replace(journey.facts, now=now))


def credit(name: str, amount: int = SENT, sender: str = "there") -> Credit:
    return Credit(
        transaction_hash=name,
        index=0,
        asset="USDC",
        address="alice-ata",
        amount=amount,
        senders=(sender, f"{sender}-ata"),
    )


def is_for_a_person(decision: Decision) -> bool:
    return any(isinstance(event, OperatorRequired) for event in decision.events)


REFUNDED = told(WithdrawalState.REFUNDED)


@pytest.mark.parametrize(
    ("found", "taken", "expected"),
    [
        ([credit("a")], set(), "a"),
        ([credit("less", SENT - 1), credit("all")], set(), "all"),
        ([credit("all"), credit("less", SENT - 1)], {"all"}, "less"),
        ([credit("a")], {"a"}, None),
        ([credit("friend", sender="bob")], set(), None),
        ([credit("more", SENT + 1)], set(), None),
        (None, set(), None),
    ],
)
async def test_what_came_back_unnamed_is_found_by_its_own_credit(
    found: list[Credit] | None, taken: set[str], expected: str | None
) -> None:
    decision = await looked_at(payout(), REFUNDED, chain=Chain(found), matched=Matched(taken))

    back = [event for event in decision.events if isinstance(event, PayoutReturned)]
    assert [event.transaction_hash for event in back] == ([expected] if expected else [])
    assert all(event.is_credited for event in back)


@pytest.mark.parametrize(
    "state",
    [
        WithdrawalState.UNDELIVERABLE,
        WithdrawalState.RETURNED,
        WithdrawalState.REFUNDING,
        WithdrawalState.REFUNDED,
    ],
)
async def test_what_does_not_come_back_is_for_a_person(state: WithdrawalState) -> None:
    journey = payout()

    assert not is_for_a_person(await looked_at(journey, told(state), now=IN_TIME))
    late = await looked_at(journey, told(state), now=IN_TIME + SECOND)
    assert is_for_a_person(late)
    assert late.effects_moved[0].due_at is not None
    named = told(state, refund_transaction_hash="never-there")
    assert is_for_a_person(await looked_at(journey, named, now=IN_TIME + SECOND))


async def test_the_time_to_give_back_begins_when_the_bank_has_not_taken_it() -> None:
    journey, since = payout(), IN_TIME - SECOND
    said = told(WithdrawalState.RETURNED, updated_at=since)

    assert not is_for_a_person(await looked_at(journey, said, now=IN_TIME + SECOND))
    now = since + timedelta(days=RETURN_DAYS_MAX) + SECOND
    assert is_for_a_person(await looked_at(journey, said, now=now))


@pytest.mark.parametrize(
    "answer",
    [
        NotAttempted(reason="down"),
        told(WithdrawalState.FIAT_SUBMITTED),
        told(WithdrawalState.IN_REVIEW),
        told(WithdrawalState.UNRECOGNISED),
        told(WithdrawalState.RETURNED, updated_at=LATE),
    ],
)
async def test_nothing_is_waited_for_without_end(answer: WithdrawalStatus | NotAttempted) -> None:
    journey = payout()

    assert not is_for_a_person(await looked_at(journey, answer, now=LATE - SECOND))
    assert is_for_a_person(await looked_at(journey, answer, now=LATE))


@pytest.mark.parametrize(("told", "memo"), [(None, None), ("", None), ("payout 17", "payout 17")])
async def test_the_memo_and_the_end_that_a_provider_names_are_kept(
    told: str | None, memo: str | None
) -> None:
    answer = replace(OPENED, deposit_memo=told, expires_at=LATE)

    decision = await carried_out(
        effects_of(Provider(REFUNDED, answer)),
        EffectKind.PAYOUT_OPEN,
        begun(Journey(groups=PROCESSES[0])),
    )

    (event,) = [each for each in decision.events if isinstance(each, PayoutOpened)]
    assert (event.memo, event.expires_at) == (memo, LATE)


@pytest.mark.parametrize("memo", ["x" * (MEMO_BYTES_MAX + 1), "two\nlines"])
async def test_a_memo_that_cannot_be_sent_is_for_a_person(memo: str) -> None:
    effects = effects_of(Provider(REFUNDED, replace(OPENED, deposit_memo=memo)))

    decision = await carried_out(
        effects, EffectKind.PAYOUT_OPEN, begun(Journey(groups=PROCESSES[0]))
    )

    assert is_for_a_person(decision)
    assert not any(isinstance(event, PayoutOpened) for event in decision.events)


@pytest.mark.parametrize("address", [TREASURY, "alice"])
async def test_where_it_could_not_be_told_from_fees_nothing_is_sent(address: str) -> None:
    effects = effects_of(Provider(REFUNDED, replace(OPENED, deposit_address=address)))

    decision = await carried_out(
        effects, EffectKind.PAYOUT_OPEN, begun(Journey(groups=PROCESSES[0]))
    )

    assert is_for_a_person(decision)
    assert not any(isinstance(event, PayoutOpened) for event in decision.events)


async def test_all_that_is_told_of_what_the_bank_was_paid_is_looked_at() -> None:
    journey, paid = payout(), told(WithdrawalState.FIAT_PAID)
    fits = replace(paid, fiat_amount=9_900, fiat_currency="USD", asset_amount=SENT)

    assert not is_for_a_person(await looked_at(journey, fits))
    for odd in (
        replace(fits, fiat_amount=1),
        replace(fits, asset_amount=1),
        replace(fits, fiat_currency="EUR"),
    ):
        assert is_for_a_person(await looked_at(journey, odd))
