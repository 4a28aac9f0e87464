"""The API as clients meet it, over each of its transports, on the real platform."""

import asyncio
import base64
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from solders.keypair import Keypair

from infrastructure.web.auth import TokenAuthority, TokenSettings
from tests.integration.api.client import Json, Person, Records, new_key
from tests.integration.api.live import (
    TRANSACTIONS,
    Closed,
    events_of,
    socket_of,
)

pytestmark = pytest.mark.enable_socket

GRAPHQL: Final = "application/graphql-response+json"
ME: Final = "{ me { username } }"
ALICE: Final = {"data": {"me": {"username": "alice"}}}
PAGE: Final = """query ($first: Int, $after: String, $last: Int, $before: String) {
  transactions(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id createdAt } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


# ------------------------------------------------------------------ HTTP


async def test_a_query_by_get_and_by_post(alice: Person) -> None:
    document = "query A { wallet { id } } query B($id: ID!) { node(id: $id) { __typename } }"
    wallet = (await alice.data("{ wallet { id } }"))["wallet"]["id"]
    parameters = {"query": document, "operationName": "B", "variables": json.dumps({"id": wallet})}

    by_get = await alice.http.get(alice.ready.graphql, params=parameters, headers=alice.headers)

    assert by_get.status_code == 200
    assert by_get.headers["content-type"] == "application/json; charset=utf-8"
    assert by_get.headers["cache-control"] == "no-store"
    assert by_get.json() == {"data": {"node": {"__typename": "Wallet"}}}
    assert (await alice.post(ME)).json() == ALICE


@pytest.mark.parametrize(
    ("accept", "kind", "status"),
    [
        (GRAPHQL, GRAPHQL, 400),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL, 400),
        ("application/json", "application/json", 200),
        ("*/*", "application/json", 200),
    ],
)
async def test_the_answers_type_is_negotiated(
    alice: Person, accept: str, kind: str, status: int
) -> None:
    good = await alice.post(ME, headers={"accept": accept})
    bad = await alice.post("{ me { nothing } }", headers={"accept": accept})

    assert (good.status_code, good.json()) == (200, ALICE)
    assert good.headers["content-type"] == bad.headers["content-type"] == f"{kind}; charset=utf-8"
    assert bad.status_code == status
    assert "data" not in bad.json()


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL, "text/event-stream"])
async def test_a_mutation_by_get_is_refused(alice: Person, records: Records, accept: str) -> None:
    before = await records.now()
    document = f"""mutation {{ initiateSend(input: {{amount: "25", recipient: "@bob",
      idempotencyKey: "{new_key()}"}}) {{ transaction {{ id }} }} }}"""

    answer = await alice.http.get(
        alice.ready.graphql, params={"query": document}, headers={**alice.headers, "accept": accept}
    )

    if accept == "text/event-stream":
        assert "mutations are not allowed" in answer.text
    else:
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await records.now() == before


async def test_the_language_is_the_headers(alice: Person) -> None:
    document = """mutation { cancelTransaction(input: {id: "x"}) { errors { whatHappened } } }"""
    answer = await alice.post(document, headers={"accept-language": "de-DE, en;q=0.5"})
    (error,) = answer.json()["data"]["cancelTransaction"]["errors"]
    assert error == {"whatHappened": "Die Kennung ist nicht lesbar."}
    async with socket_of(alice, language="es") as socket:
        line = await socket.subscribe(document)
        (error,) = (await line.item())["errors"]
    assert error == {"whatHappened": "No se puede leer el identificador."}


# ------------------------------------------------------------------ who is asking


def token(
    person: Person, secret: str, *, user_id: str | None = None, expires_in_seconds: int = 3_600
) -> str:
    """A token of the person's, or in their name."""
    claims = json.loads(base64.urlsafe_b64decode(person.token.split(".")[1] + "=="))
    lifetime = timedelta(seconds=expires_in_seconds)
    authority = TokenAuthority(TokenSettings(secret=secret, lifetime=lifetime))
    return authority.issue_token(user_id=user_id or claims["sub"], username=person.name)


@pytest.fixture
def foreign(alice: Person, secret: str) -> dict[str, str]:
    """Tokens that are not to be taken, by the code that says why."""
    return {
        "AUTH_EXPIRED": token(alice, secret, expires_in_seconds=-1),
        "AUTH_INVALID": token(alice, "o" * 32),
        "AUTH_MISSING": "",
        "unknown": token(alice, secret, user_id=str(uuid.uuid4())),
    }


@pytest.mark.parametrize("why", ["AUTH_EXPIRED", "AUTH_INVALID", "AUTH_MISSING", "unknown"])
async def test_a_token_that_is_none_opens_nothing(
    alice: Person, foreign: dict[str, str], why: str
) -> None:
    person = replace(alice, token=foreign[why])
    code = "AUTH_INVALID" if why == "unknown" else why
    for document in (ME, "{ wallet { id } }", "{ transactions { nodes { id } } }"):
        (error,) = (await person.ask(document))["errors"]
        assert error["extensions"]["code"] == code
    async with events_of(person, TRANSACTIONS) as stream:
        _name, data = await stream.event()
        assert data["errors"][0]["extensions"]["code"] == code
        assert "data" not in data
        assert await stream.event() == ("complete", None)
    if why == "unknown":
        return
    with pytest.raises(Closed) as closed:
        async with socket_of(person):
            pass
    assert closed.value.code == (4401 if why == "AUTH_MISSING" else 4403)


async def test_a_stream_ends_with_its_token(alice: Person, secret: str, records: Records) -> None:
    after = await records.cursor()
    guest = replace(alice, token=token(alice, secret, expires_in_seconds=2))
    async with (
        socket_of(guest) as socket,
        events_of(guest, TRANSACTIONS, after=after) as stream,
    ):
        line = await socket.subscribe(TRANSACTIONS, after=after)
        transaction = await alice.begin()
        await line.until("UserActionRequired")
        await stream.until("UserActionRequired")
        while True:
            answer = await guest.ask(ME)
            if answer != ALICE:
                break
            await asyncio.sleep(0.05)

        await alice.cancel(transaction)

        _name, data = await stream.event()
        with pytest.raises(Closed) as closed:
            await line.item()
    assert "data" not in data
    assert data["errors"][0]["extensions"]["code"] == "AUTH_EXPIRED"
    assert closed.value.code == 4403


async def test_signing_in_with_the_wallet(stranger: Person, alice: Person) -> None:
    challenge = """mutation ($address: String!) { signInChallenge(input: {address: $address}) {
      message expiresAt errors { code field } } }"""
    sign_in = """mutation ($message: String!, $signature: String!) {
      signIn(input: {message: $message, signature: $signature}) {
        token expiresAt user { username } errors { code field whatHappened why whatToDo
        alternatives } } }"""
    asked = (await stranger.data(challenge, address=alice.address))["signInChallenge"]
    message = asked["message"]
    assert asked["errors"] == []
    assert alice.address in message

    async def attempt(text: str, keypair: Keypair) -> Json:
        signature = str(keypair.sign_message(text.encode()))
        return (await stranger.data(sign_in, message=text, signature=signature))["signIn"]

    changed = message.replace("moves no money", "moves all money")
    for refused in (
        await attempt(message, Keypair()),
        await attempt(changed, alice.keypair),
        await attempt("hello", alice.keypair),
    ):
        assert refused["token"] is None
        assert refused["errors"][0]["code"] == "AUTH_CHALLENGE"
    # What did not work has not used the challenge up: a changed text is another one.
    asked = (await stranger.data(challenge, address=alice.address))["signInChallenge"]
    session = await attempt(asked["message"], alice.keypair)
    assert (session["errors"], session["user"]) == ([], {"username": "alice"})
    assert datetime.fromisoformat(session["expiresAt"]) > datetime.now(UTC)
    assert await replace(stranger, token=session["token"]).ask(ME) == ALICE

    again = await attempt(asked["message"], alice.keypair)
    assert (again["token"], again["errors"][0]["code"]) == (None, "AUTH_CHALLENGE")


async def test_an_address_of_no_user_signs_in_to_nothing(stranger: Person) -> None:
    keypair = Keypair()
    document = "mutation ($a: String!) { signInChallenge(input: {address: $a}) { message } }"
    asked = await stranger.data(document, a=str(keypair.pubkey()))
    message = asked["signInChallenge"]["message"]
    signature = base64.b64encode(bytes(keypair.sign_message(message.encode()))).decode()
    document = """mutation ($m: String!, $s: String!) {
      signIn(input: {message: $m, signature: $s}) { token errors { code } } }"""
    answer = await stranger.data(document, m=message, s=signature)
    assert answer["signIn"] == {"token": None, "errors": [{"code": "AUTH_FORBIDDEN"}]}


# ------------------------------------------------------------------ what can be read


async def test_node_finds_each_type(alice: Person, bob: Person) -> None:
    transaction = await alice.begin()
    mine = await alice.data("{ me { id } wallet { id } }")
    identifiers = [mine["me"]["id"], mine["wallet"]["id"], transaction]
    node = "query ($id: ID!) { node(id: $id) { __typename id } }"

    found = [(await alice.data(node, id=identifier))["node"] for identifier in identifiers]
    hidden = [(await bob.data(node, id=identifier))["node"] for identifier in identifiers]

    assert found == [
        {"__typename": name, "id": identifier}
        for name, identifier in zip(("User", "Wallet", "Transaction"), identifiers, strict=True)
    ]
    assert hidden == [None, None, None]


async def walk(person: Person, count: str, place: str, end: str, more: str) -> list[Json]:
    """Every page of two, as long as there are more."""
    pages: list[Json] = []
    at = None
    while not pages or pages[-1]["pageInfo"][more]:
        pages.append((await person.data(PAGE, **{count: 2, place: at}))["transactions"])
        at = pages[-1]["pageInfo"][end]
    return pages


async def test_all_pages_forwards_and_backwards_are_the_list(bob: Person) -> None:
    for _ in range(5):
        await bob.cancel(await bob.begin("@carol", "5"))
    whole = (await bob.data(PAGE, first=100))["transactions"]
    edges = whole["edges"]
    moments = [edge["node"]["createdAt"] for edge in edges]
    assert moments == sorted(moments, reverse=True)
    assert whole["nodes"] == [{"id": edge["node"]["id"]} for edge in edges]
    assert 5 <= len(edges) < 100

    forwards = await walk(bob, "first", "after", "endCursor", "hasNextPage")
    backwards = await walk(bob, "last", "before", "startCursor", "hasPreviousPage")

    assert [edge for page in forwards for edge in page["edges"]] == edges
    assert [edge for page in reversed(backwards) for edge in page["edges"]] == edges
    for pages, back in ((forwards, "hasPreviousPage"), (backwards, "hasNextPage")):
        # The way back is open from everywhere but the list's end.
        assert [page["pageInfo"][back] for page in pages] == [False] + [True] * (len(pages) - 1)
