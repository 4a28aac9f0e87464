"""What every provider's answers mean alike: one table for all of them."""

import msgspec
import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from infrastructure.http import HttpError, HttpResponse, HttpTimeout, HttpUnavailable
from infrastructure.providers.setbacks import ONLY_OK, Setbacks, nonsense, told


class Told(msgspec.Struct, frozen=True):
    word: str = ""


def declined(response: HttpResponse) -> Declined:
    return Declined(code="PRV_DECLINED", reason=told(response, Told).word or "no words")


SETBACKS = Setbacks(provider="somebody", declined=declined)
RATE_LIMIT = HttpResponse(429, {"retry-after": "7"}, b"")


def response(status: int, body: bytes) -> HttpResponse:
    return HttpResponse(status, {}, body)


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("status", [200, 201, 299])
def test_a_success_is_its_value(status: int, *, changes: bool) -> None:
    answer = SETBACKS.answer(response(status, b'{"word": "yes"}'), Told, changes=changes)

    assert answer == Told("yes")


@pytest.mark.parametrize("status", [100, 204, 301, 408, 500, 502, 503, 504, 599])
def test_without_a_word_of_the_providers_a_change_is_unknown(status: int) -> None:
    told_nothing = response(status, b"")

    assert isinstance(SETBACKS.answer(told_nothing, Told, changes=True), Unanswered)
    assert isinstance(SETBACKS.answer(told_nothing, Told, changes=False), NotAttempted)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"word": 1}', b'{"word": "ye'])
def test_a_value_that_cannot_be_read_leaves_a_change_unknown(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(SETBACKS.answer(response(200, body), Told, changes=True), Unanswered)
    assert isinstance(SETBACKS.answer(response(200, body), Told, changes=False), NotAttempted)
    assert "somebody: unreadable answer" in caplog.text


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 451, 499])
def test_a_refusal_is_read_as_its_provider_says_it(status: int, *, changes: bool) -> None:
    in_words = SETBACKS.of_status(response(status, b'{"word": "never"}'), changes=changes)
    unreadable = SETBACKS.of_status(response(status, b"<html>"), changes=changes)

    assert in_words == Declined(code="PRV_DECLINED", reason="never")
    assert unreadable == Declined(code="PRV_DECLINED", reason="no words")


@pytest.mark.parametrize("changes", [False, True])
def test_a_rate_limit_was_certainly_not_executed(*, changes: bool) -> None:
    answer = SETBACKS.of_status(RATE_LIMIT, changes=changes)

    assert answer == NotAttempted(reason="somebody: rate limit", retry_after_seconds=7)


def test_a_provider_may_tell_the_wait_in_its_own_way() -> None:
    patient = Setbacks(provider="somebody", declined=declined, wait_seconds=lambda _: 60)

    answer = patient.of_status(RATE_LIMIT, changes=True)

    assert answer == NotAttempted(reason="somebody: rate limit", retry_after_seconds=60)


@pytest.mark.parametrize("status", [201, 202, 206])
def test_where_only_200_has_a_value_the_others_say_nothing(status: int) -> None:
    strict = Setbacks(provider="somebody", declined=declined, accepted=ONLY_OK)

    answer = strict.answer(response(status, b'{"word": "yes"}'), Told, changes=False)

    assert isinstance(answer, NotAttempted)


@pytest.mark.parametrize(
    ("error", "changes", "expected"),
    [
        (HttpUnavailable("host", "refused"), True, NotAttempted(reason="somebody: refused")),
        (HttpUnavailable("host", "refused"), False, NotAttempted(reason="somebody: refused")),
        (HttpTimeout("host", "late"), True, Unanswered(reason="somebody: late")),
        (HttpTimeout("host", "late"), False, NotAttempted(reason="somebody: late")),
    ],
)
def test_only_a_connection_that_was_never_made_is_certain(
    error: HttpError, expected: Setback, *, changes: bool
) -> None:
    assert SETBACKS.of_error(error, changes=changes) == expected


def test_what_does_not_fit_the_question_is_declined() -> None:
    assert nonsense("another asset").code == "PRV_RESPONSE_INVALID"
