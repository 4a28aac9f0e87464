"""What goes over the wire, in both directions, against our own schemas and, where the folder of the
providers' own files is beside the project, against those."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

import httpx
import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from domain.provider.ports.answers import Declined
from domain.provider.ports.offramp import OffRampProvider, PayoutRail
from infrastructure.http import HttpClient
from infrastructure.providers.bridge import calls as bridge_calls
from infrastructure.providers.bridge import transfers as bridge_transfers
from infrastructure.providers.bridge.adapter import BridgeOffRamp
from infrastructure.providers.bridge.calls import BridgeSettings
from infrastructure.providers.due import transfers as due_transfers
from infrastructure.providers.due.adapter import DueOffRamp
from infrastructure.providers.due.calls import DueSettings
from infrastructure.sandbox.due import quotes as due_quotes
from tests.contracts.offramp import schemas
from tests.contracts.offramp.schemas import Schema
from tests.contracts.offramp.subjects import SandboxSubject, bridge_subject, due_subject
from tests.contracts.offramp.wishes import (
    CUSTOMER,
    GB_BANK,
    PIX_BANK,
    SEPA_BANK,
    opened,
    ordered,
    registered,
    status,
    wish,
)
from tests.contracts.published import published
from tests.contracts.worlds import BASE_URL


@dataclass(frozen=True, slots=True)
class Exchange:
    """`operation` is a method and a path with its identifiers named."""

    operation: str
    request: object
    status: int
    answer: object
    headers: Mapping[str, str]


@dataclass(slots=True)
class Recorder(httpx.AsyncBaseTransport):
    """Hands on to a sandbox and keeps what was said."""

    inner: httpx.AsyncBaseTransport
    kept: list[Exchange] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        body = await response.aread()
        self.kept.append(
            Exchange(
                operation=f"{request.method} {_pattern(request.url.path)}",
                request=json.loads(request.content) if request.content else None,
                status=response.status_code,
                answer=json.loads(body) if body else None,
                headers={name.lower(): value for name, value in request.headers.items()},
            )
        )
        return httpx.Response(response.status_code, headers=response.headers, content=body)


def _pattern(path: str) -> str:
    path = re.sub(r"^/(bridge|due)", "", path)
    return re.sub(r"/(transfer_\d+|tf_\d+|customer_1)(?=/|$)", "/{id}", path)


@asynccontextmanager
async def recorded(name: str) -> AsyncIterator[tuple[SandboxSubject, OffRampProvider, Recorder]]:
    """A sandbox, an adapter before it, and what they say to each other."""
    async with bridge_subject() if name == "bridge" else due_subject() as subject:
        recorder = Recorder(subject.world.client._transport)
        told = subject.world.world.credentials()
        async with HttpClient(transport=recorder) as client:
            if name == "bridge":
                bridge = BridgeSettings(
                    base_url=f"{BASE_URL}/bridge/v0", api_key=told["bridge.api_key"]
                )
                yield subject, BridgeOffRamp(client, bridge, now=subject.now), recorder
                return
            due = DueSettings(
                base_url=f"{BASE_URL}/due",
                api_key=told["due.api_key"],
                quote_account=told["due.quote_account"],
            )
            yield subject, DueOffRamp(client, due), recorder


async def everything(subject: SandboxSubject, adapter: OffRampProvider) -> None:
    """Each call of the port once, and each kind of account."""
    assert await adapter.healthy()
    for number, details in enumerate((SEPA_BANK, GB_BANK, PIX_BANK)):
        await registered(adapter, details, key=f"bank-of-kind-{number}")
    await adapter.quote(wish(currency="EUR", rail=PayoutRail.SEPA))
    order = await ordered(adapter, developer_fee=48)
    answer = await opened(adapter, order)
    await adapter.find_withdrawal(order)
    await status(adapter, answer.reference)
    await subject.fund(answer)
    await subject.settle(answer.reference)
    await status(adapter, answer.reference)
    other = await opened(adapter, replace(order, key="order-2"))
    await adapter.cancel_withdrawal(other.reference, key="cancel-1")
    # The same account again: refused by both, and found.
    await registered(adapter, key="bank-again")


def check(value: object, schema: Schema) -> None:
    jsonschema.Draft202012Validator(schema).validate(value)


# ------------------------------------------------------------------ our own schemas

BRIDGE_ACCOUNTS: Final = "POST /v0/customers/{id}/external_accounts"
REQUESTS: Final[Mapping[str, Mapping[str, Schema]]] = {
    "bridge": {
        BRIDGE_ACCOUNTS: schemas.BRIDGE_NEW_ACCOUNT,
        "POST /v0/transfers": schemas.BRIDGE_NEW_TRANSFER,
    },
    "due": {
        "POST /v1/recipients": schemas.DUE_NEW_RECIPIENT,
        "POST /v1/transfers/quote": schemas.DUE_NEW_QUOTE,
        "POST /v1/transfers": schemas.DUE_NEW_TRANSFER,
    },
}
ANSWERS: Final[Mapping[str, Mapping[str, Schema]]] = {
    "bridge": {
        "GET /v0/exchange_rates": schemas.BRIDGE_RATE,
        BRIDGE_ACCOUNTS: schemas.BRIDGE_ACCOUNT,
        "POST /v0/transfers": schemas.BRIDGE_TRANSFER,
        "GET /v0/transfers/{id}": schemas.BRIDGE_TRANSFER,
        "DELETE /v0/transfers/{id}": schemas.BRIDGE_TRANSFER,
        "GET /v0/customers/{id}/transfers": schemas.holding(
            {"count": {"type": "integer"}, "data": {"items": schemas.BRIDGE_TRANSFER}}
        ),
    },
    "due": {
        "POST /v1/transfers/quote": schemas.DUE_QUOTE,
        "POST /v1/transfers": schemas.DUE_TRANSFER,
        "GET /v1/transfers/{id}": schemas.DUE_TRANSFER,
        "POST /v1/transfers/{id}/funding_address": schemas.DUE_FUNDING_ADDRESS,
        "GET /v1/transfers": schemas.holding({"items": {"items": schemas.DUE_TRANSFER}}),
    },
}


@pytest.mark.parametrize("name", ["bridge", "due"])
async def test_what_is_said_fits_our_schemas(name: str) -> None:
    async with recorded(name) as (subject, adapter, recorder):
        await everything(subject, adapter)

    for exchange in recorder.kept:
        if exchange.operation in REQUESTS[name]:
            check(exchange.request, REQUESTS[name][exchange.operation])
        if exchange.operation in ANSWERS[name] and exchange.status < 300:
            check(exchange.answer, ANSWERS[name][exchange.operation])
    said = {exchange.operation for exchange in recorder.kept}
    assert said >= {*REQUESTS[name], *ANSWERS[name]}


@pytest.mark.parametrize("name", ["bridge", "due"])
async def test_events_fit_our_schemas(name: str) -> None:
    async with recorded(name) as (subject, adapter, _):
        await everything(subject, adapter)
        messages = await subject.messages("")

    schema = schemas.BRIDGE_EVENT if name == "bridge" else schemas.DUE_EVENT
    assert messages
    for _, body in messages:
        check(json.loads(body), schema)


async def test_keys_go_to_bridge_with_each_post_and_nowhere_else() -> None:
    async with recorded("bridge") as (subject, adapter, recorder):
        await everything(subject, adapter)

    for exchange in recorder.kept:
        assert ("idempotency-key" in exchange.headers) is exchange.operation.startswith("POST")
        assert exchange.headers["api-key"].startswith("sk-test-")


async def test_every_call_to_due_is_in_the_name_of_an_account() -> None:
    async with recorded("due") as (subject, adapter, recorder):
        await everything(subject, adapter)

    for exchange in recorder.kept:
        assert exchange.headers["authorization"].startswith("Bearer dk_")
        assert exchange.headers["due-account-id"] in {CUSTOMER, "acct_platform"}


# ------------------------------------------------------------------ the providers' own files


@cache
def due_specification() -> dict[str, dict[str, object]]:
    """Paths and schemas; read once."""
    text = published("offramp/due/due-openapi.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, object]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


@cache
def bridge_notes() -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(
        published("notes/bridge-contract.yaml").read_text(encoding="utf-8")
    )
    return found


def due_schema(name: str) -> Schema:
    """A schema of the file, with all that it refers to."""
    return {"$ref": f"#/components/schemas/{name}", "components": due_specification()["components"]}


DUE_REQUESTS: Final = {
    "POST /v1/recipients": "transfers_dto_v2.RecipientCreateRequest",
    "POST /v1/transfers/quote": "transfers_dto_v2.QuoteRequest",
    "POST /v1/transfers": "transfers_dto_v2.TransferRequest",
}
DUE_ANSWERS: Final = {
    "POST /v1/transfers/quote": "transfers_models_v2.Quote",
    "POST /v1/transfers": "transfers_models_v2.Transfer",
    "GET /v1/transfers/{id}": "transfers_models_v2.Transfer",
    "GET /v1/transfers": "repository.CursorPage--transfers_models_v2.Transfer",
    "POST /v1/transfers/{id}/funding_address": "account.TransferInstructionsDisposableAccount",
}
# The file's alternatives overlap: what fits one of them fits others, too. So each is chosen by its
# discriminator, as the file says in words, and left out of what holds it.
DUE_CHOICES: Final = {
    ("schema", "bank_us"): "account.BankAccountDetailsUS",
    ("schema", "bank_sepa"): "account.BankAccountDetailsSepa",
    ("schema", "bank_uk"): "account.BankAccountDetailsUK",
    ("schema", "bank_br_pix"): "account.BankAccountDetailsBRPix",
    ("schema", "solana"): "account.SolanaAccount",
    ("kind", "transfer_intent"): "account.TransferInstructionsTransferIntent",
    ("kind", "transaction_hash"): "transaction_confirmation.TransactionHash",
}
CHOSEN: Final = frozenset({"details", "transferInstructions", "confirmation"})


def without_choices(value: object) -> object:
    """A copy without the members that are one of several."""
    if isinstance(value, dict):
        return {name: without_choices(item) for name, item in value.items() if name not in CHOSEN}
    if isinstance(value, list):
        return [without_choices(item) for item in value]
    return value


def choices(value: object) -> list[dict[str, object]]:
    if isinstance(value, list):
        return [found for item in value for found in choices(item)]
    if not isinstance(value, dict):
        return []
    own = [item for name, item in value.items() if name in CHOSEN and isinstance(item, dict)]
    return own + [found for item in value.values() for found in choices(item)]


def check_choice(value: dict[str, object]) -> None:
    name = "schema" if "schema" in value else "kind"
    check(value, due_schema(DUE_CHOICES[name, str(value[name])]))


async def test_what_is_said_fits_dues_own_file() -> None:
    paths = due_specification()["paths"]
    async with recorded("due") as (subject, adapter, recorder):
        await everything(subject, adapter)

    for exchange in recorder.kept:
        method, _, path = exchange.operation.partition(" ")
        operations = paths[path]
        assert isinstance(operations, dict)
        assert method.lower() in operations
        if exchange.operation in DUE_REQUESTS:
            check(without_choices(exchange.request), due_schema(DUE_REQUESTS[exchange.operation]))
        if exchange.operation in DUE_ANSWERS and exchange.status == 200:
            check(without_choices(exchange.answer), due_schema(DUE_ANSWERS[exchange.operation]))
        if exchange.status == 200:
            for chosen in choices([exchange.request, exchange.answer]):
                check_choice(chosen)


def test_every_status_of_dues_file_is_known() -> None:
    schema = due_specification()["components"]["schemas"]
    assert isinstance(schema, dict)
    told = schema["transfers_models_v2.Transfer"]["properties"]["status"]["enum"]

    assert set(told) == set(due_transfers.STATES)


def test_the_codes_that_the_sandbox_answers_are_dues() -> None:
    """But for those that Due does not publish: of an expired quote and of what is unknown."""
    told = yaml.safe_load(published("offramp/due/due-error-codes.yml").read_text(encoding="utf-8"))
    known = {error["error_code"] for error in told["errors"]} | {"err_recipient_not_found"}
    folder = Path(due_quotes.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))

    used = set(re.findall(r'"(err_[a-z0-9_]+)"', text))

    assert used - known == {
        "err_account_not_found",
        "err_quote_expired",
        "err_transfer_not_found",
        "err_validation",
    }


def test_the_mapping_of_dues_codes_covers_its_file() -> None:
    """Whatever begins as one of Due's families is in the file; a family without codes is stale."""
    from infrastructure.providers.due import calls

    told = yaml.safe_load(published("offramp/due/due-error-codes.yml").read_text(encoding="utf-8"))
    known = {error["error_code"] for error in told["errors"]} | {"err_recipient_not_found"}

    for start, _ in calls._CODES:
        assert any(code.startswith(start) for code in known), start


def test_every_state_of_bridges_notes_is_known() -> None:
    assert set(bridge_notes()["TransferState"]) == set(bridge_transfers.STATES)  # type: ignore[call-overload]  # a list, by the notes


def test_bridges_members_are_those_of_the_notes() -> None:
    transfer = bridge_notes()["TransferResponse"]
    assert isinstance(transfer, dict)
    required = schemas.BRIDGE_TRANSFER["required"]
    assert isinstance(required, list)

    assert set(transfer["required"]) <= {*required}
    webhook = bridge_notes()["webhook"]
    assert isinstance(webhook, dict)
    event = schemas.BRIDGE_EVENT["required"]
    assert isinstance(event, list)
    assert set(event) <= set(webhook["event"])


async def test_the_refusal_of_a_second_account_has_the_code_that_is_looked_for() -> None:
    async with recorded("bridge") as (_, adapter, recorder):
        await registered(adapter)
        await registered(adapter, key="bank-2")

    codes = [
        exchange.answer.get("code")
        for exchange in recorder.kept
        if isinstance(exchange.answer, dict) and exchange.status == 400
    ]
    assert codes == [bridge_calls.DUPLICATE_ACCOUNT]


async def test_an_account_that_is_taken_twice_is_not_guessed() -> None:
    """Only the last four digits come back from Bridge: two alike are nobody's."""
    async with recorded("bridge") as (_, adapter, _):
        first = {**SEPA_BANK.account, "iban": "DE11111111111111113000"}
        await registered(adapter, replace(SEPA_BANK, account=first), key="bank-1")
        await registered(adapter, SEPA_BANK, key="bank-2")

        answer = await adapter.register_bank_account(CUSTOMER, SEPA_BANK, key="bank-3")

    assert isinstance(answer, Declined)
