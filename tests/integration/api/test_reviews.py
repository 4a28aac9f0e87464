"""Reviews through the real platform: an operator decides from the command line while it runs."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from decimal import Decimal

import asyncpg
import pytest
from solders.keypair import Keypair

from bench.platform import Platform
from resolvers.ids import Kind, decode
from tests.integration.api.client import Json, Person, new_key, only_error, owner_of, receive, sign

pytestmark = pytest.mark.enable_socket

BALANCE = "{ wallet { available { posted reserved earmarked spendable } } }"
ROW = "query ($id: ID!) { transaction(id: $id) { state waitingOn fundsLocation } }"


class Operator:
    """Somebody with a shell beside the running platform."""

    def __init__(self, platform: Platform) -> None:
        self._ready = platform.ready

    def does(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "infrastructure.cli", *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": os.environ["PATH"], "DATABASE_URL": self._ready.database_url},
        )

    async def rates(self, username: str, tier: str, country: str) -> None:
        """A riskier user needs approval from a lower line on."""
        async with owner_of(self._ready) as connection:
            await connection.execute(
                "UPDATE app_user SET risk_tier = $2, country = $3 WHERE username = $1",
                username,
                tier,
                country,
            )

    async def decisions(self, username: str) -> list[Json]:
        """What was decided on a user, in order."""
        connection = await asyncpg.connect(self._ready.database_url)
        try:
            rows = await connection.fetch(
                "SELECT k.* FROM user_decision k JOIN app_user u ON u.id = k.user_id "
                "WHERE u.username = $1 ORDER BY k.id",
                username,
            )
            return [dict(row) for row in rows]
        finally:
            await connection.close()


@pytest.fixture
def operator(platform: Platform) -> Operator:
    return Operator(platform)


async def made_risky(person: Person, operator: Operator) -> AsyncIterator[Person]:
    """Somebody with enough money, whose every movement above 1,000 USD a person has to approve."""
    await receive(person, 1_500)
    await operator.rates(person.name, "high", "XX")
    yield person
    await operator.rates(person.name, "low", "US")


@pytest.fixture
async def risky(alice: Person, operator: Operator) -> AsyncIterator[Person]:
    """Whose movements come to nothing, and so take nothing of the day's limit."""
    async for person in made_risky(alice, operator):
        yield person


@pytest.fixture
async def approved(carol: Person, operator: Operator) -> AsyncIterator[Person]:
    """Whose one movement uses half of the day's limit up."""
    async for person in made_risky(carol, operator):
        yield person


async def balance(person: Person) -> Json:
    return (await person.data(BALANCE))["wallet"]["available"]


async def row(person: Person, identifier: str) -> tuple[str, str, str]:
    found = (await person.data(ROW, id=identifier))["transaction"]
    return found["state"], found["waitingOn"], found["fundsLocation"]


async def used(person: Person) -> Decimal:
    found = await person.data("{ me { limits { windows { days paymentMethod used } } } }")
    (day,) = [
        window
        for window in found["me"]["limits"]["windows"]
        if window["days"] == 1 and window["paymentMethod"] is None
    ]
    return Decimal(day["used"])


def key_of(identifier: str) -> str:
    return str(decode(Kind.TRANSACTION, identifier))


async def test_what_is_refused_is_free_again(risky: Person, operator: Operator) -> None:
    before, counted = await balance(risky), await used(risky)
    payload = await risky.mutate(
        "initiateWithdraw",
        amount="1001",
        destination={"externalWallet": {"address": str(Keypair().pubkey())}},
        idempotencyKey=new_key(),
    )
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    assert await row(risky, identifier) == ("INITIATED", "OPERATOR", "RESERVED")

    done = operator.does("compliance", "refuse", key_of(identifier), "--reason", "no papers")

    assert done.returncode == 0, done.stderr
    ended = await risky.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "CMP_REVIEW_REFUSED")
    assert await balance(risky) == before
    assert await used(risky) == counted


async def test_its_user_may_cancel_it_meanwhile(risky: Person, operator: Operator) -> None:
    before = await balance(risky)
    identifier = await risky.begin("@bob", "1001")

    assert (await risky.cancel(identifier))["errors"] == []

    ended = await risky.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert await balance(risky) == before
    done = operator.does("compliance", "approve", key_of(identifier), "--reason", "x")
    assert done.returncode == 1
    assert "does not wait" in done.stderr


async def test_what_is_approved_goes_on_and_counts(approved: Person, operator: Operator) -> None:
    before, counted = await balance(approved), await used(approved)
    identifier = await approved.begin("@bob", "1001")
    assert await row(approved, identifier) == ("INITIATED", "OPERATOR", "RESERVED")
    held = await balance(approved)
    assert Decimal(held["earmarked"]) - Decimal(before["earmarked"]) == 1_001
    assert await used(approved) - counted == 1_001
    assert key_of(identifier) in operator.does("compliance", "list").stdout

    done = operator.does(
        "compliance", "approve", key_of(identifier), "--reason", "salary", "--by", "olga"
    )

    assert done.returncode == 0, done.stderr
    action = await approved.pending(identifier)
    held = await balance(approved)
    assert held["earmarked"] == before["earmarked"]
    assert Decimal(held["reserved"]) - Decimal(before["reserved"]) == 1_001
    await approved.submit(action["id"], sign(action["payload"], approved.keypair))
    assert (await approved.ended(identifier))["state"] == "COMPLETED"
    assert await used(approved) - counted == 1_001
    again = operator.does("compliance", "refuse", key_of(identifier), "--reason", "late")
    assert again.returncode == 1
    error = only_error(
        await approved.mutate(
            "initiateSend", amount="1001", recipient="@bob", idempotencyKey=new_key()
        )
    )
    assert error["code"] == "CMP_REGION_LIMIT"
    assert error["retryAfterSeconds"] > 0
    assert "USD" in error["why"]


async def test_an_operator_sets_the_level_and_it_holds_at_once(
    bob: Person, operator: Operator
) -> None:
    lowered = operator.does("user", "set-kyc", "@bob", "unverified", "--reason", "expired")
    assert lowered.returncode == 0, lowered.stderr
    try:
        wish = {"amount": "5", "recipient": "@alice"}
        refused = await bob.mutate("initiateSend", **wish, idempotencyKey=new_key())
        assert only_error(refused)["code"] == "CMP_KYC_REQUIRED"
        shown = await bob.data("{ me { kycLevel limits { transaction flows } } }")
        assert shown["me"]["kycLevel"] == "unverified"
        assert shown["me"]["limits"] == {
            "transaction": "100.000000",
            "flows": ["buy", "deposit"],
        }
    finally:
        raised = operator.does("user", "set-kyc", "bob", "advanced", "--reason", "renewed")
        assert raised.returncode == 0
    decisions = await operator.decisions("bob")
    assert [(each["value_before"], each["value"]) for each in decisions[-2:]] == [
        ("advanced", "unverified"),
        ("unverified", "advanced"),
    ]
    assert decisions[-1]["reason"] == "renewed"


async def test_an_operator_sets_the_risk_and_it_scales_the_limits_at_once(
    bob: Person, operator: Operator
) -> None:
    limit = "{ me { limits { transaction } } }"
    before = Decimal((await bob.data(limit))["me"]["limits"]["transaction"])
    raised = operator.does("user", "set-risk", "@bob", "high", "--reason", "odd", "--by", "olga")
    assert raised.returncode == 0, raised.stderr
    try:
        after = Decimal((await bob.data(limit))["me"]["limits"]["transaction"])
        assert after == before / 5
    finally:
        assert operator.does("user", "set-risk", "bob", "low", "--reason", "fine").returncode == 0
    decisions = [each for each in await operator.decisions("bob") if each["subject"] == "risk_tier"]
    told = [(each["value_before"], each["value"], each["reason"]) for each in decisions[-2:]]
    assert told == [("low", "high", "odd"), ("high", "low", "fine")]
    assert decisions[-2]["decided_by"] == "olga"


async def test_the_list_is_told_page_by_page(
    risky: Person, approved: Person, operator: Operator
) -> None:
    keys = [key_of(await person.begin("@bob", "1001")) for person in (risky, approved)]

    first = operator.does("compliance", "list", "--limit", "1").stdout.splitlines()
    assert first[0].startswith(keys[0])
    assert first[1:] == [f"more with --after {keys[0]}"]
    second = operator.does("compliance", "list", "--limit", "1", "--after", keys[0]).stdout
    assert [line.split()[0] for line in second.splitlines()] == keys[1:]


@pytest.mark.parametrize(
    "arguments",
    [
        ("compliance", "approve", "nonsense", "--reason", "x"),
        ("compliance", "approve", "00000000-0000-0000-0000-000000000000", "--reason", "x"),
        ("compliance", "approve", "00000000-0000-0000-0000-000000000000", "--reason", " "),
        ("user", "set-kyc", "@nobody", "basic", "--reason", "x"),
        ("user", "set-kyc", "@carol", "royal", "--reason", "x"),
        ("user", "set-risk", "@carol", "none", "--reason", "x"),
        ("compliance", "list", "--after", "nonsense"),
    ],
)
def test_what_makes_no_sense_is_one_line(operator: Operator, arguments: tuple[str, ...]) -> None:
    done = operator.does(*arguments)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
