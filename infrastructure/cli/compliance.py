"""`diboas compliance …` and `diboas user set-kyc`: what a person of compliance decides.

Running processes hear of it from the log and the next read; nothing has to be restarted.
"""

import getpass
from pathlib import Path
from uuid import UUID

from domain.compliance.errors import SanctionedAddress
from domain.compliance.review import DecideReviewCommand, NotUnderReview, decide_review
from domain.registry import REGISTRY
from domain.shared.decision import KycLevel
from domain.shared.ids import StreamId
from domain.shared.money import format_asset
from infrastructure.cli.database import operator_url, with_database
from infrastructure.db.clock import DatabaseClock
from infrastructure.db.committer import Committer
from infrastructure.db.dues import DueReader
from infrastructure.db.identity import IdentityStore
from infrastructure.db.pool import Pool, connect
from infrastructure.db.reviews import waiting_reviews
from infrastructure.db.streams import StreamReader
from infrastructure.sagas.engine import SagaEngine
from infrastructure.services.policy import load_policy
from infrastructure.settings import StartupError, sanctions_list


def list_reviews(up_dir: Path) -> int:
    """Prints each movement that waits for a decision, the oldest first."""
    return with_database(up_dir, _list)


def decide(
    transaction: str, *, approves: bool, reason: str, operator: str | None, up_dir: Path
) -> int:
    """Approves or refuses a movement under review. Raises `StartupError` for one that is not."""
    try:
        stream_id = StreamId(UUID(transaction))
    except ValueError:
        raise StartupError(f"{transaction} is no identifier as the list shows them") from None
    command = DecideReviewCommand(
        approves=approves, operator=_who(operator), reason=_reason(reason)
    )

    async def store(pool: Pool) -> None:
        await _decide(pool, operator_url(up_dir), stream_id, command)
        done = "approved" if approves else "refused"
        print(f"{stream_id} is {done} by {command.operator}: {command.reason}")

    return with_database(up_dir, store)


def set_kyc(username: str, level: str, *, reason: str, operator: str | None, up_dir: Path) -> int:
    """Sets a user's level, which holds from the next movement on. Raises `StartupError` for a user
    or a level that there is not."""
    name, why, who = username.removeprefix("@"), _reason(reason), _who(operator)
    try:
        wanted = KycLevel(level.lower())
    except ValueError:
        known = ", ".join(each.value for each in KycLevel)
        raise StartupError(f"there is no level {level}: {known}") from None

    async def store(pool: Pool) -> None:
        identities = IdentityStore(pool)
        if not await identities.set_kyc_level(name, wanted, reason=why, operator=who):
            raise StartupError(f"there is no user @{name}")
        print(f"@{name} is {wanted.value} by {who}: {why}")

    return with_database(up_dir, store)


async def _list(pool: Pool) -> None:
    for review in await waiting_reviews(pool):
        amount = f"{format_asset(review.amount, review.asset)} {review.asset}"
        print(
            f"{review.id}  {review.since:%Y-%m-%d %H:%M} UTC  {review.type:<9}{amount:<20}"
            f"@{review.username} ({review.kyc_level}, {review.country or '-'})"
            f"  {review.recipient_address or ''}".rstrip()
        )


async def _decide(pool: Pool, url: str, stream_id: StreamId, command: DecideReviewCommand) -> None:
    clock = DatabaseClock(pool)
    await clock.sync()
    committer = Committer(lambda: connect(url))
    await committer.start()
    engine = SagaEngine(
        commits=committer,
        streams=StreamReader(pool),
        profiles=IdentityStore(pool),
        dues=DueReader(pool),
        registry=REGISTRY,
        groups=(),
        policy=load_policy(sanctions_list()),
        clock=clock,
    )
    try:
        await engine.decide(stream_id, lambda stream, facts: decide_review(stream, command, facts))
    except (LookupError, NotUnderReview):
        raise StartupError(f"{stream_id} does not wait for a decision") from None
    except SanctionedAddress:
        raise StartupError("an address is on the sanctions list by now: refuse it") from None
    finally:
        await committer.close()


def _reason(text: str) -> str:
    if not text.strip():
        raise StartupError("a reason is needed: it is kept with the decision")
    return text.strip()


def _who(operator: str | None) -> str:
    return (operator or getpass.getuser()).strip()
