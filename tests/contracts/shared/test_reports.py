"""What somebody has to look at is said under a name that an alarm can find, and counted."""

import logging

import pytest

from domain.provider.ports.answers import Unanswered
from infrastructure.providers.reports import contradiction, unrecognised


def test_a_word_that_is_not_known_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    for word in ("PAUSED", "p" * 500):
        unrecognised("counted", "status", word)
    assert [record.getMessage() for record in caplog.records] == [
        "unrecognised: counted has the status 'PAUSED' (1 since the start)",
        f"unrecognised: counted has the status '{'p' * 40}' (2 since the start)",
    ]


def test_an_answer_about_something_else_is_an_alarm_and_its_outcome_unknown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = contradiction("alarmed", "the address is another")
    assert answer == Unanswered(reason="the address is another", contradicts=True)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("an answer of alarmed does not fit what was asked: ")
