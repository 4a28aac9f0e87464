"""Withdraws to banks through the real platform: an off-ramp is paid on the chain and pays out."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from bench.platform import Platform, started
from resolvers.ids import Kind, decode
from tests.integration.api.client import Json, Person, Records, demo_people, new_key, only_error
from tests.sequences import WITHDRAW_TO_BANK

pytestmark = pytest.mark.enable_socket

_WAIT_SECONDS_MAX = 30.0
_POLL_SECONDS = 0.3
STATES = [
    "INITIATED",
    "BALANCE_RESERVED",
    "PROVIDER_SELECTED",
    "PROVIDER_PROCESSING",
    "BLOCKCHAIN_PENDING",
    "BLOCKCHAIN_CONFIRMED",
    "PROVIDER_PROCESSING",
    "BALANCE_UPDATED",
    "COMPLETED",
]
_ADD = """mutation ($input: AddBankAccountInput!) { addBankAccount(input: $input) {
  bankAccounts { id label currency rail } errors { code field } } }"""
_REMOVE = """mutation ($input: RemoveBankAccountInput!) { removeBankAccount(input: $input) {
  bankAccounts { id } errors { code field } } }"""
_SHOWN = """query ($id: ID!) { transaction(id: $id) { id type state reason waitingOn fundsLocation
  receivedAmount provider providerExplanation fees { kind amount asset } timeline { state } } }"""
_DETAILS = {
    "account_number": "000123456789",
    "routing_number": "021000021",
    "street_line_1": "1 Example Street",
    "city": "New York",
    "state": "NY",
    "postal_code": "10001",
}
_WISH: dict[str, object] = {
    "ownerName": "Ada Example",
    "currency": "USD",
    "country": "US",
    "rail": "ACH",
    "details": [{"name": name, "value": value} for name, value in _DETAILS.items()],
}
_CANCELLED = """SELECT count(*) FROM provider_interaction i JOIN effect e
  ON e.stream_id = i.transaction_id AND e.kind = 'payout.cancel' AND e.state = 'DONE'
  WHERE i.provider = 'bridge' AND i.operation = 'cancel' AND i.outcome = 'DONE'"""
_LEDGER = """SELECT coalesce(sum(b.posted), 0) FROM balance b JOIN account a ON a.id = b.account_id
  WHERE a.code IN ('provider:bridge:USDC', 'provider:due:USDC')"""


class Sandbox:
    """The simulated off-ramps, driven from outside."""

    def __init__(self, platform: Platform, http: httpx.AsyncClient) -> None:
        self._url, self._http = platform.ready.sandbox_url, http

    async def post(self, path: str, body: object) -> None:
        answer = await self._http.post(f"{self._url}/{path}", json=body)
        assert answer.status_code < 300, answer.text

    async def skip(self, seconds: int) -> None:
        await self.post("control/clock", {"skip_seconds": seconds})

    async def clear(self) -> None:
        await self._http.delete(f"{self._url}/control/faults")


@pytest.fixture
async def sandbox(platform: Platform, http: httpx.AsyncClient) -> AsyncIterator[Sandbox]:
    found = Sandbox(platform, http)
    await found.post("control/solana/timing", {"confirm_ms": 0, "finalize_ms": 0})
    yield found
    await found.clear()


async def added(person: Person, **more: object) -> str:
    wish = {**_WISH, "idempotencyKey": new_key()}
    payload = (await person.data(_ADD, input={**wish, **more}))["addBankAccount"]
    assert payload["errors"] == []
    account = payload["bankAccounts"][-1]
    assert account["label"].endswith("6789")
    assert "000123456789" not in str(payload)
    return str(account["id"])


async def begin(person: Person, account: str, amount: str = "100") -> Json:
    return await person.mutate(
        "initiateWithdraw",
        amount=amount,
        destination={"bankAccount": {"id": account}},
        idempotencyKey=new_key(),
    )


async def shown(person: Person, identifier: str) -> Json:
    return (await person.data(_SHOWN, id=identifier))["transaction"]


async def paid(person: Person, identifier: str, sandbox: Sandbox) -> Json:
    """The transaction after as many days at the provider as it takes."""
    async with asyncio.timeout(_WAIT_SECONDS_MAX):
        while True:
            found = await shown(person, identifier)
            if found["state"] in {"COMPLETED", "FAILED"}:
                return found
            await sandbox.skip(86_400)
            await asyncio.sleep(_POLL_SECONDS)


async def until_found(records: Records, query: str) -> None:
    while True:
        if await records.count(query):
            return
        await asyncio.sleep(_POLL_SECONDS)


async def test_it_is_paid_out_and_booked(alice: Person, records: Records, sandbox: Sandbox) -> None:
    account = await added(alice)
    identifier = await alice.signed(await begin(alice, account))

    done = await paid(alice, identifier, sandbox)

    assert (done["state"], done["fundsLocation"]) == ("COMPLETED", "DELIVERED")
    published = await records.published(identifier)
    assert [name for name in published if name in WITHDRAW_TO_BANK] == WITHDRAW_TO_BANK
    states = [row["state"] for row in done["timeline"]]
    passed = [name for at, name in enumerate(states) if at == 0 or states[at - 1] != name]
    assert passed == STATES
    fees = {fee["kind"]: Decimal(fee["amount"]) for fee in done["fees"]}
    assert fees["PLATFORM"] == Decimal("0.48")
    assert Decimal(90) < Decimal(done["receivedAmount"]) < Decimal("99.6")
    assert await records.count(_LEDGER) == 0


@pytest.mark.parametrize("provider", ["bridge", "due"])
async def test_what_the_bank_does_not_take_comes_back(
    alice: Person, records: Records, sandbox: Sandbox, provider: str
) -> None:
    """Of the two the second never says by which transaction."""
    account = await added(alice)
    others = {"kind": "rate_limit", "operations": ["create_transfer"]}
    if provider != "bridge":
        await sandbox.post("control/faults", {**others, "provider": "bridge"})
    payload = await begin(alice, account)
    identifier = await alice.signed(payload)
    assert (await shown(alice, identifier))["provider"] == provider
    reference = await records.reference(identifier)
    transfer = reference.rpartition("/")[2]

    await sandbox.post(f"{provider}/_simulate/transfers/{transfer}/undeliverable", {})
    ended = await paid(alice, identifier, sandbox)

    assert (ended["state"], ended["reason"]) == ("FAILED", "PAY_RETURNED")
    assert ended["fundsLocation"] == "RETURNED"
    assert await records.count(_LEDGER) == 0


async def test_who_cannot_gives_way_to_the_next(alice: Person, sandbox: Sandbox) -> None:
    account = await added(alice)
    await sandbox.post(
        "control/faults",
        {"kind": "rate_limit", "provider": "bridge", "operations": ["create_transfer"]},
    )
    identifier = await alice.signed(await begin(alice, account))

    done = await paid(alice, identifier, sandbox)

    assert (done["state"], done["provider"]) == ("COMPLETED", "due")


async def test_what_was_not_answered_is_found_and_not_opened_twice(
    alice: Person, records: Records, sandbox: Sandbox
) -> None:
    account = await added(alice)
    fault = {"kind": "timeout_after_executing", "provider": "bridge", "hang_ms": 200}
    more = {"operations": ["create_transfer"], "remaining": 1}
    await sandbox.post("control/faults", {**fault, **more})

    identifier = await alice.signed(await begin(alice, account))
    done = await paid(alice, identifier, sandbox)

    assert (done["state"], done["provider"]) == ("COMPLETED", "bridge")
    assert "OutcomeUnknown" in await records.published(identifier)
    assert await records.count(_LEDGER) == 0


def alice_at(platform: Platform, http: httpx.AsyncClient) -> Person:
    return demo_people(platform.ready, http)["alice"]


async def test_days_pass_over_a_restart_and_the_bank_is_still_paid(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    with started(tmp_path / "data") as first:
        alice = alice_at(first, http)
        identifier = await alice.signed(await begin(alice, await added(alice)))
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            while True:
                if (await shown(alice, identifier))["fundsLocation"] == "PROVIDER":
                    break
                await asyncio.sleep(_POLL_SECONDS)
        assert first.stop() == 0

    with started(tmp_path / "data") as second:
        later, sandbox = alice_at(second, http), Sandbox(second, http)
        assert (await shown(later, identifier))["fundsLocation"] == "PROVIDER"
        await sandbox.skip(3 * 86_400)

        done = await paid(later, identifier, sandbox)

        assert (done["state"], done["fundsLocation"]) == ("COMPLETED", "DELIVERED")


@pytest.mark.parametrize("fault", ["webhook_lost", "webhook_duplicated", "webhook_forged"])
async def test_whatever_becomes_of_webhooks_there_is_one_outcome(
    alice: Person, records: Records, sandbox: Sandbox, fault: str
) -> None:
    account = await added(alice)
    for provider in ("bridge", "due"):
        await sandbox.post("control/faults", {"kind": fault, "provider": provider})
    identifier = await alice.signed(await begin(alice, account))

    done = await paid(alice, identifier, sandbox)

    assert done["state"] == "COMPLETED"
    published = await records.published(identifier)
    assert [name for name in published if name in WITHDRAW_TO_BANK] == WITHDRAW_TO_BANK
    assert await records.count(_LEDGER) == 0


async def test_a_key_stands_for_one_account_and_for_none_that_was_removed(alice: Person) -> None:
    key = new_key()
    account = await added(alice, idempotencyKey=key)
    assert await added(alice, idempotencyKey=key) == account

    other = {**_WISH, "idempotencyKey": key, "ownerName": "Bob Example"}
    (error,) = (await alice.data(_ADD, input=other))["addBankAccount"]["errors"]
    assert error == {"code": "VAL_IDEMPOTENCY_CONFLICT", "field": "input.idempotencyKey"}

    await alice.data(_REMOVE, input={"id": account})
    again = await alice.data(_ADD, input={**_WISH, "idempotencyKey": key})
    (error,) = again["addBankAccount"]["errors"]
    assert error["code"] == "VAL_IDEMPOTENCY_CONFLICT"


async def test_another_users_account_does_not_exist(alice: Person, bob: Person) -> None:
    account = await added(alice)

    error = only_error(await begin(bob, account, "20"))

    assert error["code"] == "TXN_BANK_ACCOUNT_UNKNOWN"
    payload = (await bob.data(_REMOVE, input={"id": account}))["removeBankAccount"]
    assert [each["code"] for each in payload["errors"]] == ["TXN_BANK_ACCOUNT_UNKNOWN"]


async def test_it_can_be_cancelled_before_it_is_signed(alice: Person, records: Records) -> None:
    account = await added(alice)
    before = await records.now()
    identifier = (await begin(alice, account))["transaction"]["id"]
    await alice.pending(identifier)

    assert (await alice.cancel(identifier))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert (await records.now()).balances == before.balances


@pytest.mark.parametrize("kind", [None, "timeout_after_executing", "timeout_before_executing"])
async def test_what_is_cancelled_is_cancelled_at_the_provider_too(
    alice: Person, records: Records, sandbox: Sandbox, kind: str | None
) -> None:
    identifier = str((await begin(alice, await added(alice)))["transaction"]["id"])
    await alice.pending(identifier)
    if kind is not None:
        lost = {"kind": kind, "provider": "bridge", "operations": ["delete_transfer"]}
        await sandbox.post("control/faults", {**lost, "remaining": 1, "hang_ms": 200})

    assert (await alice.cancel(identifier))["errors"] == []

    done = f"{_CANCELLED} AND i.transaction_id = '{decode(Kind.TRANSACTION, identifier)}'"
    async with asyncio.timeout(_WAIT_SECONDS_MAX):
        await until_found(records, done)
    assert (await shown(alice, identifier))["reason"] == "TXN_CANCELLED"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"rail": "PIGEON"}, "VAL_RAIL"),
        ({"currency": "XYZ"}, "VAL_CURRENCY"),
        ({"country": "USA"}, "VAL_COUNTRY"),
        ({"ownerName": " "}, "VAL_BANK_ACCOUNT"),
        ({"details": [{"name": "account_number", "value": "x"}]}, "PRV_BANK_ACCOUNT"),
    ],
)
async def test_an_account_that_nobody_takes_is_refused(
    alice: Person, wrong: dict[str, object], code: str
) -> None:
    wish = {**_WISH, "idempotencyKey": new_key()}
    payload = (await alice.data(_ADD, input={**wish, **wrong}))["addBankAccount"]
    assert [error["code"] for error in payload["errors"]] == [code]
