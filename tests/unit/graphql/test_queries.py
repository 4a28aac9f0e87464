from dataclasses import replace
from uuid import UUID

import pytest

from domain.contracts.services import SendInput
from domain.contracts.views import UserActionView
from domain.shared.errors import InvalidInput
from resolvers.ids import Kind, encode
from tests.unit.graphql.examples import (
    ALICE,
    BOB,
    EVE,
    NOW,
    action,
    completed,
    global_id,
    transaction,
    transaction_id,
    user_view,
)
from tests.unit.graphql.memory import MemoryViews
from tests.unit.graphql.support import World, codes


async def test_me_is_the_signed_in_user_with_what_is_asked_of_them() -> None:
    data = await World().data(
        "{ me { id username kycLevel wallet { id addresses { chain address } }"
        " userActions { id transactionId type status payload summary expiresAt } } }"
    )
    assert data["me"] == {
        "id": encode(Kind.USER, ALICE.id),
        "username": "alice",
        "kycLevel": "basic",
        "wallet": {
            "id": encode(Kind.WALLET, ALICE.wallet_id),
            "addresses": [{"chain": "SOLANA", "address": "an-address"}],
        },
        "userActions": [
            {
                "id": encode(Kind.USER_ACTION, action(1).id),
                "transactionId": global_id(1),
                "type": "SIGN_TRANSACTION",
                "status": "PENDING",
                "payload": "AQID",
                "summary": "Send 24.998500 USDC to @bob",
                "expiresAt": "2026-03-01T12:00:50+00:00",
            }
        ],
    }


async def test_balances_are_decimal_strings_with_the_assets_precision() -> None:
    parts = "asset posted reserved earmarked pending spendable amountMax"
    data = await World().data(
        f"{{ wallet {{ available {{ {parts} }} invested {{ {parts} }} strategy {{ {parts} }} }} }}"
    )
    assert data["wallet"]["available"] == {
        "asset": "USDC",
        "posted": "100.000000",
        "reserved": "0.000003",
        "earmarked": "0.000002",
        "pending": "0.000001",
        "spendable": "0.000005",
        "amountMax": "0.000004",
    }
    assert data["wallet"]["invested"][0]["posted"] == "1.50000000"
    assert data["wallet"]["strategy"][0]["posted"] == "0.000007"


async def test_an_empty_wallet_has_zero_usdc() -> None:
    data = await World().data(
        "{ wallet { available { asset spendable } invested { asset } strategy { asset } } }", by=BOB
    )
    assert data["wallet"] == {
        "available": {"asset": "USDC", "spendable": "0.000000"},
        "invested": [],
        "strategy": [],
    }


WHOLE = """
query ($id: ID!) { transaction(id: $id) {
  id type role state subState asset amount receivedAmount targetAsset targetAmount memo
  fees { kind amount asset provider } sender { username address } recipient { username address }
  reason failure { code } waitingOn nextCheckAt outcomeCertainty fundsLocation availableActions
  progressPercent attempt provider providerExplanation chain chainSignature cancellable
  approvalDeadline estimatedCompletion createdAt updatedAt completedAt correlationId
  timeline { sequence state subState eventType at reason }
  steps { name type status attempt startedAt endedAt detail }
  attempts { strategy attempt at reason result }
  interactions { provider operation outcome attempt at }
  userActions { id status }
} }
"""


async def test_a_transaction_shows_the_sender_everything() -> None:
    shown = (await World().data(WHOLE, id=global_id(1)))["transaction"]
    assert shown["id"] == global_id(1)
    assert (shown["state"], shown["subState"]) == ("PROVIDER_PROCESSING", "TRANSACTION_SIGNING")
    assert (shown["role"], shown["amount"]) == ("SENDER", "25.000000")
    fee = {"kind": "NETWORK", "amount": "0.001500", "asset": "USDC", "provider": "solana"}
    assert shown["fees"] == [fee]
    assert (shown["waitingOn"], shown["fundsLocation"]) == ("USER", "RESERVED")
    assert shown["availableActions"] == ["SUBMIT_USER_ACTION", "CANCEL"]
    assert shown["attempts"][0]["result"] == "REBUILT"
    assert shown["interactions"][0]["outcome"] == "BUILT"
    assert shown["userActions"][0]["status"] == "PENDING"
    assert (shown["reason"], shown["failure"]) == (None, None)


async def test_a_step_is_one_line_with_its_begin_and_its_end() -> None:
    shown = (await World().data(WHOLE, id=global_id(1)))["transaction"]["steps"]
    assert [(step["name"], step["status"]) for step in shown] == [
        ("validate", "COMPLETED"),
        ("reserve", "STARTED"),
    ]
    assert shown[0]["startedAt"] < shown[0]["endedAt"]
    assert shown[1]["endedAt"] is None


async def test_the_recipient_sees_what_concerns_them_and_nothing_else() -> None:
    world = World(views=MemoryViews(sent=[completed(1)]))
    shown = (await world.data(WHOLE, by=BOB, id=global_id(1)))["transaction"]
    told = {name: value for name, value in shown.items() if value not in (None, [], False)}
    assert told == {
        "id": global_id(1),
        "type": "SEND",
        "role": "RECIPIENT",
        "state": "COMPLETED",
        "asset": "USDC",
        "amount": "24.998500",
        "receivedAmount": "24.998500",
        "memo": "lunch",
        "sender": {"username": "alice", "address": None},
        "recipient": {"username": "bob", "address": "bobs-address"},
        "waitingOn": "NONE",
        "outcomeCertainty": "CERTAIN",
        "fundsLocation": "DELIVERED",
        "progressPercent": 50,
        "attempt": 1,
        "createdAt": "2026-03-01T12:00:01+00:00",
        "updatedAt": "2026-03-01T12:00:01+00:00",
        "completedAt": "2026-03-01T12:00:00+00:00",
    }
    assert not {"timelines", "steps", "interactions", "user_actions"} & world.views.calls.keys()


@pytest.mark.parametrize("who", [BOB, EVE])
async def test_another_users_transaction_reads_like_one_that_does_not_exist(
    who: object,
) -> None:
    world = World()
    user = BOB if who is BOB else EVE
    query = "query ($id: ID!) { transaction(id: $id) { id } node(id: $id) { id } }"
    foreign = await world.ask(query, by=user, id=global_id(1))
    absent = await world.ask(query, by=user, id=global_id(404))
    assert foreign == absent == {"data": {"transaction": None, "node": None}}


async def test_what_ended_offers_no_action() -> None:
    ended = transaction(1, state="COMPLETED", waiting_on="NONE", cancellable=True)
    world = World(views=MemoryViews(sent=[ended]))
    query = "query ($id: ID!) { transaction(id: $id) { availableActions } }"
    data = await world.data(query, id=global_id(1))
    assert data["transaction"]["availableActions"] == []


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (action(1), ["SUBMIT_USER_ACTION", "CANCEL"]),
        (action(1, "SUBMITTED"), ["CANCEL"]),
        (replace(action(1), chain=None, payload="https://pay.test"), ["CANCEL"]),
        (
            replace(action(1), chain=None, options=(("STOP", "End it."),)),
            ["SUBMIT_USER_ACTION", "CANCEL"],
        ),
    ],
    ids=["a signature", "signed", "a page", "a choice"],
)
async def test_what_goes_on_at_a_page_is_not_submitted(
    asked: UserActionView, shown: list[str]
) -> None:
    world = World(views=MemoryViews(sent=[transaction(1)], asked=asked))
    query = "query ($id: ID!) { transaction(id: $id) { availableActions } }"
    data = await world.data(query, id=global_id(1))
    assert data["transaction"]["availableActions"] == shown


FAILURE = """
query ($id: ID!) { transaction(id: $id) { reason timeline { reason }
  failure { code severity retryability retryable whatHappened why whatToDo alternatives } } }
"""


async def test_a_failure_is_explained_in_the_readers_language() -> None:
    failed = transaction(1, state="FAILED", reason="TXN_APPROVAL_EXPIRED")
    world = World(views=MemoryViews(sent=[failed]))
    response = await world.ask(FAILURE, language="de-AT,en;q=0.5", id=global_id(1))
    failure = response["data"]["transaction"]["failure"]
    assert failure["code"] == "TXN_APPROVAL_EXPIRED"
    assert failure["whatHappened"] == "Die Zeit zum Unterschreiben ist vorbei."
    assert (failure["severity"], failure["retryable"]) == ("LOW", False)


async def test_no_field_tells_that_somebody_is_on_a_sanctions_list() -> None:
    failed = transaction(1, state="FAILED", reason="CMP_SANCTIONED")
    world = World(views=MemoryViews(sent=[failed]))
    response = await world.ask(FAILURE, id=global_id(1))
    shown = response["data"]["transaction"]
    assert shown["failure"]["code"] == shown["reason"] == "CMP_REFUSED"
    assert shown["timeline"][0]["reason"] == "CMP_REFUSED"
    assert "anction" not in str(response)


NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (Kind.USER, ALICE.id),
        (Kind.WALLET, ALICE.wallet_id),
        (Kind.TRANSACTION, transaction(1).id),
    ],
)
async def test_node_finds_what_is_the_viewers(kind: Kind, key: UUID) -> None:
    identifier = encode(kind, key)
    data = await World().data(NODE, id=identifier)
    assert data["node"] == {"__typename": kind.value, "id": identifier}


@pytest.mark.parametrize(
    ("kind", "key"),
    [(Kind.USER, BOB.id), (Kind.WALLET, BOB.wallet_id), (Kind.USER_ACTION, action(1).id)],
)
async def test_node_hides_what_is_not(kind: Kind, key: UUID) -> None:
    assert await World().data(NODE, id=encode(kind, key)) == {"node": None}


@pytest.mark.parametrize(
    "text", ["", "x", str(transaction(1).id), "VHJhbnNhY3Rpb246eA==", "é", "A" * 10_000]
)
async def test_an_identifier_that_cannot_be_read_is_said_to_be_so(text: str) -> None:
    response = await World().ask("query ($id: ID!) { transaction(id: $id) { id } }", id=text)
    assert codes(response) == ["VAL_ID"]
    assert response["data"] == {"transaction": None}


async def test_an_identifier_of_another_kind_is_refused() -> None:
    query = "query ($id: ID!) { transaction(id: $id) { id } }"
    response = await World().ask(query, id=encode(Kind.WALLET, ALICE.wallet_id))
    assert codes(response) == ["VAL_ID"]


async def test_refusals_of_reads_are_in_the_readers_language() -> None:
    query = "query { transaction(id: 5) { id } }"
    response = await World().ask(query, language="es-MX")
    assert response["errors"][0]["message"].startswith("No se puede leer el identificador.")


@pytest.mark.parametrize(
    "query",
    [
        "{ me { id } }",
        "{ wallet { id } }",
        "{ transactions { nodes { id } } }",
        "{ transaction(id: 1) { id } }",
        "{ node(id: 1) { id } }",
        '{ transactionPreview(input: {send: {amount: "1", recipient: "@b"}}) { errors { code } } }',
    ],
)
async def test_nobody_sees_anything(query: str) -> None:
    world = World()
    assert codes(await world.ask(query, by=None)) == ["AUTH_MISSING"]
    assert not world.views.calls


async def test_a_token_of_somebody_unknown_is_refused() -> None:
    response = await World().ask("{ me { id } }", by=user_view("nobody"))
    assert codes(response) == ["AUTH_INVALID"]


PREVIEW = """
query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { type asset amount fees { kind amount } feesTotal targetAsset received receivedAtLeast
    spendableAfter provider providerExplanation route rejected { provider reason }
    estimatedSeconds recipient { username } warnings { code why } quoteId expiresAt }
  errors { code field } } }
"""
AVAILABLE = {"available": {"amount": "30"}}
PAID = {"payment": {"amount": "30", "paymentMethod": "CARD"}}
WALLET = {"externalWallet": {"address": "somewhere"}}
BANK = {"bankAccount": {"id": encode(Kind.BANK_ACCOUNT, transaction_id(7))}}
POSITION = encode(Kind.POSITION, transaction_id(8))


async def test_the_preview_itemises_what_a_send_costs() -> None:
    world = World()
    given = {"send": {"amount": "25", "recipient": "@bob"}}
    data = await world.data(PREVIEW, input=given)
    assert data["transactionPreview"] == {
        "errors": [],
        "preview": {
            "type": "SEND",
            "asset": "USDC",
            "amount": "25.000000",
            "fees": [{"kind": "NETWORK", "amount": "0.001500"}],
            "feesTotal": "0.001500",
            "targetAsset": "USDC",
            "received": "24.998500",
            "receivedAtLeast": "24.998500",
            "spendableAfter": "75.000000",
            "provider": "solana-rpc",
            "providerExplanation": "the only candidate",
            "route": ["SOLANA"],
            "rejected": [{"provider": "slow", "reason": "no answer in time"}],
            "estimatedSeconds": 60,
            "recipient": {"username": "bob"},
            "warnings": [{"code": "TXN_COSTS_HIGH", "why": "All fees together take 6.0 % of it."}],
            "quoteId": encode(Kind.QUOTE, transaction_id(1)),
            "expiresAt": NOW.isoformat(),
        },
    }
    wish = SendInput(amount="25", recipient="@bob", memo=None)
    assert world.money.calls == [("preview_send", ALICE.id, wish)]


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"deposit": {"amount": "25", "paymentMethod": "CARD"}}, "preview_deposit"),
        ({"buy": {"asset": "SOL", "source": AVAILABLE}}, "preview_buy"),
        ({"buy": {"asset": "SOL", "source": PAID}}, "preview_purchase"),
        ({"sell": {"asset": "SOL", "amount": "1"}}, "preview_sell"),
        ({"withdraw": {"amount": "25", "destination": WALLET}}, "preview_withdraw"),
        ({"withdraw": {"amount": "25", "destination": BANK}}, "preview_payout"),
        ({"strategyLaunch": {"strategyId": "vault", "amount": "25"}}, "preview_launch"),
        ({"strategyStop": {"positionId": POSITION}}, "preview_stop"),
    ],
)
async def test_every_flow_has_a_preview(given: dict[str, object], asked: str) -> None:
    world = World()
    data = await world.data(PREVIEW, input=given)
    assert data["transactionPreview"]["errors"] == []
    assert [call[0] for call in world.money.calls] == [asked]


async def test_a_preview_that_is_refused_says_where() -> None:
    world = World()
    world.money.refusal = InvalidInput(field="input.amount")
    data = await world.data(PREVIEW, input={"sell": {"asset": "SOL", "amount": "x"}})
    assert data["transactionPreview"]["preview"] is None
    (error,) = data["transactionPreview"]["errors"]
    assert (error["code"], error["field"]) == ("VAL_INVALID", "input.sell.amount")


async def test_a_user_sees_what_is_left_of_their_limits() -> None:
    found = await World().data(
        "{ me { limits { transaction approvalAbove flows "
        "windows { days paymentMethod limit used left freesAt } } } }"
    )

    limits = found["me"]["limits"]
    assert limits["transaction"] == "2000.000000"
    assert limits["flows"] == ["deposit", "send"]
    (day,) = limits["windows"]
    assert (day["days"], day["paymentMethod"]) == (1, None)
    assert (day["limit"], day["used"], day["left"]) == (
        "5000.000000",
        "4999.000000",
        "1.000000",
    )


async def test_a_price_that_is_missing_is_shown_as_such() -> None:
    query = "{ prices { asset usd source at stale } }"

    told = (await World().data(query))["prices"]

    assert told == [
        {
            "asset": "SOL",
            "usd": "150.250000",
            "source": "jupiter",
            "at": "2026-03-01T12:00:00+00:00",
            "stale": False,
        },
        {"asset": "XAUT", "usd": None, "source": None, "at": None, "stale": True},
    ]
