"""Strategies through the real platform: chosen, launched, earning, stopped, signed by their user."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

import httpx
import pytest

from bench.platform import Platform
from tests.integration.api.client import Json, Person, Records, new_key, only_error
from tests.integration.api.live import STRATEGIES, events_of, socket_of
from tests.integration.breakers import forget_breakers
from tests.sequences import LAUNCH, STOP

pytestmark = pytest.mark.enable_socket

_CATALOGUE = """{ strategies { nodes { id provider name asset risk goals apy minimum lockSeconds
  exitFee liquidity totalValue source at stale } goals { name risk } missing { provider reason } } }"""
_SHOWN = """query ($id: ID!) { transaction(id: $id) { id type state reason receivedAmount provider
  fundsLocation progressPercent fees { kind amount } } }"""
_WALLET = """{ wallet { available { posted pending } strategy { asset posted reserved }
  positions { id strategyId provider name principal value profit source at lockedUntil closing state } } }"""

_PREVIEWED = ("value", "exitCost", "platformFee", "networkCost", "received", "profit")
_PREVIEW = f"""query ($id: ID!) {{ strategyStopPreview(input: {{ positionId: $id }}) {{
  preview {{ principal {" ".join(_PREVIEWED)} source at }} errors {{ code field }} }} }}"""


async def catalogue(person: Person) -> Json:
    return (await person.data(_CATALOGUE))["strategies"]


async def wallet(person: Person) -> Json:
    return (await person.data(_WALLET))["wallet"]


async def chosen(person: Person, provider: str, *, locked: bool = False) -> Json:
    """A strategy of the provider, with a lock or without."""
    found = (await catalogue(person))["nodes"]
    return next(
        each
        for each in found
        if each["provider"] == provider and (each["lockSeconds"] > 0) is locked
    )


async def launch(person: Person, strategy: str, amount: str = "50") -> Json:
    return await person.mutate(
        "initiateStrategyLaunch", strategyId=strategy, amount=amount, idempotencyKey=new_key()
    )


async def stop(person: Person, position: str) -> Json:
    return await person.mutate(
        "initiateStrategyStop", positionId=position, idempotencyKey=new_key()
    )


async def signed(person: Person, payload: Json) -> Json:
    """What it has come to once its user has signed."""
    identifier = await person.signed(payload)
    await person.ended(identifier)
    return (await person.data(_SHOWN, id=identifier))["transaction"]


async def test_the_catalogue_joins_what_protocols_offer_with_goals(alice: Person) -> None:
    found = await catalogue(alice)

    assert {each["provider"] for each in found["nodes"]} == {"kamino", "jupiter_lend"}
    assert found["missing"] == []
    assert {goal["name"] for goal in found["goals"]} >= {"Emergency Fund", "Home Down Payment"}
    for each in found["nodes"]:
        assert each["source"]
        assert each["at"]
        assert not each["stale"]
    lend = next(each for each in found["nodes"] if each["provider"] == "jupiter_lend")
    assert (lend["risk"], "Emergency Fund" in lend["goals"]) == ("low", True)


@pytest.mark.parametrize("provider", ["kamino", "jupiter_lend"])
async def test_a_strategy_is_launched_earns_and_is_stopped(
    alice: Person, records: Records, platform: Platform, http: httpx.AsyncClient, provider: str
) -> None:
    strategy = await chosen(alice, provider)
    before = await wallet(alice)

    launched = await signed(alice, await launch(alice, strategy["id"]))

    assert (launched["state"], launched["provider"]) == ("COMPLETED", provider)
    published = await records.published(launched["id"])
    assert [name for name in published if name in LAUNCH] == LAUNCH
    after = await wallet(alice)
    opened = after["positions"][-1]
    principal = Decimal(opened["principal"])
    assert principal == Decimal(launched["receivedAmount"])
    spent = Decimal(before["available"]["posted"]) - Decimal(after["available"]["posted"])
    assert principal < spent <= 50
    assert opened["source"]
    assert opened["state"] == "POSITION_MONITORING"

    clock = f"{platform.ready.sandbox_url}/control/clock"
    answer = await http.post(clock, json={"skip_seconds": 30 * 86_400})
    assert answer.status_code == 200, answer.text
    earned = (await wallet(alice))["positions"][-1]
    assert Decimal(earned["profit"]) > 0

    previewed = (await alice.data(_PREVIEW, id=opened["id"]))["strategyStopPreview"]
    assert previewed["errors"] == []
    told = {name: Decimal(previewed["preview"][name]) for name in _PREVIEWED}
    assert told["received"] == told["value"] - told["platformFee"] - told["networkCost"]
    assert told["profit"] == told["received"] - principal
    assert (told["exitCost"] > 0) == (Decimal(strategy["exitFee"]) > 0)

    stopped = await signed(alice, await stop(alice, opened["id"]))

    # The network's cost is an upper limit: what is not needed of it is not charged.
    more = Decimal(stopped["receivedAmount"]) - told["received"]
    assert 0 <= more <= told["networkCost"]
    assert (stopped["type"], stopped["state"]) == ("STRATEGY_STOP", "COMPLETED")
    published = await records.published(stopped["id"])
    assert [name for name in published if name in STOP] == STOP
    ended = await wallet(alice)
    assert opened["id"] not in {each["id"] for each in ended["positions"]}
    came = Decimal(ended["available"]["posted"]) - Decimal(after["available"]["posted"])
    assert came == Decimal(stopped["receivedAmount"])
    fee = next(fee for fee in stopped["fees"] if fee["kind"] == "PLATFORM")
    assert Decimal(fee["amount"]) == Decimal("0.25")
    assert Decimal(ended["available"]["pending"]) == 0
    assert only_error(await stop(alice, opened["id"]))["code"] == "TXN_POSITION_UNKNOWN"


async def test_a_lock_is_told_before_anything_begins(alice: Person) -> None:
    strategy = await chosen(alice, "kamino", locked=True)
    await signed(alice, await launch(alice, strategy["id"]))
    position = (await wallet(alice))["positions"][-1]
    assert position["lockedUntil"]

    error = only_error(await stop(alice, position["id"]))
    ahead = (await alice.data(_PREVIEW, id=position["id"]))["strategyStopPreview"]
    assert [each["code"] for each in ahead["errors"]] == ["TXN_POSITION_LOCKED"]
    assert ahead["preview"] is None

    assert (error["code"], error["field"]) == ("TXN_POSITION_LOCKED", "input.positionId")
    assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", error["why"])


async def test_who_was_away_leaves_the_key_free(
    alice: Person, platform: Platform, http: httpx.AsyncClient
) -> None:
    strategy, key = await chosen(alice, "jupiter_lend"), new_key()
    await signed(alice, await launch(alice, strategy["id"]))
    wish = {"positionId": (await wallet(alice))["positions"][-1]["id"], "idempotencyKey": key}
    faults = f"{platform.ready.sandbox_url}/control/faults"
    await http.post(faults, json={"kind": "outage", "provider": "jupiter_lend"})
    try:
        refused = only_error(await alice.mutate("initiateStrategyStop", **wish))
    finally:
        await http.delete(faults)
        forget_breakers(platform.ready)
    assert (refused["code"], refused["retryable"]) == ("PRV_UNAVAILABLE", True)

    again = await alice.mutate("initiateStrategyStop", **wish)

    assert (await signed(alice, again))["state"] == "COMPLETED"


@pytest.mark.parametrize(
    ("strategy", "amount", "code"),
    [
        ("kamino:nothing", "50", "TXN_STRATEGY_UNKNOWN"),
        ("nobody:nothing", "50", "TXN_STRATEGY_UNKNOWN"),
        (None, "9.99", "TXN_BELOW_MINIMUM"),
        (None, "nonsense", "VAL_AMOUNT_FORMAT"),
    ],
)
async def test_what_cannot_be_launched_is_refused(
    alice: Person, strategy: str | None, amount: str, code: str
) -> None:
    named = strategy or (await chosen(alice, "kamino"))["id"]
    assert only_error(await launch(alice, named, amount))["code"] == code


async def test_what_is_new_of_a_position_is_told_on_both_transports(
    alice: Person, platform: Platform, http: httpx.AsyncClient
) -> None:
    strategy = await chosen(alice, "jupiter_lend")
    async with socket_of(alice) as socket, events_of(alice, STRATEGIES) as stream:
        line = await socket.subscribe(STRATEGIES)
        await signed(alice, await launch(alice, strategy["id"], "100"))
        opened = (await line.until("StrategyBalanceUpdated"))[-1]
        position = (await wallet(alice))["positions"][-1]
        assert (opened["positionId"], opened["news"]) == (position["id"], None)
        assert position["id"] in {each["id"] for each in opened["positions"]}
        assert (await stream.until("StrategyBalanceUpdated"))[-1]["positionId"] == position["id"]

        clock = f"{platform.ready.sandbox_url}/control/clock"
        await http.post(clock, json={"skip_seconds": 90 * 86_400})

        for told in (line.item, stream.item):
            item = await told()
            while item["positionId"] != position["id"]:
                item = await told()
            assert (item["type"], item["news"]) == ("PositionValued", "VALUE_CHANGED")
            assert Decimal(item["value"]) > Decimal(position["principal"])
            assert item["transaction"] is None

        await signed(alice, await stop(alice, position["id"]))
        closed = await line.until("StrategyStopCompleted")
        assert closed[-1]["positionId"] == position["id"]
        assert position["id"] not in {each["id"] for each in closed[-1]["positions"]}

    async with socket_of(alice) as socket:
        line = await socket.subscribe(STRATEGIES, after=opened["cursor"])
        missed = await line.until("StrategyStopCompleted")
        assert "PositionValued" in {each["type"] for each in missed}


@pytest.fixture
async def kamino_down(
    platform: Platform, http: httpx.AsyncClient
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Its deposits fail until that is called; what is on offer is known before."""
    faults = f"{platform.ready.sandbox_url}/control/faults"
    fault = {"kind": "error", "provider": "kamino", "operations": ["deposit"]}
    assert (await http.post(faults, json=fault)).status_code < 300

    async def up_again() -> None:
        assert (await http.delete(faults)).status_code < 300
        forget_breakers(platform.ready)

    yield up_again
    await up_again()


async def asked(person: Person, payload: Json) -> Json:
    assert payload["errors"] == []
    action = await person.pending(payload["transaction"]["id"])
    assert action["type"] == "ADJUST_STRATEGY"
    return action


@pytest.mark.parametrize(
    "option",
    [
        "another",
        pytest.param("RETRY", marks=pytest.mark.chaos),
        pytest.param("STOP", marks=pytest.mark.chaos),
    ],
)
async def test_a_launch_that_its_protocol_fails_goes_on_as_its_user_says(
    alice: Person,
    records: Records,
    kamino_down: Callable[[], Awaitable[None]],
    option: str,
) -> None:
    strategy = await chosen(alice, "kamino")
    before = await wallet(alice)

    payload = await launch(alice, strategy["id"])
    action = await asked(alice, payload)

    names = [each["name"] for each in action["options"]]
    another = next(name for name in names if name.startswith("jupiter_lend:"))
    assert (names[0], names[-1]) == ("RETRY", "STOP")
    refused = await alice.choose(action["id"], "ACCEPT")
    assert [each["code"] for each in refused["errors"]] == ["VAL_OPTION"]
    await kamino_down()
    wanted = another if option == "another" else option
    for _ in range(2):
        assert (await alice.choose(action["id"], wanted))["errors"] == []

    identifier = payload["transaction"]["id"]
    if option != "STOP":
        await alice.sign(identifier)
    await alice.ended(identifier)
    ended = (await alice.data(_SHOWN, id=identifier))["transaction"]
    after = await wallet(alice)
    opened = [each for each in after["positions"] if each not in before["positions"]]
    if option == "STOP":
        assert (ended["state"], ended["reason"]) == ("FAILED", "PRV_UNAVAILABLE")
        assert after["available"] == before["available"]
        return
    assert ended["state"] == "COMPLETED"
    assert ended["provider"] == ("kamino" if option == "RETRY" else "jupiter_lend")
    assert opened[-1]["strategyId"] == (strategy["id"] if option == "RETRY" else another)
    published = await records.published(identifier)
    assert published.count("DeFiProviderSelected") == (1 if option == "RETRY" else 2)
