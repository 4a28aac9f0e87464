"""`diboas compliance …` and `diboas user …`: what a person of compliance decides.

Running processes hear of it from the log and the next read; nothing has to be restarted.
"""

from pathlib import Path

from domain.compliance.errors import SanctionedAddress
from domain.compliance.review import DecideReviewCommand, NotUnderReview, decide_review
from domain.shared.decision import KycLevel, RiskTier
from domain.shared.ids import StreamId
from domain.shared.money import format_asset
from infrastructure.cli.database import operator_url, with_database
from infrastructure.cli.deciding import decide_on, read_id, read_operator, read_reason
from infrastructure.db.identity import IdentityStore
from infrastructure.db.pool import Pool
from infrastructure.db.reviews import waiting_reviews
from infrastructure.settings import StartupError


def list_reviews(up_dir: Path, *, limit: int, after: str | None) -> int:
    """Prints a page of the movements that wait for a decision, the oldest first. Raises
    `StartupError` where `after` is no identifier."""
    behind = None if after is None else read_id(after)
    return with_database(up_dir, lambda pool: _list(pool, limit, behind))


def decide(
    transaction: str, *, approves: bool, reason: str, operator: str | None, up_dir: Path
) -> int:
    """Approves or refuses a movement under review. Raises `StartupError` for one that is not."""
    stream_id = read_id(transaction)
    command = DecideReviewCommand(
        approves=approves, operator=read_operator(operator), reason=read_reason(reason)
    )

    async def store(pool: Pool) -> None:
        await _decide(pool, operator_url(up_dir), stream_id, command)
        done = "approved" if approves else "refused"
        print(f"{stream_id} is {done} by {command.operator}: {command.reason}")

    return with_database(up_dir, store)


def decide_on_user(
    kind: type[KycLevel | RiskTier],
    username: str,
    value: str,
    *,
    reason: str,
    operator: str | None,
    up_dir: Path,
) -> int:
    """Sets a user's level or tier, which holds from the next movement on. Raises `StartupError` for
    a user or a value that there is not."""
    name, why, who = username.removeprefix("@"), read_reason(reason), read_operator(operator)
    what = "level" if kind is KycLevel else "risk"
    try:
        wanted = kind(value.lower())
    except ValueError:
        known = ", ".join(each.value for each in kind)
        raise StartupError(f"there is no {what} {value}: {known}") from None

    async def store(pool: Pool) -> None:
        if not await IdentityStore(pool).decide(name, wanted, reason=why, operator=who):
            raise StartupError(f"there is no user @{name}")
        print(f"@{name} has the {what} {wanted.value} by {who}: {why}")

    return with_database(up_dir, store)


async def _list(pool: Pool, limit: int, after: StreamId | None) -> None:
    reviews = await waiting_reviews(pool, limit=limit + 1, after=after)
    for review in reviews[:limit]:
        amount = f"{format_asset(review.amount, review.asset)} {review.asset}"
        print(
            f"{review.id}  {review.since:%Y-%m-%d %H:%M} UTC  {review.type:<9}{amount:<20}"
            f"@{review.username} ({review.kyc_level}, {review.country or '-'})"
            f"  {review.recipient_address or ''}".rstrip()
        )
    if len(reviews) > limit:
        print(f"more with --after {reviews[limit - 1].id}")


async def _decide(pool: Pool, url: str, stream_id: StreamId, command: DecideReviewCommand) -> None:
    try:
        await decide_on(
            pool, url, stream_id, lambda stream, facts: decide_review(stream, command, facts)
        )
    except (LookupError, NotUnderReview):
        raise StartupError(f"{stream_id} does not wait for a decision") from None
    except SanctionedAddress:
        raise StartupError("an address is on the sanctions list by now: refuse it") from None
