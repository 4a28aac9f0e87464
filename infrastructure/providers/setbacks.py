"""What an HTTP answer of a provider means for whoever called: a value, or one of the port's setbacks.

2xx that can be read                      the value
no connection, 429                        NotAttempted
no answer in time, 408, 5xx, unreadable   of a question NotAttempted, else Unanswered
any other 4xx                             Declined, in the provider's own words
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from infrastructure.http import HttpError, HttpResponse, HttpUnavailable

logger = logging.getLogger(__name__)

SUCCESSES: Final = range(200, 300)
ONLY_OK: Final = range(200, 201)
UNAUTHORISED: Final = frozenset({401, 403})
TOO_MANY: Final = 429
NONSENSE: Final = "PRV_RESPONSE_INVALID"
_REFUSALS: Final = range(400, 500)
# A proxy's timeout says nothing about the call; a rate limit says that it was not looked at.
_NO_REFUSALS: Final = frozenset({408, TOO_MANY})

Answer = TypeVar("Answer")
Told = TypeVar("Told")


def is_refusal(status: int) -> bool:
    """Whether it is the provider's own no."""
    return status in _REFUSALS and status not in _NO_REFUSALS


def _retry_after(response: HttpResponse) -> int | None:
    return response.retry_after_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Setbacks:
    """What differs between providers: `declined` reads a refusal's body, `accepted` are the
    statuses of a value, `wait_seconds` tells how long to stay away after too many calls.

    `changes`, everywhere: the call had an effect, so that without an answer it may have happened.
    """

    provider: str
    declined: Callable[[HttpResponse], Declined]
    accepted: range = SUCCESSES
    wait_seconds: Callable[[HttpResponse], int | None] = _retry_after

    def answer(
        self, response: HttpResponse, kind: type[Answer], *, changes: bool
    ) -> Answer | Setback:
        if response.status not in self.accepted:
            return self.of_status(response, changes=changes)
        try:
            return msgspec.json.decode(response.body, type=kind)
        except msgspec.MsgspecError as error:
            # The error names the member, never its content.
            logger.warning("%s: unreadable answer: %s", self.provider, error)
            response.unreadable()
            return self.no_answer("unreadable answer", changes=changes)

    def of_status(self, response: HttpResponse, *, changes: bool) -> Setback:
        """For a status that is not among those of a value."""
        status = response.status
        if status == TOO_MANY:
            return NotAttempted(
                reason=f"{self.provider}: rate limit",
                retry_after_seconds=self.wait_seconds(response),
            )
        if is_refusal(status):
            return self.declined(response)
        return self.no_answer(f"HTTP {status}", changes=changes)

    def of_error(self, error: HttpError, *, changes: bool) -> NotAttempted | Unanswered:
        certain = isinstance(error, HttpUnavailable)
        return self.no_answer(error.reason, changes=changes and not certain)

    def no_answer(self, reason: str, *, changes: bool) -> NotAttempted | Unanswered:
        """Nothing usable came: of a mere question that is no harm, of a change it is unknown."""
        reason = f"{self.provider}: {reason}"
        return Unanswered(reason=reason) if changes else NotAttempted(reason=reason)


def nonsense(reason: str) -> Declined:
    """For a mere question whose answer does not fit what was asked."""
    return Declined(code=NONSENSE, reason=reason)


def may_pass(setback: Setback) -> bool:
    """Whether the same question may be answered a moment later: nothing said that it will not."""
    return not isinstance(setback, Declined) or setback.code == NONSENSE


def told(response: HttpResponse, kind: type[Told]) -> Told:
    """The body of a refusal; `kind` with its defaults where it says nothing readable."""
    try:
        return msgspec.json.decode(response.body, type=kind)
    except msgspec.MsgspecError:
        return kind()
