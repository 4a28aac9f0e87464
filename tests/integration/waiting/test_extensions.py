"""EXTEND_TIMEOUT over the API: whose time is nearly over is asked, and may have as long again."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.api.client import Json, Person, new_key, sign
from tests.integration.waiting.conftest import WINDOW_SECONDS

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.chaos,  # real time passes, most of a minute of it
]
WINDOW = timedelta(seconds=WINDOW_SECONDS)
_DEADLINE = "query ($id: ID!) { transaction(id: $id) { approvalDeadline } }"


async def asked_for_time(person: Person, transaction: str) -> Json:
    """The question, as soon as it is there; what they were to do can be done beside it."""
    async with asyncio.timeout(2 * WINDOW_SECONDS):
        while True:
            actions = (await person.found(transaction))["userActions"]
            pending = [each for each in actions if each["status"] == "PENDING"]
            if pending and pending[-1]["type"] == "EXTEND_TIMEOUT":
                return pending[-1]
            await asyncio.sleep(0.05)


async def until(moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


async def test_who_needs_longer_to_sign_has_as_long_again(alice: Person) -> None:
    # Given bytes that are too old after a few seconds, and built anew as long as there is time
    timing = {"blockhash_slots": 60}
    await alice.http.post(f"{alice.ready.sandbox_url}/control/solana/timing", json=timing)
    send = await alice.begin()
    first = await deadline(alice, send)

    choice = await asked_for_time(alice, send)
    assert datetime.fromisoformat(choice["expiresAt"]) == first
    assert [each["name"] for each in choice["options"]] == ["EXTEND", "LEAVE"]
    assert (await alice.choose(choice["id"], "EXTEND"))["errors"] == []
    assert await deadline(alice, send) == first + WINDOW

    # When all that was there to sign before the first end is long too old
    await until(first + WINDOW / 2)

    (action,) = [
        each for each in (await alice.found(send))["userActions"] if each["status"] == "PENDING"
    ]
    taken = await alice.submit(action["id"], sign(action["payload"], alice.keypair))
    assert taken["errors"] == []
    assert (await alice.ended(send))["state"] == "COMPLETED"


async def test_who_needs_longer_to_pay_has_as_long_again(alice: Person) -> None:
    # Given a page that does not close by itself, as Coinbase's does
    outage = {"kind": "outage", "provider": "coinbase"}
    await alice.http.post(f"{alice.ready.sandbox_url}/control/faults", json=outage)
    payload = await alice.mutate(
        "initiateDeposit", amount="50", paymentMethod="CARD", idempotencyKey=new_key()
    )
    deposit = payload["transaction"]["id"]
    page = await alice.pending(deposit)

    choice = await asked_for_time(alice, deposit)
    ends_at = datetime.fromisoformat(choice["expiresAt"])
    assert (await alice.choose(choice["id"], "EXTEND"))["errors"] == []

    # They are asked again before the next end, and pay instead.
    again = await asked_for_time(alice, deposit)
    assert datetime.fromisoformat(again["expiresAt"]) == ends_at + WINDOW
    paid = await alice.http.post(page["payload"], data={"outcome": "pay"})
    assert paid.is_success
    done = await alice.ended(deposit)
    assert done["state"] == "COMPLETED"
    statuses = {each["type"]: each["status"] for each in done["userActions"]}
    assert statuses == {"COMPLETE_PAYMENT": "COMPLETED", "EXTEND_TIMEOUT": "CANCELLED"}


async def deadline(person: Person, transaction: str) -> datetime:
    """Until when it may be signed."""
    found = (await person.data(_DEADLINE, id=transaction))["transaction"]
    return datetime.fromisoformat(found["approvalDeadline"])
