"""`diboas suspense …`: what a person decides where something does not fit.

Running processes hear of it from the log; nothing has to be restarted.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from domain.contracts.deposit_events import DeliveryBookedBefore
from domain.contracts.events import OperatorRequired
from domain.contracts.suspense_events import EndedByPerson, SuspenseReturnClaimed
from domain.provider.ended_by_person import (
    MayHaveMoved,
    brought_another,
    end_unmoved,
    is_unmoved,
    keep_what_came,
)
from domain.provider.leg import NO_EFFECT
from domain.provider.suspense_returns import claim_return, is_looked_for
from domain.shared.decision import NOTHING, Decision, Facts
from domain.shared.ids import StreamId
from domain.shared.money import AssetAmount
from domain.shared.stream import Stream
from domain.wallet.suspense import ListMissing, SenderStillListed, release_suspense, suspended_in
from infrastructure.cli.database import operator_url, with_database
from infrastructure.cli.deciding import decide_on, read_id, read_operator, read_reason
from infrastructure.db.pool import Pool
from infrastructure.db.streams import StreamReader
from infrastructure.db.suspense import WaitingCase, waiting_cases
from infrastructure.settings import VARIABLES, StartupError

KEEP: Final = "keep"
RETURNED: Final = "returned"
END: Final = "end"
_HASH_CHARACTERS_MAX: Final = 128
"""A Solana signature has 88, the other chains' fewer."""
ENDS: Final = {
    KEEP: "what came is the user's; a payment that brought it instead is over",
    RETURNED: "it went back to whoever sent it, as the chain has to show",
    END: "it has failed: nothing was paid or signed, and what is held is freed",
}


def list_cases(up_dir: Path, *, limit: int, after: str | None) -> int:
    """Prints a page of what waits for a decision, the oldest first. Raises `StartupError` where
    `after` is no identifier."""
    behind = None if after is None else read_id(after)

    async def show(pool: Pool) -> None:
        cases = await waiting_cases(pool, limit=limit + 1, after=behind)
        for case in cases[:limit]:
            print(f"{_headline(case)}  {'; '.join(_what(await _stream(pool, case.id)))}")
        if len(cases) > limit:
            print(f"more with --after {cases[limit - 1].id}")

    return with_database(up_dir, show)


def show_case(case: str, *, up_dir: Path) -> int:
    """Prints what is known of one, and how it may end. Raises `StartupError` for one that does not
    wait."""
    stream_id = read_id(case)

    async def show(pool: Pool) -> None:
        found = await waiting_cases(pool, limit=1, only=stream_id)
        if not found:
            raise StartupError(f"{stream_id} does not wait for a decision")
        stream = await _stream(pool, stream_id)
        print(_headline(found[0]))
        for line in _what(stream):
            print(f"  {line}")
        for suspended in suspended_in(stream):
            print(f"  at {suspended.account} by {suspended.transaction_hash}", end="")
            print(f" from {', '.join(suspended.senders)}" if suspended.senders else "")
        possible = [f"{end} ({ENDS[end]})" for end in _possible(stream)]
        print(f"  to resolve: {'; '.join(possible) or 'wait for the provider, or for the chain'}")

    return with_database(up_dir, show)


def resolve_case(
    case: str,
    end: str,
    *,
    transaction: str | None,
    reason: str,
    operator: str | None,
    up_dir: Path,
) -> int:
    """Ends it so; what was `returned` by that transaction ends when the chain has shown it. Raises
    `StartupError` for one that does not wait, or cannot end so."""
    stream_id = read_id(case)
    decided = EndedByPerson(resolved_by=read_operator(operator), reason=read_reason(reason))
    decide = _BY_END[end] if end in _BY_END else _returned_by((transaction or "").strip())

    async def store(pool: Pool) -> None:
        try:
            await decide_on(
                pool,
                operator_url(up_dir),
                stream_id,
                lambda stream, facts: decide(stream, decided, facts),
            )
        except (LookupError, _NothingToResolve):
            raise StartupError(f"{stream_id} does not wait for this decision") from None
        except SenderStillListed:
            raise StartupError(
                "the sender is on the sanctions list: it stays in suspense"
            ) from None
        except ListMissing:
            raise StartupError(
                f"{VARIABLES['sanctions_file']} is not set: whether the sender is listed is unknown"
            ) from None
        except MayHaveMoved:
            raise StartupError(
                "money may have moved: it ends by the provider's word, or by the chain"
            ) from None
        done = "is looked up on the chain for" if end == RETURNED else "is resolved by"
        print(f"{stream_id} {done} {decided.resolved_by}: {end}, {decided.reason}")

    return with_database(up_dir, store)


class _NothingToResolve(Exception):
    """Nothing waits there, or it is resolved already."""


def _keep(stream: Stream, decided: EndedByPerson, facts: Facts) -> Decision:
    """The user's, and the end of a payment that brought it instead: in one commit."""
    settled = keep_what_came(stream, decided) if brought_another(stream) else NOTHING
    released = release_suspense(
        stream, operator=decided.resolved_by, reason=decided.reason, facts=facts
    )
    if settled + released == NOTHING:
        raise _NothingToResolve
    return settled + released


def _end(stream: Stream, decided: EndedByPerson, _facts: Facts) -> Decision:
    if not stream.has(OperatorRequired) or stream.has(EndedByPerson):
        raise _NothingToResolve
    return end_unmoved(stream, decided)


def _returned_by(transaction: str) -> "_Decide":
    if not transaction or len(transaction) > _HASH_CHARACTERS_MAX:
        raise StartupError("--transaction is needed: by which it went back")

    def decide(stream: Stream, decided: EndedByPerson, facts: Facts) -> Decision:
        waiting = suspended_in(stream)
        if not waiting or is_looked_for(stream):
            raise _NothingToResolve
        claimed = SuspenseReturnClaimed(
            effect_id=NO_EFFECT,
            asset=waiting[0].asset,
            amount=waiting[0].amount,
            transaction_hash=transaction,
            resolved_by=decided.resolved_by,
            reason=decided.reason,
        )
        return claim_return(stream, claimed, facts)

    return decide


_Decide = Callable[[Stream, EndedByPerson, Facts], Decision]
_BY_END: Final[Mapping[str, _Decide]] = {KEEP: _keep, END: _end}


def _possible(stream: Stream) -> Iterator[str]:
    if suspended_in(stream) or brought_another(stream):
        yield KEEP
    if suspended_in(stream):
        yield RETURNED
    if is_unmoved(stream):
        yield END


def _headline(case: WaitingCase) -> str:
    kind = f"{case.type} {case.state}" if case.type else "INCOMING"
    return f"{case.id}  {case.since:%Y-%m-%d %H:%M} UTC  {kind}  @{case.username}"


def _what(stream: Stream) -> Iterator[str]:
    """What is in suspense, and why it waits."""
    for each in suspended_in(stream):
        yield f"{AssetAmount.of(each.amount, each.asset)} in suspense"
    for event in stream.events:
        match event.data:
            case OperatorRequired(reason=reason):
                yield reason
            case DeliveryBookedBefore() as before:
                yield f"{AssetAmount.of(before.amount, before.asset)} came instead, and is booked"
            case _:
                continue


async def _stream(pool: Pool, stream_id: StreamId) -> Stream:
    stream = await StreamReader(pool).stream(stream_id)
    if stream is None:
        raise StartupError(f"there is no {stream_id}")
    return stream
