"""Sui's nodes: what their words mean, what they must not say, and two of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec
import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Unanswered
from domain.provider.ports.chain import Accepted, Presence
from domain.shared.assets import SUI
from infrastructure.chains.sui.gateway import SuiGateway
from infrastructure.http import HttpClient, HttpResponse, HttpTimeout, HttpUnavailable
from tests.contracts.chains.stages import SUI_URL, Stage, SuiWallet, got, sui_stage

FIRST: Final = "http://first.test/graphql"
NAME: Final = 43 * "2"


def answer_of(content: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, msgspec.json.encode(content))


def failure(message: str, code: str) -> HttpResponse:
    error = {"message": message, "extensions": {"code": code}, "path": ["executeTransaction"]}
    return answer_of({"data": None, "errors": [error]})


@dataclass(slots=True)
class Scripted(HttpClient):
    """Answers FIRST by the first field that is asked for, and passes all else on."""

    sandbox: HttpClient | None = None
    answers: dict[str, HttpResponse | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def request(self, method: str, url: str, **more: object) -> HttpResponse:
        self.asked.append(url.split("/")[2])
        found = [
            value
            for name, value in self.answers.items()
            if f"{name}(" in str(more.get("content")) or name == "*"
        ]
        if url != FIRST or not found:
            assert self.sandbox is not None
            return await self.sandbox.request(method, SUI_URL, **more)  # type: ignore[arg-type]  # handed on
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]


UNKNOWN_THERE: Final = answer_of(
    {"data": {"transaction": None, "checkpoint": {"sequenceNumber": 9}}}
)

# ---------------------------------------------------------------------- answers that do not fit


@dataclass(frozen=True, slots=True)
class Pair:
    """A stage whose gateway asks FIRST, then the sandbox."""

    stage: Stage
    client: Scripted


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with sui_stage() as stage:
        assert stage.world is not None
        client = Scripted(sandbox=stage.world.client)
        gateway = SuiGateway(client=client, urls=(FIRST, SUI_URL))
        yield Pair(replace(stage, gateway=gateway), client)


def only_first(pair: Pair) -> SuiGateway:
    return SuiGateway(client=pair.client, urls=(FIRST,))


ADDRESS: Final = "0x" + 64 * "a"
SUI_COIN: Final = {"repr": "0x" + 63 * "0" + "2::sui::SUI"}


@pytest.mark.parametrize(
    "held",
    [
        {"address": "0x" + 64 * "b", "balance": None},
        {"address": ADDRESS, "balance": {"totalBalance": "5", "coinType": {"repr": "0x3::a::A"}}},
    ],
)
async def test_a_balance_of_something_else_is_not_believed(pair: Pair, held: object) -> None:
    pair.client.answers["address"] = answer_of({"data": {"address": held}})

    answer = await only_first(pair).balance(ADDRESS, SUI)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_no_balance_is_none(pair: Pair) -> None:
    pair.client.answers["address"] = answer_of(
        {"data": {"address": {"address": ADDRESS, "balance": None}}}
    )

    assert await only_first(pair).balance(ADDRESS, SUI) == 0


async def test_the_coins_short_name_is_known(pair: Pair) -> None:
    held = {"totalBalance": "5", "coinType": {"repr": "0x2::sui::SUI"}}
    pair.client.answers["address"] = answer_of(
        {"data": {"address": {"address": ADDRESS, "balance": held}}}
    )

    assert await only_first(pair).balance(ADDRESS, SUI) == 5


@pytest.mark.parametrize("amount", ["1.5", "0x1", "", "1e3", 5])
async def test_an_amount_that_is_no_decimal_text_is_no_answer(pair: Pair, amount: object) -> None:
    held = {"address": ADDRESS, "balance": {"totalBalance": amount, "coinType": SUI_COIN}}
    pair.client.answers["address"] = answer_of({"data": {"address": held}})

    assert isinstance(await only_first(pair).balance(ADDRESS, SUI), NotAttempted)


async def test_another_transaction_is_not_believed(pair: Pair) -> None:
    gas = {"computationCost": 1, "storageCost": 1, "storageRebate": 1}
    effects = {"status": "SUCCESS", "checkpoint": None, "gasEffects": {"gasSummary": gas}}
    content = {
        "transaction": {"digest": 43 * "3", "effects": effects},
        "checkpoint": {"sequenceNumber": 9},
    }
    pair.client.answers["transaction"] = answer_of({"data": content})

    answer = await only_first(pair).sighting(NAME)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_a_status_that_is_not_known_tells_nothing(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    gas = {"computationCost": 1, "storageCost": 1, "storageRebate": 1}
    effects = {
        "status": "PERHAPS",
        "checkpoint": {"sequenceNumber": 1, "digest": NAME},
        "gasEffects": {"gasSummary": gas},
    }
    seen = {
        "transaction": {"digest": NAME, "effects": effects},
        "checkpoint": {"sequenceNumber": 9},
    }
    pair.client.answers["transaction"] = answer_of({"data": seen})

    with caplog.at_level("WARNING"):
        assert isinstance(await only_first(pair).sighting(NAME), NotAttempted)
    assert "PERHAPS" in caplog.text


# ---------------------------------------------------------------------- spent coins

COIN: Final = "0x" + 64 * "c"
SPENT: Final = f"{COIN}:7"


def shown(user: str, version: int, at: int) -> dict[str, object]:
    """That `user`, in checkpoint `at`, used COIN at `version`."""
    changes = {"nodes": [{"address": COIN, "inputState": {"version": version}}]}
    effects = {"checkpoint": {"sequenceNumber": at}, "objectChanges": changes}
    return {"digest": user, "effects": effects}


def node_with(client: Scripted, now: object, users: list[object]) -> None:
    client.answers["multiGetObjects"] = answer_of({"data": {"multiGetObjects": [now]}})
    found = {
        "objectVersions": {"nodes": [{"previousTransaction": users[0]}] if users else []},
        "transactions": {"nodes": users},
        "checkpoint": {"sequenceNumber": 9},
    }
    client.answers["objectVersions"] = answer_of({"data": found})
    client.answers["transaction"] = UNKNOWN_THERE


@pytest.mark.parametrize(
    ("now", "user", "expected"),
    [
        ({"address": COIN, "version": 8}, shown(43 * "3", 7, 7), Presence.SUPERSEDED),
        (None, shown(43 * "3", 7, 7), Presence.SUPERSEDED),
        # Not final yet.
        (None, shown(43 * "3", 7, 8), Presence.UNKNOWN),
        # Whoever used it at a later version is not who used it at this one.
        ({"address": COIN, "version": 9}, shown(43 * "3", 8, 1), Presence.UNKNOWN),
        # The transaction itself, which the node has forgotten otherwise.
        ({"address": COIN, "version": 8}, shown(NAME, 7, 1), Presence.UNKNOWN),
        # As it was, and at a node that is behind.
        ({"address": COIN, "version": 7}, shown(43 * "3", 7, 1), Presence.UNKNOWN),
        ({"address": COIN, "version": 6}, shown(43 * "3", 7, 1), Presence.UNKNOWN),
    ],
)
async def test_a_coin_is_spent_where_its_user_is_shown(
    pair: Pair, now: object, user: object, expected: Presence
) -> None:
    node_with(pair.client, now, [user])

    seen = got(await only_first(pair).sighting(NAME, inputs=(SPENT,)))

    assert seen.presence is expected


async def test_a_coin_that_vanished_without_a_user_proves_nothing(pair: Pair) -> None:
    node_with(pair.client, None, [])

    seen = got(await only_first(pair).sighting(NAME, inputs=(SPENT,)))

    assert seen.presence is Presence.UNKNOWN


async def test_objects_that_were_not_asked_for_are_not_believed(pair: Pair) -> None:
    for now in ([], [{"address": "0x" + 64 * "d", "version": 8}], [None, None]):
        pair.client.answers["multiGetObjects"] = answer_of({"data": {"multiGetObjects": now}})

        answer = await only_first(pair).sighting(NAME, inputs=(SPENT,))

        assert isinstance(answer, Declined)
        assert answer.code == "PRV_RESPONSE_INVALID"


# ---------------------------------------------------------------------- two nodes

NO_ANSWERS: Final[dict[str, HttpResponse | Exception]] = {
    "refused": HttpUnavailable("first.test", "ConnectError"),
    "silent": HttpTimeout("first.test", "ReadTimeout"),
    "failing": HttpResponse(500, {}, b""),
    "busy": HttpResponse(429, {}, b""),
    "locked": HttpResponse(401, {}, b""),
    "garbled": HttpResponse(200, {}, b"<html>"),
    "internal": failure("oh", "INTERNAL_SERVER_ERROR"),
}


async def test_the_first_node_is_asked_alone_while_it_answers(pair: Pair) -> None:
    assert await pair.stage.gateway.balance(ADDRESS, SUI) == 0

    assert set(pair.client.asked) == {"first.test"}


@pytest.mark.parametrize("kind", list(NO_ANSWERS))
async def test_the_second_serves_where_the_first_has_no_answer(pair: Pair, kind: str) -> None:
    sender = await pair.stage.funded()
    pair.client.answers["*"] = NO_ANSWERS[kind]

    signed = await pair.stage.signed(sender, SuiWallet().address)

    assert await pair.stage.gateway.broadcast(signed) == Accepted(
        transaction_hash=signed.transaction_hash
    )


async def test_a_no_after_an_unknown_outcome_stays_unknown(pair: Pair) -> None:
    signed = await pair.stage.signed(await pair.stage.funded(), SuiWallet().address)
    pair.client.answers["executeTransaction"] = NO_ANSWERS["silent"]
    assert pair.stage.world is not None
    pair.stage.world.fault("error", "sui", status=400)

    assert isinstance(await pair.stage.gateway.broadcast(signed), Unanswered)


async def test_without_any_connection_nothing_was_sent(pair: Pair) -> None:
    signed = await pair.stage.signed(await pair.stage.funded(), SuiWallet().address)
    pair.client.answers["*"] = NO_ANSWERS["refused"]

    assert isinstance(await only_first(pair).broadcast(signed), NotAttempted)


async def test_superseded_is_what_both_say(pair: Pair) -> None:
    stage = pair.stage
    sender = await stage.funded()
    first = await stage.prepared(sender, SuiWallet().address)
    second = await stage.prepared(sender, SuiWallet().address)
    other = stage.accept(second, sender).transaction_hash
    got(await stage.gateway.broadcast(stage.accept(first, sender)))
    await stage.simulator.mine(stage.final_blocks)

    seen = got(await stage.gateway.sighting(other, inputs=second.inputs))
    assert seen.presence is Presence.SUPERSEDED

    pair.client.answers["*"] = NO_ANSWERS["refused"]
    seen = got(await stage.gateway.sighting(other, inputs=second.inputs))
    assert seen.presence is Presence.UNKNOWN


async def test_a_node_that_is_behind_does_not_hide_what_the_other_has(pair: Pair) -> None:
    stage = pair.stage
    signed = await stage.signed(await stage.funded(), SuiWallet().address)
    got(await stage.gateway.broadcast(signed))
    pair.client.answers["transaction"] = UNKNOWN_THERE

    seen = got(await stage.gateway.sighting(signed.transaction_hash))

    assert seen.presence is Presence.PENDING
