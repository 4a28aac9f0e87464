"""What users hear of their transactions and wallets as it happens, on the real platform."""

import asyncio
import base64
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import pytest

from bench.platform import Platform
from infrastructure.db.positions import START, Position
from resolvers.ids import Kind, encode
from tests.integration.api.chain import Chain
from tests.integration.api.client import Json, Person, Records, new_key, sign
from tests.integration.api.live import TRANSACTIONS, WALLET, Socket, events_of, socket_of

pytestmark = pytest.mark.enable_socket

OWN_EVENTS: Final = [
    *("SendTransactionInitiated", "ComplianceCleared", "RecipientValidated"),
    *("AvailableBalanceReserved", "GatewaySelected", "SolanaTransferRequested"),
    *("UserActionRequired", "UserActionSubmitted", "UserActionCompleted"),
    *("SolanaTransferBroadcast", "SolanaTransferConfirmed", "RecipientBalanceUpdated"),
    "SendTransactionCompleted",
]
CREDITED: Final = ["RecipientBalanceUpdated", "SendTransactionCompleted"]
WHOLE: Final = """transaction { id role type state subState asset amount receivedAmount memo reason
  fees { kind amount asset provider } sender { username address } recipient { username address }
  failure { code } waitingOn nextCheckAt outcomeCertainty fundsLocation availableActions
  progressPercent attempt provider providerExplanation chain chainSignature cancellable
  approvalDeadline estimatedCompletion createdAt updatedAt completedAt correlationId
  timeline { state eventType } steps { name } attempts { result } interactions { outcome }
  userActions { payload summary } }"""
ELSEWHERE: Final = Position(1, 2**60, 2**60).encode()
"""A cursor of another log: this one is not that far."""


@pytest.fixture
def chain(platform: Platform, http: httpx.AsyncClient) -> Chain:
    return Chain(platform.ready, http)


def types(items: list[Json]) -> list[str]:
    return [item["type"] for item in items]


async def test_server_sent_events_follow_a_send(alice: Person, records: Records) -> None:
    async with events_of(alice, TRANSACTIONS, after=await records.cursor()) as stream:
        transaction = await alice.begin()
        items = await stream.until("UserActionRequired")
        await alice.cancel(transaction)
        items += await stream.until("SendTransactionFailed")

    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert b"\r" not in stream.raw
    assert stream.raw.startswith(b'event: next\ndata: {"data":{"transactionUpdates":')
    assert [item["sequence"] for item in items] == list(range(1, len(items) + 1))
    assert {item["transaction"]["id"] for item in items} == {transaction}
    assert types(items) == [
        *OWN_EVENTS[:7],
        *("CancellationRequested", "UserActionCancelled", "SolanaTransferFailed"),
        *("BalanceReservationReleased", "SendTransactionFailed"),
    ]
    assert items[-1]["state"] == "FAILED"


async def test_a_whole_send_over_one_socket(alice: Person, records: Records) -> None:
    begun_at = datetime.now(UTC) - timedelta(seconds=5)
    initiate = """mutation ($input: InitiateSendInput!) { initiateSend(input: $input) {
      transaction { id } errors { code } } }"""
    wish = {"amount": "25", "recipient": "@bob", "idempotencyKey": new_key()}
    async with socket_of(alice) as socket:
        updates = await socket.subscribe(TRANSACTIONS, after=await records.cursor())
        asking = await socket.subscribe(initiate, input=wish)
        payload = await asking.item()
        assert (await asking.message())["type"] == "complete"
        transaction = payload["transaction"]["id"]
        items = await updates.until("UserActionRequired")
        action = await alice.pending(transaction)
        await alice.submit(action["id"], sign(action["payload"], alice.keypair))
        items += await updates.until("SendTransactionCompleted")

        assert types(items) == OWN_EVENTS
        assert [item["sequence"] for item in items] == list(range(1, len(OWN_EVENTS) + 1))
        assert {item["resync"] for item in items} == {False}
        assert {item["transaction"]["id"] for item in items} == {transaction}
        kinds = {item["type"]: item["kind"] for item in items}
        assert kinds["SendTransactionInitiated"] == "TransactionInitiated"
        assert kinds["AvailableBalanceReserved"] == "BalanceReserved"
        assert kinds["SendTransactionCompleted"] == "TransactionCompleted"
        assert (items[0]["state"], items[-1]["state"]) == ("INITIATED", "COMPLETED")
        assert items[6]["subState"] == "TRANSACTION_SIGNING"
        moments = [datetime.fromisoformat(item["occurredAt"]) for item in items]
        assert moments == sorted(moments)
        assert moments[0] > begun_at

        # From each cursor on come exactly the items behind it, the same ones.
        for index, item in enumerate(items[:-1]):
            replay = await socket.subscribe(TRANSACTIONS, after=item["cursor"])
            again = await replay.until("SendTransactionCompleted")
            marks = [{**each, "transaction": None} for each in again]
            assert marks == [{**each, "transaction": None} for each in items[index + 1 :]]
        ended = await socket.subscribe(TRANSACTIONS, after=items[-1]["cursor"])
        assert await ended.quiet()


async def test_of_one_transaction_alone(alice: Person, records: Records) -> None:
    after = await records.cursor()
    first, second = await alice.begin(), await alice.begin("@carol", "5")
    for transaction in (first, second):
        await alice.pending(transaction)
        await alice.cancel(transaction)
    async with socket_of(alice) as socket:
        every = await socket.subscribe(TRANSACTIONS, after=after)
        one = await socket.subscribe(TRANSACTIONS, after=after, id=second)

        items = await one.until("SendTransactionFailed")

        assert {item["transaction"]["id"] for item in items} == {second}
        assert [item["sequence"] for item in items] == list(range(1, len(items) + 1))
        both = await every.until("SendTransactionFailed")
        both += await every.until("SendTransactionFailed")
        assert [item for item in both if item["transaction"]["id"] == second] == items
        assert {item["transaction"]["id"] for item in both} == {first, second}


async def test_the_wallets_items_show_how_its_balances_change(
    alice: Person, bob: Person, records: Records
) -> None:
    after = await records.cursor()
    before = (await alice.data("{ wallet { available { posted } } }"))["wallet"]["available"]
    async with socket_of(alice) as hers, socket_of(bob) as his:
        lines = [
            await hers.subscribe(WALLET, after=after),
            await his.subscribe(WALLET, after=after),
        ]
        cancelled = await alice.begin(amount="30")
        reserved = await lines[0].item()
        await alice.cancel(cancelled)
        released = await lines[0].item()
        sent = await alice.send(amount="25")
        spent = [await lines[0].item(), await lines[0].item()]
        credited = await lines[1].item()
        assert await lines[0].quiet()
        assert await lines[1].quiet()

    items = [reserved, released, *spent]
    assert types(items) == [
        *("AvailableBalanceReserved", "BalanceReservationReleased"),
        *("AvailableBalanceReserved", "RecipientBalanceUpdated"),
    ]
    assert [item["kind"] for item in items] == [
        *("BalanceReserved", "BalanceReservationReleased", "BalanceReserved", "BalanceUpdated"),
    ]
    assert [item["transaction"]["id"] for item in items] == [cancelled, cancelled, sent, sent]
    first, last = reserved["wallet"]["available"], spent[-1]["wallet"]["available"]
    assert (first["posted"], first["reserved"]) == (before["posted"], "30.000000")
    assert released["wallet"]["available"]["reserved"] == "0.000000"
    assert float(before["posted"]) - float(last["posted"]) == pytest.approx(25)
    assert (credited["type"], credited["kind"]) == ("RecipientBalanceUpdated", "BalanceUpdated")
    assert credited["transaction"]["id"] == sent


async def test_the_recipient_learns_nothing_of_the_sender(
    alice: Person, bob: Person, records: Records
) -> None:
    after = await records.cursor()
    document = f"""subscription ($after: String) {{ transactionUpdates(after: $after) {{
      type kind sequence state subState cursor {WHOLE} }} }}"""
    async with socket_of(bob) as socket, events_of(bob, document, after=after) as stream:
        line = await socket.subscribe(document, after=after)
        transaction = await alice.send(amount="17.654321")
        heard = await line.until(CREDITED[-1])
        streamed = await stream.until(CREDITED[-1])
        texts = "".join(socket.texts) + stream.raw.decode()

    assert types(heard) == types(streamed) == CREDITED
    shown = heard[-1]["transaction"]
    assert (shown["id"], shown["role"]) == (transaction, "RECIPIENT")
    assert shown["amount"] == shown["receivedAmount"]
    assert shown["sender"] == {"username": "alice", "address": None}
    assert shown["recipient"] == {"username": "bob", "address": bob.address}
    reading = f"query ($id: ID!) {{ {WHOLE.replace('transaction', 'transaction(id: $id)', 1)} }}"
    hers = (await alice.data(reading, id=transaction))["transaction"]
    texts += (await bob.post(reading, id=transaction)).text
    secrets = [
        *(alice.address, hers["chainSignature"], hers["amount"], hers["correlationId"]),
        *(hers["approvalDeadline"], hers["userActions"][0]["payload"]),
        *(fee["amount"] for fee in hers["fees"] if fee["amount"] != "0.000000"),
    ]
    assert len(secrets) == 7
    assert not [secret for secret in secrets if secret in texts]


async def test_an_actions_statuses_as_they_pass(alice: Person, chain: Chain) -> None:
    async def statuses(transaction: str) -> list[str]:
        actions = (await alice.found(transaction))["userActions"]
        mine = (await alice.data("{ me { userActions { id status } } }"))["me"]["userActions"]
        waiting = [action["id"] for action in actions if action["status"] == "PENDING"]
        assert [action["id"] for action in mine] == waiting
        return [action["status"] for action in actions]

    cancelled = await alice.begin()
    await alice.pending(cancelled)
    assert await statuses(cancelled) == ["PENDING"]
    await alice.cancel(cancelled)
    assert await statuses(cancelled) == ["CANCELLED"]

    sent = await alice.begin()
    action = await alice.pending(sent)
    assert action["type"] == "SIGN_TRANSACTION"
    assert action["summary"].startswith("Send 24.9")
    assert datetime.fromisoformat(action["expiresAt"]) > datetime.now(UTC)
    assert base64.b64decode(action["payload"], validate=True)[:129] == b"\x02" + bytes(128)
    slow = {"kind": "latency", "methods": ["sendTransaction"], "latency_ms": 300, "remaining": 1}
    await chain.control("faults", slow)
    payload = await alice.submit(action["id"], sign(action["payload"], alice.keypair))
    assert [each["status"] for each in payload["transaction"]["userActions"]] == ["SUBMITTED"]
    assert await statuses(sent) == ["SUBMITTED"]
    await alice.ended(sent)
    assert await statuses(sent) == ["COMPLETED"]


# ------------------------------------------------------------------ what cannot be followed


async def refused(socket: Socket, document: str, **variables: object) -> str:
    """The code of a subscription that is refused instead of begun; the socket goes on."""
    line = await socket.subscribe(document, **variables)
    message = await line.message()
    assert message["type"] == "error"
    (error,) = message["payload"]
    code: str = error["extensions"]["code"]
    asking = await socket.subscribe("{ __typename }")
    assert (await asking.message())["payload"] == {"data": {"__typename": "Query"}}
    return code


async def test_what_is_no_cursor_is_refused(alice: Person) -> None:
    async with socket_of(alice) as socket:
        for document in (TRANSACTIONS, WALLET):
            for after in ("", "x", START.encode()[:-1], "A" * 28 + "=", "é" * 28):
                assert await refused(socket, document, after=after) == "VAL_CURSOR"
    async with events_of(alice, WALLET, after="x") as stream:
        _name, data = await stream.event()
        assert data["errors"][0]["extensions"]["code"] == "VAL_CURSOR"
        assert await stream.event() == ("complete", None)


async def test_anothers_transaction_cannot_be_followed(alice: Person, bob: Person) -> None:
    transaction = await alice.begin()
    async with socket_of(bob) as socket:
        absent = encode(Kind.TRANSACTION, uuid.uuid4())
        assert await refused(socket, TRANSACTIONS, id=transaction) == "TXN_NOT_FOUND"
        assert await refused(socket, TRANSACTIONS, id=absent) == "TXN_NOT_FOUND"
        assert await refused(socket, TRANSACTIONS, id="x") == "VAL_ID"


async def test_a_cursor_of_another_log_is_answered_with_a_resync(
    alice: Person, records: Records
) -> None:
    async with socket_of(alice) as socket:
        line = await socket.subscribe(TRANSACTIONS, after=ELSEWHERE)
        first = await line.item()
        assert (first["resync"], first["type"]) == (True, "ResyncRequired")
        assert first["transaction"] is None
        assert first["cursor"] == await records.cursor()
        transaction = await alice.begin()
        items = await line.until("UserActionRequired")
    assert types(items) == OWN_EVENTS[:7]
    assert {item["transaction"]["id"] for item in items} == {transaction}


async def test_the_whole_history_begins_with_the_first_money(carol: Person, bob: Person) -> None:
    async with socket_of(bob) as socket:
        line = await socket.subscribe(WALLET, after=START.encode())
        first = await line.item()
    assert (first["type"], first["kind"]) == ("UnannouncedDepositReceived", "BalanceUpdated")
    assert (first["state"], first["transaction"]) == (None, None)
    assert first["sequence"] == 1
    assert carol.name == "carol"


async def test_many_listeners_hear_the_same(alice: Person, records: Records) -> None:
    after = await records.cursor()
    async with socket_of(alice) as one, socket_of(alice) as other:
        lines = [
            await socket.subscribe(TRANSACTIONS, after=after)
            for socket in (one, other)
            for _ in range(10)
        ]
        await alice.cancel(await alice.begin())
        heard = await asyncio.gather(*(line.until("SendTransactionFailed") for line in lines))
    marks = [[(item["cursor"], item["type"]) for item in items] for items in heard]
    assert marks == [marks[0]] * 20
