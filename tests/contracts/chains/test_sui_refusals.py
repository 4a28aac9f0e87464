"""What Sui's service and its validators say to a transaction, and what it is taken for."""

from typing import Final

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.provider.ports.chain import Accepted, Signed
from infrastructure.chains.sui.gateway import SuiGateway
from infrastructure.http import HttpResponse
from tests.contracts.chains.test_sui_nodes import (
    FIRST,
    NAME,
    UNKNOWN_THERE,
    Scripted,
    answer_of,
    failure,
)

RAW: Final = b"\1\0\0\0" + b"transaction" + b"\1\x61" + bytes(97)
VALIDATORS: Final = (
    "Invalid argument: Transaction is rejected as invalid by more than 1/3 of validators by stake"
    " (non-retriable). Non-retriable errors: [{} {{ 3334 stake }}]."
)


async def broadcast(answer: HttpResponse | Exception) -> Accepted | Setback:
    client = Scripted(answers={"executeTransaction": answer, "*": UNKNOWN_THERE})
    gateway = SuiGateway(client=client, urls=(FIRST,))
    return await gateway.broadcast(Signed(raw=RAW, transaction_hash=NAME))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (
            "Balance of gas object 10 is lower than the needed amount: 100",
            "TXN_INSUFFICIENT_BALANCE",
        ),
        ("Gas price 1 under reference gas price (RGP) 550", "TXN_COST_ROSE"),
        ("Invalid user signature: Signature is not valid", "TXN_CHAIN_REFUSED"),
        ("Gas budget: 1 is lower than min: 550000", "TXN_CHAIN_REFUSED"),
        ("Transaction has expired", "TXN_CHAIN_REFUSED"),
    ],
)
async def test_a_clear_no(words: str, code: str) -> None:
    for text in (VALIDATORS.format(words), f"Invalid argument: {words}"):
        answer = await broadcast(failure(text, "BAD_USER_INPUT"))

        assert isinstance(answer, Declined)
        assert (answer.code, answer.provider_code) == (code, "BAD_USER_INPUT")


@pytest.mark.parametrize("code", ["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"])
async def test_a_document_that_was_not_taken_sent_nothing(code: str) -> None:
    answer = await broadcast(failure("Unknown field", code))

    assert isinstance(answer, Declined)
    assert (answer.code, answer.provider_code) == ("TXN_CHAIN_REFUSED", code)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (VALIDATORS.format("Object ID 0x1 Version 0x5 Digest 2j is not available for consumption, current version: 0x7"), "BAD_USER_INPUT"),
        (VALIDATORS.format("Object (0x1, SequenceNumber(5), o#2) already locked by a different transaction: TransactionDigest(3)"), "BAD_USER_INPUT"),
        ("Failed to sign transaction by a quorum of validators because of locked objects", "BAD_USER_INPUT"),
        ("Could not find the referenced object 0x1 at version Some(SequenceNumber(5))", "BAD_USER_INPUT"),
        # Of two reasons the one counts that leaves it open.
        ("Balance of gas object 10 is lower than the needed amount: 100; object 0x1 is not available for consumption", "BAD_USER_INPUT"),
        ("something that was never seen", "BAD_USER_INPUT"),
        ("Invalid user signature", "INTERNAL_SERVER_ERROR"),
        ("Request timed out. Limit: 74s", "REQUEST_TIMEOUT"),
        ("no code", ""),
    ],
)  # fmt: skip
async def test_what_leaves_it_open(words: str, code: str) -> None:
    assert isinstance(await broadcast(failure(words, code)), Unanswered)


async def test_known_with_another_signature_is_known() -> None:
    words = "The transaction is already finalized but with different user signatures"

    answer = await broadcast(failure(words, "INTERNAL_SERVER_ERROR"))

    assert answer == Accepted(transaction_hash=NAME)


async def test_a_limit_was_not_executed() -> None:
    assert isinstance(await broadcast(failure("slow down", "RATE_LIMITED")), NotAttempted)


def executed(digest: str, status: str = "SUCCESS") -> dict[str, object]:
    effects = {"digest": digest, "status": status}
    return {"data": {"executeTransaction": {"effects": effects}}}


@pytest.mark.parametrize(
    "content",
    [
        executed(43 * "3"),
        executed("0"),
        {"data": {"executeTransaction": {"effects": None}}},
        {"data": None},
        {},
        [],
    ],
)
async def test_an_answer_that_does_not_fit_leaves_it_open(content: object) -> None:
    assert isinstance(await broadcast(answer_of(content)), Unanswered)


async def test_one_that_failed_was_accepted() -> None:
    """What it did is told by its sighting."""
    assert isinstance(await broadcast(answer_of(executed(NAME, "FAILURE"))), Accepted)
