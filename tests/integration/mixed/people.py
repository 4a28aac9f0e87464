"""Customers who ask two apis in turns, and who tell both of them at once what moves money."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from tests.integration.api.client import Json, Person, new_key
from tests.integration.matrix.flows import WISHES, Wish
from tests.integration.matrix.leading import Ended, Leading

SECONDS_MAX: Final = 240.0
_DOUBLES: Final = 4
"""So often each mutation is sent, with the same key, at the same time."""
_POLL_SECONDS: Final = 0.2
_PAUSE_SECONDS: Final = 0.3
# The answers to whoever signs what another request of theirs has signed before.
_SIGNED_BEFORE: Final = frozenset({"TXN_ACTION_STALE", "TXN_ACTION_REPLAYED"})
# What each lane of a customer wants, and how often: a lane's own flows follow each other, those of
# the two run beside each other. Who sells has bought before, who stops has launched.
LANES: Final[Sequence[Mapping[str, int]]] = (
    {
        "send": 7,
        "deposit": 6,
        "launch": 6,
        "stop": 5,
        "withdraw_to_wallet": 3,
        "withdraw_with_conversion": 3,
    },
    {"send": 3, "buy": 7, "sell": 6, "buy_by_payment": 4, "withdraw_to_bank": 6},
)
_AWAY: Final = ("PRV_UNAVAILABLE", "PRV_NONE_AVAILABLE")
_TRIES_MAX: Final = 5
_NEEDS: Final = {"sell": "buy", "stop": "launch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Person):
    """`doors` are the apis in turns, for ever."""

    doors: Iterator[str]

    async def post(
        self, query: str, *, headers: Mapping[str, str] | None = None, **variables: object
    ) -> httpx.Response:
        """Who gets no answer asks again, at the other door."""
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            try:
                return await self.http.post(
                    next(self.doors),
                    json={"query": query, "variables": variables},
                    headers={**self.headers, **(headers or {})},
                )
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise

    async def mutate(self, name: str, **given: object) -> Json:
        """The one answer that all of the same requests get, or the refusal of all of them. Asked
        again while somebody is away, with the same key."""
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            answers = await asyncio.gather(
                *(Person.mutate(self, name, **given) for _ in range(_DOUBLES))
            )
            taken = [answer for answer in answers if not answer["errors"]]
            refused = [
                error["code"]
                for answer in answers
                for error in answer["errors"]
                if error["retryability"] != "TEMPORARY"
            ]
            assert len({answer["transaction"]["id"] for answer in taken}) <= 1, answers
            if taken:
                assert set(refused) <= _SIGNED_BEFORE, answers
                return taken[0]
            if refused or time.monotonic() > deadline:
                return answers[0]
            await asyncio.sleep(_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True)
class Done:
    """A transaction and what it came to."""

    flow: str
    ended: Ended

    @property
    def id(self) -> str:
        return self.ended.id

    @property
    def is_completed(self) -> bool:
        return self.ended.outcome == "COMPLETED"


def plans(customers: int, *, transactions: int, chance: random.Random) -> list[list[str]]:
    """The flows of each lane of each customer, one customer after the other: so many in all."""
    lanes = [LANES[number % len(LANES)] for number in range(customers * len(LANES))]
    share, more = divmod(transactions, len(lanes))
    return [_plan(lane, share + (number < more), chance) for number, lane in enumerate(lanes)]


def _plan(lane: Mapping[str, int], count: int, chance: random.Random) -> list[str]:
    drawn: Counter[str] = Counter()
    plan = []
    for flow in chance.choices(list(lane), list(lane.values()), k=count):
        needed = _NEEDS.get(flow)
        chosen = needed if needed and drawn[needed] <= drawn[flow] else flow
        drawn[chosen] += 1
        plan.append(chosen)
    return plan


async def live(customer: Customer, plan: Sequence[str], friends: Sequence[str]) -> list[Done]:
    """One transaction after another, each to its completion; sends go to the friends in turns."""
    leading = Leading(
        person=customer, hurried=False, poll_seconds=_POLL_SECONDS, wait_seconds_max=SECONDS_MAX
    )
    done = []
    for number, flow in enumerate(plan):
        for _ in range(_TRIES_MAX):
            wish = await _wish(customer, flow, friends[number % len(friends)])
            begun = await customer.mutate(wish.mutation, **wish.given, idempotencyKey=new_key())
            assert begun["transaction"] is not None, (flow, begun)
            done.append(Done(flow, await leading.to_its_end(begun)))
            if done[-1].is_completed:
                break
            # On a busy machine a provider may not answer in time: nothing has moved then.
            assert done[-1].ended.reason in _AWAY, done[-1]
    return done


async def _wish(customer: Customer, flow: str, friend: str) -> Wish:
    wish = await WISHES[flow](customer)
    return Wish(wish.mutation, {**wish.given, "recipient": friend}) if flow == "send" else wish
