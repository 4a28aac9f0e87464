"""Programs for a ledger: rounds of steps that hypothesis picks, and the Units they come to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar
from uuid import uuid4

from hypothesis import strategies as st

from domain.shared.unit import Account, ChainClaim, HoldKind, Unit
from tests.integration.db.ledger_model import Ledger
from tests.integration.db.units import (
    WORLD,
    Parts,
    key,
    place,
    settle,
    stream,
    transfer,
    unit,
    user_account,
)

T = TypeVar("T")

BASE_UNITS: Final = 10**24
"""Of one of what is moved here: more than a machine's integers hold."""
ROUND_STEPS_MAX: Final = 40
QUARTERS: Final = 4


@dataclass(frozen=True, slots=True)
class AllThatIsLeft:
    """What the account can spend before the round, or so much more."""

    beyond: int


@dataclass(frozen=True, slots=True)
class Move:
    """From one account to another; the first of both is the world beyond."""

    source: int
    target: int
    amount: int | AllThatIsLeft


@dataclass(frozen=True, slots=True)
class Hold:
    account: int
    amount: int | AllThatIsLeft
    kind: HoldKind


@dataclass(frozen=True, slots=True)
class Settle:
    """Quarters of what is left of an open hold; `excess` goes beyond it."""

    hold: int
    captured: int
    released: int
    excess: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """A Unit that was committed, or tried, before."""

    unit: int


@dataclass(frozen=True, slots=True)
class Step:
    """`of_stream`: which known stream goes on, and how far off its end the decision is."""

    does: Move | Hold | Settle | Repeat
    key: tuple[int, str] | None = None
    claim: int | None = None
    of_stream: tuple[int, int] | None = None


Round: TypeAlias = list[Step]
"""Steps that are taken at once, decided by what stood before the round."""


def weighted(*strategies: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """One of them, the more often the more often it is named; `one_of` counts each once."""
    return st.sampled_from(strategies).flatmap(lambda chosen: chosen)


def rarely(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return weighted(*5 * [st.none()], strategy)


indices: Final = st.integers(0, 11)
accounts: Final = st.integers(0, 4)
users: Final = st.integers(1, 4)
quarters: Final = st.sampled_from([0, 0, 1, 1, 2, QUARTERS])

amounts: Final = weighted(
    *3 * [st.integers(1, 8).map(lambda many: many * BASE_UNITS)],
    st.builds(AllThatIsLeft, st.sampled_from([0, 1])),
)

moves: Final = st.builds(Move, accounts, accounts, amounts)
deposits: Final = st.builds(Move, st.just(0), users, amounts)
holds: Final = st.builds(Hold, users, amounts, st.sampled_from(HoldKind))
settles: Final = st.builds(Settle, indices, quarters, quarters, st.sampled_from([0] * 19 + [1]))
repeats: Final = st.builds(Repeat, indices)
keys: Final = st.tuples(st.integers(0, 1), st.sampled_from("aab"))
claims: Final = st.integers(0, 2)
places: Final = st.tuples(indices, st.sampled_from([0, 0, 0, -1, 1]))
wrong_places: Final = st.tuples(indices, st.sampled_from([-1, 1]))

steps: Final = weighted(
    *7
    * [
        st.builds(
            Step,
            weighted(*3 * [moves], *2 * [holds], *2 * [settles], deposits),
            key=rarely(keys),
            claim=rarely(claims),
            of_stream=rarely(places),
        )
    ],
    st.builds(Step, repeats),
)
steps_of_one_cause: Final = weighted(
    *5 * [st.builds(Step, weighted(moves, holds, settles))],
    st.builds(Step, repeats),
    *3 * [st.builds(Step, deposits, key=keys)],
    st.builds(Step, deposits, claim=claims),
    st.builds(Step, moves, of_stream=wrong_places),
)
"""Each can be refused for one reason alone: of several the order decides, which is not known."""


def rounds(step: st.SearchStrategy[Step]) -> st.SearchStrategy[list[Round]]:
    """Some rounds fill a batch, some are hardly one."""
    few = st.lists(step, min_size=1, max_size=4)
    many = st.lists(step, min_size=12, max_size=ROUND_STEPS_MAX)
    return st.lists(st.one_of(few, many), min_size=1, max_size=8)


@dataclass(slots=True)
class Program:
    """Turns steps into Units, with accounts, keys and claims of its own."""

    ledger: Ledger
    accounts: Sequence[Account] = field(
        default_factory=lambda: (
            WORLD,
            user_account(),
            user_account(),
            user_account(floor=-5 * BASE_UNITS),
            user_account(floor=None),
        )
    )
    units: list[Unit] = field(default_factory=list)
    name: str = field(default_factory=lambda: str(uuid4()))

    def decided(self, steps_at_once: Round) -> list[Unit]:
        """One Unit a step."""
        first = len(self.units)
        for step in steps_at_once:
            self.units.append(self._unit(step))
        return self.units[first:]

    def _unit(self, step: Step) -> Unit:
        does = step.does
        if isinstance(does, Repeat):
            return self.units[-1 - does.unit % len(self.units)] if self.units else unit()
        parts = [self._parts(does)]
        if step.key is not None:
            number, body = step.key
            result = f"{self.name}:{len(self.units)}"
            parts.append(key(f"{self.name}:{number}", body=body, result=result))
        if step.claim is not None:
            parts.append({"claims": (self._claim(step.claim),)})
        known = list(self.ledger.streams)
        if step.of_stream is None or not known:
            return unit(stream(), *parts)
        number, off = step.of_stream
        stream_id = known[-1 - number % len(known)]
        after = max(0, len(self.ledger.streams[stream_id]) + off)
        return unit(stream_id, *parts, after=after, decision=str(len(self.units)))

    def _parts(self, does: Move | Hold | Settle) -> Parts:
        match does:
            case Move(source, target, amount):
                payer = self.accounts[source]
                return transfer(payer, self.accounts[target], self._amount(payer, amount))
            case Hold(number, amount, kind):
                account = self.accounts[number]
                return place(account, self._amount(account, amount), kind=kind)
            case Settle():
                return self._settled(does)

    def _amount(self, account: Account, amount: int | AllThatIsLeft) -> int:
        if isinstance(amount, AllThatIsLeft):
            return max(1, self.ledger.spendable(account) + amount.beyond)
        return amount

    def _settled(self, does: Settle) -> Parts:
        open_holds = self.ledger.open_holds()
        if not open_holds:
            return {}
        hold = open_holds[does.hold % len(open_holds)]
        left = self.ledger.left[hold.id]
        captured = left * does.captured // QUARTERS
        released = (left - captured) * does.released // QUARTERS
        if does.excess:
            released = left - captured + does.excess
        return settle(hold.account, hold.id, captured=captured, released=released, kind=hold.kind)

    def _claim(self, number: int) -> ChainClaim:
        return ChainClaim(
            chain="SOLANA", signature=self.name, instruction=number, account="recipient"
        )
