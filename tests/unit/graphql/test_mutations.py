import logging
from typing import Any

import pytest

from domain.contracts.services import SendInput
from domain.shared.errors import DomainError, InsufficientBalance, InvalidAmount
from domain.shared.ids import TransactionId
from domain.transaction.errors import NotCancellable, UnknownTransaction
from resolvers.ids import Kind, encode
from tests.unit.graphql.examples import ALICE, BOB, action, completed, global_id, transaction_id
from tests.unit.graphql.memory import MemoryMoney, MemoryViews
from tests.unit.graphql.support import CATALOGUE, World, codes

ERRORS = """errors { code severity retryability retryable whatHappened why whatToDo alternatives
  field retryAfterSeconds }"""
INITIATE = f"""mutation ($input: InitiateSendInput!) {{ initiateSend(input: $input) {{
  transaction {{ id state }} {ERRORS} }} }}"""
SUBMIT = f"""mutation ($input: SubmitUserActionInput!) {{ submitUserAction(input: $input) {{
  transaction {{ id state }} {ERRORS} }} }}"""
CANCEL = f"""mutation ($input: CancelTransactionInput!) {{ cancelTransaction(input: $input) {{
  transaction {{ id state }} {ERRORS} }} }}"""
CHALLENGE = f"""mutation ($input: SignInChallengeInput!) {{ signInChallenge(input: $input) {{
  message expiresAt {ERRORS} }} }}"""
SIGN_IN = f"""mutation ($input: SignInInput!) {{ signIn(input: $input) {{
  token expiresAt user {{ username }} {ERRORS} }} }}"""

WISH = {"amount": "25", "recipient": "@bob", "memo": "lunch", "idempotencyKey": "key-1"}
SIGNED = {"actionId": encode(Kind.USER_ACTION, action(1).id), "signedTransaction": "AQID"}
STOP = {"id": global_id(1)}
MONEY = [
    ("initiateSend", INITIATE, WISH),
    ("submitUserAction", SUBMIT, SIGNED),
    ("cancelTransaction", CANCEL, STOP),
]
"""Each mutation that moves money, with an input that it takes."""
PUBLIC_CODES = sorted(code for code, facts in CATALOGUE.codes.items() if facts.shown_as is None)


def refusing(error: Exception) -> World:
    return World(money=MemoryMoney(refusal=error))


async def refusal(world: World, language: str = "", document: str = INITIATE) -> dict[str, Any]:
    """The one typed error of a mutation that is refused."""
    name, _, given = next(each for each in MONEY if each[1] == document)
    response = await world.ask(document, language=language, input=given)
    assert "errors" not in response
    payload = response["data"][name]
    assert payload["transaction"] is None
    (error,) = payload["errors"]
    found: dict[str, Any] = error
    return found


async def test_a_send_is_begun_with_what_was_typed() -> None:
    world = World()
    data = await world.data(INITIATE, input=WISH)
    assert data["initiateSend"] == {
        "transaction": {"id": global_id(1), "state": "PROVIDER_PROCESSING"},
        "errors": [],
    }
    wish = SendInput(amount="25", recipient="@bob", memo="lunch", idempotency_key="key-1")
    assert world.money.calls == [("initiate_send", ALICE.id, wish)]


@pytest.mark.parametrize("memo", [{}, {"memo": None}])
async def test_a_send_needs_no_memo(memo: dict[str, None]) -> None:
    world = World()
    wish = {name: value for name, value in WISH.items() if name != "memo"}
    await world.data(INITIATE, input=wish | memo)
    (call,) = world.money.calls
    assert call[2] == SendInput(amount="25", recipient="@bob", memo=None, idempotency_key="key-1")


async def test_a_signature_is_handed_in_for_its_action() -> None:
    world = World()
    data = await world.data(SUBMIT, input=SIGNED)
    assert data["submitUserAction"]["transaction"]["id"] == global_id(1)
    assert data["submitUserAction"]["errors"] == []
    assert world.money.calls == [("submit", ALICE.id, action(1).id, "AQID")]


async def test_a_transaction_is_cancelled_by_its_identifier() -> None:
    world = World()
    data = await world.data(CANCEL, input=STOP)
    assert data["cancelTransaction"]["transaction"]["id"] == global_id(1)
    assert data["cancelTransaction"]["errors"] == []
    assert world.money.calls == [("cancel", ALICE.id, transaction_id(1))]


class Completing(MemoryMoney):
    """Each cancellation finds that the Send has completed meanwhile, once and then again."""

    def __init__(self, views: MemoryViews) -> None:
        super().__init__()
        self.views = views

    async def cancel(self, user_id: object, transaction_id: TransactionId) -> TransactionId:
        del user_id
        self.views.sent = [completed(1)]
        if self.refusal is not None:
            raise self.refusal
        return transaction_id


async def test_what_is_answered_is_read_after_the_deed() -> None:
    views = World().views
    world = World(views=views, money=Completing(views))
    shown = "{ transaction { state steps { name } } }"
    data = await world.data(
        f"mutation ($input: CancelTransactionInput!) {{ before: cancelTransaction(input: $input)"
        f" {shown} after: cancelTransaction(input: $input) {shown} }}",
        input=STOP,
    )
    assert data["before"]["transaction"]["state"] == "COMPLETED"
    # The second mutation's answer is not made of what was read for the first.
    assert views.calls["steps"] == 2


@pytest.mark.parametrize(("name", "document", "given"), MONEY)
async def test_a_refusal_is_data_with_all_of_its_parts(
    name: str, document: str, given: dict[str, str]
) -> None:
    error = InsufficientBalance(field="input.amount", spendable="12.500000", asset="USDC")
    response = await refusing(error).ask(document, input=given)
    assert response == {
        "data": {
            name: {
                "transaction": None,
                "errors": [
                    {
                        "code": "TXN_INSUFFICIENT_BALANCE",
                        "severity": "MEDIUM",
                        "retryability": "USER_ACTION",
                        "retryable": False,
                        "whatHappened": "Your balance does not cover this amount.",
                        "why": "You can spend up to 12.500000 USDC now;"
                        " a small reserve for fees stays.",
                        "whatToDo": "Enter a smaller amount.",
                        "alternatives": ["Add money first."],
                        "field": "input.amount",
                        "retryAfterSeconds": None,
                    }
                ],
            }
        }
    }


@pytest.mark.parametrize("language", ["en", "pt-BR", "es", "de"])
async def test_every_code_has_four_parts_in_every_language(language: str) -> None:
    said = {}
    for code in PUBLIC_CODES:
        error = await refusal(refusing(DomainError(code=code)), language)
        facts = CATALOGUE.codes[code]
        parts = [error["whatHappened"], error["why"], error["whatToDo"], *error["alternatives"]]
        assert error["code"] == code
        assert (error["severity"], error["retryability"]) == (facts.severity, facts.retryability)
        assert error["retryable"] is (facts.retryability == "TEMPORARY")
        assert error["retryAfterSeconds"] == facts.retry_after_seconds
        assert error["alternatives"], code
        assert all(part.strip().endswith(".") for part in parts), code
        assert not any("{" in part for part in parts), code
        said[code] = error["whatHappened"]
    english = {code: CATALOGUE.texts["en"][code].what_happened for code in PUBLIC_CODES}
    same = [code for code in PUBLIC_CODES if said[code] == english[code]]
    assert same == (PUBLIC_CODES if language == "en" else [])


@pytest.mark.parametrize(
    ("accept_language", "what_happened"),
    [
        ("", "The amount cannot be read."),
        ("en-GB", "The amount cannot be read."),
        ("fr,zh;q=0.5", "The amount cannot be read."),
        ("de-AT", "Der Betrag ist nicht lesbar."),
        ("pt", "Não foi possível ler o valor."),
        ("es;q=0.9,de;q=0.4", "No se puede leer el importe."),
        ("de;q=0.4,es;q=0.9", "No se puede leer el importe."),
    ],
)
async def test_refusals_are_in_the_readers_language(
    accept_language: str, what_happened: str
) -> None:
    error = InvalidAmount(field="input.amount", reason="format", asset="USDC")
    shown = await refusal(refusing(error), accept_language)
    assert shown["whatHappened"] == what_happened
    assert shown["code"] == "VAL_AMOUNT_FORMAT"


@pytest.mark.parametrize("language", ["en", "pt-BR", "es", "de"])
async def test_details_are_filled_in_in_every_language(language: str) -> None:
    error = InsufficientBalance(spendable="12.500000", asset="USDC")
    assert "12.500000 USDC" in (await refusal(refusing(error), language))["why"]


@pytest.mark.parametrize(
    ("code", "retryable", "seconds"),
    [("SYS_BUSY", True, 2), ("PRV_UNAVAILABLE", True, 30), ("TXN_NOT_FOUND", False, None)],
)
async def test_what_may_help_later_says_when(
    code: str, *, retryable: bool, seconds: int | None
) -> None:
    shown = await refusal(refusing(DomainError(code=code)))
    assert (shown["retryable"], shown["retryAfterSeconds"]) == (retryable, seconds)


async def test_nobody_is_told_that_somebody_is_on_a_sanctions_list() -> None:
    shown = await refusal(refusing(DomainError(code="CMP_SANCTIONED", field="input.recipient")))
    assert (shown["code"], shown["severity"]) == ("CMP_REFUSED", "HIGH")
    assert "anction" not in str(shown)


async def test_a_code_that_the_catalogue_lacks_reads_as_a_fault_of_ours() -> None:
    shown = await refusal(refusing(DomainError(code="TXN_UNHEARD_OF")))
    assert (shown["code"], shown["severity"]) == ("SYS_INTERNAL", "CRITICAL")


@pytest.mark.parametrize(("name", "document", "given"), MONEY)
async def test_an_unexpected_error_is_masked_and_logged(
    name: str, document: str, given: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = await refusing(RuntimeError("password=hunter2")).ask(document, input=given)
    assert response["data"] is None
    assert codes(response) == ["SYS_INTERNAL"]
    assert response["errors"][0]["path"] == [name]
    assert response["errors"][0]["extensions"]["requestId"] in caplog.text
    assert "hunter2" not in str(response)
    assert "hunter2" in caplog.text


@pytest.mark.parametrize(("name", "document", "given"), MONEY)
async def test_nobody_moves_anything(name: str, document: str, given: dict[str, str]) -> None:
    world = World()
    response = await world.ask(document, by=None, input=given)
    answer = response["data"][name]
    assert (answer["transaction"], answer["errors"][0]["code"]) == (None, "AUTH_MISSING")
    assert not world.money.calls


NO_ACTIONS = ["", "x", str(action(1).id), global_id(1), encode(Kind.USER, ALICE.id)]


@pytest.mark.parametrize("text", NO_ACTIONS)
async def test_what_is_no_action_is_said_to_be_so(text: str) -> None:
    world = World()
    data = await world.data(SUBMIT, input=SIGNED | {"actionId": text})
    (error,) = data["submitUserAction"]["errors"]
    assert (error["code"], error["field"]) == ("VAL_ID", "input.actionId")
    assert not world.money.calls


@pytest.mark.parametrize("text", ["", "x", str(transaction_id(1)), SIGNED["actionId"]])
async def test_what_is_no_transaction_is_said_to_be_so(text: str) -> None:
    world = World()
    data = await world.data(CANCEL, input={"id": text})
    (error,) = data["cancelTransaction"]["errors"]
    assert (error["code"], error["field"]) == ("VAL_ID", "input.id")
    assert not world.money.calls


async def test_input_of_another_type_never_reaches_the_platform() -> None:
    world = World()
    for wrong in (WISH | {"amount": 25}, WISH | {"tip": "1"}, {"amount": "25"}, None):
        response = await world.ask(INITIATE, input=wrong)
        assert set(codes(response)) == {"VAL_REQUEST"}
        assert "data" not in response
    assert not world.money.calls


async def test_mutations_run_one_after_another_and_each_has_its_own_answer() -> None:
    views = World().views
    sends = Completing(views)
    sends.refusal = NotCancellable(field="input.id", state="COMPLETED")
    world = World(views=views, money=sends)
    response = await world.ask(
        "mutation ($wish: InitiateSendInput!, $stop: CancelTransactionInput!) {"
        " cancelTransaction(input: $stop) { transaction { id } errors { code field } }"
        " initiateSend(input: $wish) { transaction { state } errors { code } } }",
        wish=WISH,
        stop=STOP,
    )
    assert response["data"]["cancelTransaction"]["errors"] == [
        {"code": "TXN_NOT_CANCELLABLE", "field": "input.id"}
    ]
    assert response["data"]["initiateSend"]["errors"] == [{"code": "TXN_NOT_CANCELLABLE"}]


async def test_another_users_transaction_is_refused_like_one_that_is_not_there() -> None:
    world = refusing(UnknownTransaction(field="input.id"))
    foreign = await world.ask(CANCEL, by=BOB, input=STOP)
    absent = await world.ask(CANCEL, by=BOB, input={"id": global_id(404)})
    assert foreign == absent
    assert foreign["data"]["cancelTransaction"]["errors"][0]["code"] == "TXN_NOT_FOUND"


async def test_signing_in_begins_with_a_text_to_sign() -> None:
    data = await World().data(CHALLENGE, by=None, input={"address": "alices-address"})
    assert data["signInChallenge"] == {
        "message": "sign in as alices-address",
        "expiresAt": "2026-03-01T12:00:00+00:00",
        "errors": [],
    }


async def test_a_signed_text_gives_a_token_and_says_whose() -> None:
    data = await World().data(SIGN_IN, by=None, input={"message": "m", "signature": "good"})
    assert data["signIn"] == {
        "token": "m",
        "expiresAt": "2026-03-01T12:00:00+00:00",
        "user": {"username": "alice"},
        "errors": [],
    }


@pytest.mark.parametrize(
    ("name", "document", "given", "code", "field"),
    [
        ("signInChallenge", CHALLENGE, {"address": "nonsense"}, "VAL_ADDRESS", "input.address"),
        ("signIn", SIGN_IN, {"message": "m", "signature": "bad"}, "AUTH_CHALLENGE", None),
    ],
)
async def test_signing_in_is_refused_with_a_typed_error(
    name: str, document: str, given: dict[str, str], code: str, field: str | None
) -> None:
    response = await World().ask(document, by=None, language="de", input=given)
    payload = response["data"][name]
    (error,) = payload.pop("errors")
    assert (error["code"], error["field"]) == (code, field)
    assert error["whatHappened"] == CATALOGUE.texts["de"][code].what_happened
    assert not any(payload.values())
