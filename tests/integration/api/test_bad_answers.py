"""Signatures, actions and cancellations that the API must refuse, asked of the real platform over
HTTP: each time a typed error, and what waits goes on waiting with its money held."""

import asyncio
import base64
import struct
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import httpx
import pytest
from solders.instruction import CompiledInstruction
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import VersionedTransaction

from bench.platform import Platform
from infrastructure.chains.solana.addresses import LIGHTHOUSE_PROGRAM
from resolvers.ids import Kind, encode
from tests.integration.api.chain import Chain
from tests.integration.api.client import Json, Person, Records, only_error, sign, signed

pytestmark = pytest.mark.enable_socket

ACTION, SIGNED, TRANSACTION = "input.actionId", "input.signedTransaction", "input.id"
WAITS: Final = ["SUBMIT_USER_ACTION", "CANCEL"]
CACHED_SECONDS: Final = 1.1
"""So long the platform may use a blockhash that it has asked for."""

Forge = Callable[[Message, Keypair], str]


@pytest.fixture
def chain(platform: Platform, http: httpx.AsyncClient) -> Chain:
    return Chain(platform.ready, http)


def message_of(action: Json) -> Message:
    message = VersionedTransaction.from_bytes(base64.b64decode(action["payload"])).message
    assert isinstance(message, Message)
    return message


async def posted(*people: Person) -> list[Decimal]:
    document = "{ wallet { available { posted } } }"
    found = [(await person.data(document))["wallet"]["available"] for person in people]
    return [Decimal(balance["posted"]) for balance in found]


# ------------------------------------------------------------------ what was signed


def unsigned(message: Message, _keypair: Keypair) -> str:
    return base64.b64encode(b"\x02" + bytes(128) + bytes(message)).decode()


def by_another_key(message: Message, _keypair: Keypair) -> str:
    return signed(message, Keypair())


def completed_by_another(message: Message, keypair: Keypair) -> str:
    return signed(message, keypair, fee_payer=bytes(Keypair().sign_message(bytes(message))))


def one_bit_changed(message: Message, keypair: Keypair) -> str:
    whole = bytearray(base64.b64decode(signed(message, keypair)))
    whole[70] ^= 1
    return base64.b64encode(whole).decode()


def slots_swapped(message: Message, keypair: Keypair) -> str:
    own = bytes(keypair.sign_message(bytes(message)))
    return base64.b64encode(b"\x02" + own + bytes(64) + bytes(message)).decode()


def amount_changed(message: Message, keypair: Keypair) -> str:
    shown = bytes(message)
    transfer = next(bytes(i.data) for i in message.instructions if bytes(i.data)[:1] == b"\x0c")
    (amount,) = struct.unpack_from("<Q", transfer, 1)
    changed = shown.replace(transfer, struct.pack("<BQB", 12, amount + 1, 6))
    assert changed != shown
    return signed(Message.from_bytes(changed), keypair)


def recipient_changed(message: Message, keypair: Keypair) -> str:
    shown = bytes(message)
    target = next(i.accounts[2] for i in message.instructions if bytes(i.data)[:1] == b"\x0c")
    thief = bytes(Keypair().pubkey())
    changed = shown.replace(bytes(message.account_keys[target]), thief)
    return signed(Message.from_bytes(changed), keypair)


def with_assertions(message: Message, keypair: Keypair) -> str:
    header, keys = message.header, message.account_keys
    longer = Message.new_with_compiled_instructions(
        header.num_required_signatures,
        header.num_readonly_signed_accounts,
        header.num_readonly_unsigned_accounts + 1,
        [*keys, LIGHTHOUSE_PROGRAM],
        message.recent_blockhash,
        [*message.instructions, CompiledInstruction(len(keys), b"\x00", b"")],
    )
    return signed(longer, keypair)


def followed_by_a_byte(message: Message, keypair: Keypair) -> str:
    return base64.b64encode(base64.b64decode(signed(message, keypair)) + b"\x00").decode()


def the_message_alone(message: Message, _keypair: Keypair) -> str:
    return base64.b64encode(bytes(message)).decode()


def in_base58(message: Message, keypair: Keypair) -> str:
    return str(keypair.sign_message(bytes(message)))


FORGERIES: Final[list[tuple[Forge, str]]] = [
    (unsigned, "TXN_SIGNATURE_INVALID"),
    (by_another_key, "TXN_SIGNATURE_INVALID"),
    (one_bit_changed, "TXN_SIGNATURE_INVALID"),
    (completed_by_another, "TXN_SIGNATURE_FOREIGN"),
    (slots_swapped, "TXN_SIGNATURE_FOREIGN"),
    (amount_changed, "TXN_MESSAGE_CHANGED"),
    (recipient_changed, "TXN_MESSAGE_CHANGED"),
    (with_assertions, "TXN_ASSERTIONS_APPENDED"),
    (followed_by_a_byte, "VAL_SIGNED_TRANSACTION"),
    (the_message_alone, "VAL_SIGNED_TRANSACTION"),
    (in_base58, "VAL_SIGNED_TRANSACTION"),
    *((lambda _m, _k, text=text: text, "VAL_SIGNED_TRANSACTION") for text in ("", "!", "A" * 9999)),
]


@pytest.mark.parametrize(("forge", "code"), FORGERIES)
async def test_what_is_not_the_users_signature_is_refused(
    alice: Person, records: Records, forge: Forge, code: str
) -> None:
    transaction = await alice.begin()
    action = await alice.pending(transaction)
    before = await records.now()

    error = only_error(await alice.submit(action["id"], forge(message_of(action), alice.keypair)))

    assert (error["code"], error["field"]) == (code, SIGNED)
    assert error["retryability"] == "USER_ACTION"
    assert await records.now() == before
    found = await alice.found(transaction)
    assert (found["availableActions"], found["userActions"]) == (WAITS, [action])


async def test_the_signature_of_another_transaction_is_refused(
    alice: Person, records: Records
) -> None:
    """Alike in all but what makes each transaction its own."""
    actions = [await alice.pending(await alice.begin()) for _ in range(2)]
    before = await records.now()

    other = sign(actions[1]["payload"], alice.keypair)
    error = only_error(await alice.submit(actions[0]["id"], other))

    assert (error["code"], error["field"]) == ("TXN_MESSAGE_CHANGED", SIGNED)
    assert await records.now() == before


async def test_after_refusals_the_users_signature_is_taken(alice: Person, bob: Person) -> None:
    before = await posted(alice, bob)
    transaction = await alice.begin()
    action = await alice.pending(transaction)
    for forge, _code in FORGERIES:
        only_error(await alice.submit(action["id"], forge(message_of(action), alice.keypair)))

    taken = await alice.submit(action["id"], sign(action["payload"], alice.keypair))

    assert taken["errors"] == []
    assert (await alice.ended(transaction))["state"] == "COMPLETED"
    after = await posted(alice, bob)
    assert before[0] - after[0] == 25
    assert 24 < after[1] - before[1] < 25


# ------------------------------------------------------------------ stale and replayed


async def refused_answer(person: Person, action: Json, records: Records) -> Json:
    """The error of a well signed answer that comes too late; nothing is stored of it."""
    before = await records.now()
    error = only_error(await person.submit(action["id"], sign(action["payload"], person.keypair)))
    assert await records.now() == before
    assert error["field"] == ACTION
    return error


async def test_the_action_of_a_cancelled_transaction_is_stale(
    alice: Person, records: Records
) -> None:
    before = await records.now()
    transaction = await alice.begin()
    action = await alice.pending(transaction)
    await alice.cancel(transaction)

    error = await refused_answer(alice, action, records)

    assert (error["code"], error["retryability"]) == ("TXN_ACTION_STALE", "USER_ACTION")
    found = await alice.found(transaction)
    assert (found["state"], found["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert found["userActions"] == [{**action, "status": "CANCELLED"}]
    held = [row[1:3] for row in (await records.now()).balances]
    assert held == [row[1:3] for row in before.balances]


async def test_an_action_that_its_time_has_passed_is_stale(
    alice: Person, records: Records, chain: Chain
) -> None:
    usual = await chain.control("timing", method="GET")
    # An action lives for the blocks of its blockhash without a margin of five seconds.
    await chain.control("timing", {"blockhash_slots": 15})
    try:
        await asyncio.sleep(CACHED_SECONDS)
        transaction = await alice.begin()
        action = await alice.pending(transaction)
    finally:
        await chain.control("timing", usual)
    fresh = await alice.pending(transaction, besides=action["id"])

    error = await refused_answer(alice, action, records)

    assert error["code"] == "TXN_ACTION_STALE"
    assert (await alice.found(transaction))["userActions"] == [
        {**action, "status": "EXPIRED"},
        fresh,
    ]
    assert (await alice.data("{ me { userActions { id } } }"))["me"]["userActions"] == [
        {"id": fresh["id"]}
    ]


async def test_an_action_that_the_chain_no_longer_takes_is_stale_and_made_anew(
    alice: Person, records: Records, chain: Chain
) -> None:
    transaction = await alice.begin()
    action = await alice.pending(transaction)
    await asyncio.sleep(CACHED_SECONDS)
    before = (await records.now()).balances
    await chain.control("advance", {"slots": 500})

    answer = sign(action["payload"], alice.keypair)
    error = only_error(await alice.submit(action["id"], answer))

    assert (error["code"], error["field"]) == ("TXN_ACTION_STALE", ACTION)
    assert (await records.now()).balances == before
    fresh = await alice.pending(transaction)
    assert fresh["id"] != action["id"]
    # Neither the old answer nor the old bytes for the new action are taken.
    assert (await refused_answer(alice, action, records))["code"] == "TXN_ACTION_STALE"
    assert only_error(await alice.submit(fresh["id"], answer))["code"] == "TXN_MESSAGE_CHANGED"
    taken = await alice.submit(fresh["id"], sign(fresh["payload"], alice.keypair))
    assert taken["errors"] == []
    assert (await alice.ended(transaction))["state"] == "COMPLETED"


async def test_an_answer_is_taken_once(alice: Person, bob: Person, records: Records) -> None:
    before = await posted(alice, bob)
    transaction = await alice.begin()
    action = await alice.pending(transaction)
    answer = sign(action["payload"], alice.keypair)

    payloads = await asyncio.gather(*(alice.submit(action["id"], answer) for _ in range(10)))

    assert [payload["errors"] for payload in payloads].count([]) == 1
    for payload in payloads:
        if payload["errors"]:
            error = only_error(payload)
            assert (error["code"], error["field"]) == ("TXN_ACTION_REPLAYED", ACTION)
    assert (await alice.ended(transaction))["state"] == "COMPLETED"
    error = await refused_answer(alice, action, records)
    assert (error["code"], error["retryability"]) == ("TXN_ACTION_REPLAYED", "PERMANENT")
    after = await posted(alice, bob)
    assert before[0] - after[0] == 25


@pytest.mark.parametrize("first", ["cancel", "submit"])
async def test_of_an_answer_and_a_cancellation_one_counts(alice: Person, first: str) -> None:
    (before,) = await posted(alice)
    transaction = await alice.begin()
    action = await alice.pending(transaction)
    deeds = {
        "submit": alice.submit(action["id"], sign(action["payload"], alice.keypair)),
        "cancel": alice.cancel(transaction),
    }
    order = sorted(deeds, key=lambda name: name != first)

    payloads = dict(zip(order, await asyncio.gather(*(deeds[name] for name in order)), strict=True))

    found = await alice.ended(transaction)
    (after,) = await posted(alice)
    if payloads["submit"]["errors"]:
        assert only_error(payloads["submit"])["code"] == "TXN_ACTION_STALE"
        assert (found["state"], found["reason"]) == ("FAILED", "TXN_CANCELLED")
        assert after == before
    else:
        assert only_error(payloads["cancel"])["code"] == "TXN_NOT_CANCELLABLE"
        assert found["state"] == "COMPLETED"
        assert before - after == 25


async def test_what_was_signed_or_has_ended_is_not_cancelled_and_nothing_twice(
    alice: Person, records: Records
) -> None:
    cancelled, sent = await alice.begin(), await alice.begin()
    action = await alice.pending(sent)
    await alice.pending(cancelled)
    await alice.cancel(cancelled)
    await alice.submit(action["id"], sign(action["payload"], alice.keypair))
    early = only_error(await alice.cancel(sent))
    await alice.ended(sent)
    before = await records.now()

    for error in (early, only_error(await alice.cancel(sent))):
        assert (error["code"], error["field"]) == ("TXN_NOT_CANCELLABLE", TRANSACTION)
        assert (error["severity"], error["retryability"]) == ("MEDIUM", "PERMANENT")
    again = await alice.cancel(cancelled)
    assert (again["errors"], again["transaction"]["reason"]) == ([], "TXN_CANCELLED")
    assert await records.now() == before


# ------------------------------------------------------------------ somebody else's


@pytest.mark.parametrize("who", ["bob", "carol"])
async def test_anothers_transaction_is_answered_like_one_that_is_not_there(
    people: dict[str, Person], records: Records, who: str
) -> None:
    alice, other = people["alice"], people[who]
    transaction = await alice.begin()
    action = await alice.pending(transaction)
    answer = sign(action["payload"], other.keypair)
    before = await records.now()
    absent = encode(Kind.TRANSACTION, uuid.uuid4())
    no_action = encode(Kind.USER_ACTION, uuid.uuid4())
    reading = "query ($id: ID!) { transaction(id: $id) { id } node(id: $id) { id } }"

    assert await other.data(reading, id=transaction) == await other.data(reading, id=absent)
    cancelled = only_error(await other.cancel(transaction))
    submitted = only_error(await other.submit(action["id"], answer))

    assert cancelled == only_error(await other.cancel(absent))
    assert (cancelled["code"], cancelled["field"]) == ("TXN_NOT_FOUND", TRANSACTION)
    assert submitted == only_error(await other.submit(no_action, answer))
    assert (submitted["code"], submitted["field"]) == ("TXN_ACTION_NOT_FOUND", ACTION)
    # Alice's own good signature in another's hands is no better.
    stolen = sign(action["payload"], alice.keypair)
    assert only_error(await other.submit(action["id"], stolen)) == submitted
    assert await records.now() == before
    assert (await alice.found(transaction))["userActions"] == [action]


async def test_who_was_credited_may_see_and_not_touch(alice: Person, bob: Person) -> None:
    transaction = await alice.send()
    (action,) = (await alice.found(transaction))["userActions"]

    assert (await bob.found(transaction))["availableActions"] == []
    assert only_error(await bob.cancel(transaction))["code"] == "TXN_NOT_FOUND"
    answer = sign(action["payload"], alice.keypair)
    assert only_error(await bob.submit(action["id"], answer))["code"] == "TXN_ACTION_NOT_FOUND"


async def test_identifiers_that_are_none_are_named(alice: Person, records: Records) -> None:
    before = await records.now()
    for text in ("", "x", str(uuid.uuid4()), encode(Kind.USER, uuid.uuid4()), "A" * 500):
        cancelled = only_error(await alice.cancel(text))
        submitted = only_error(await alice.submit(text, "AQID"))
        assert (cancelled["code"], cancelled["field"]) == ("VAL_ID", TRANSACTION)
        assert (submitted["code"], submitted["field"]) == ("VAL_ID", ACTION)
    assert await records.now() == before


async def test_nobody_moves_anything(stranger: Person, alice: Person, records: Records) -> None:
    action = await alice.pending(await alice.begin())
    before = await records.now()
    wish = {"amount": "25", "recipient": "@bob", "idempotencyKey": "k"}
    answer = {"actionId": action["id"], "signedTransaction": "AQID"}
    for name, kind, given in (
        ("initiateSend", "InitiateSendInput", wish),
        ("submitUserAction", "SubmitUserActionInput", answer),
        ("cancelTransaction", "CancelTransactionInput", {"id": "x"}),
    ):
        document = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
        response = await stranger.ask(document, input=given)
        assert response["data"] == {name: {"errors": [{"code": "AUTH_MISSING"}]}}
    assert await records.now() == before
