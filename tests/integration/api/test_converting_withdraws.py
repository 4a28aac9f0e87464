"""Withdraws of other assets than USDC to wallets on every chain, through the real platform: what the
user signs pays a provider, and the chain of the address shows what arrived."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import httpx
import pytest
import redis.asyncio
from embit import bech32
from eth_utils.address import to_checksum_address
from solders.keypair import Keypair

from bench.platform import Platform
from domain.provider.ports.chain import ChainGateway
from domain.shared.assets import ASSETS, Chain
from domain.shared.money import format_asset
from infrastructure.chains.solana.addresses import USDC_MINT
from infrastructure.db.invariants import check
from infrastructure.db.pool import connect
from infrastructure.http import HttpClient
from infrastructure.services.connections.access import Access
from infrastructure.services.connections.chains import open_chains
from infrastructure.services.connections.model import load_connections
from tests.integration.api.chain import Chain as SolanaChain
from tests.integration.api.client import Json, Person, Records, new_key, only_error, sign
from tests.integration.api.test_reviews import Operator, key_of, made_risky

pytestmark = pytest.mark.enable_socket

_WAIT_SECONDS_MAX: Final = 40.0
_POLL_SECONDS: Final = 0.2
_SKIPPED_SECONDS: Final = 600
SEQUENCE: Final = [
    "WithdrawTransactionInitiated",
    "ExternalWalletValidated",
    "AvailableBalanceReserved",
    "DEXProviderSelected",
    "AssetConversionRequested",
    "AssetConversionCompleted",
    "CrossChainTransferRequested",
    "CrossChainTransferConfirmed",
    "WithdrawTransactionCompleted",
]
WALLET: Final = "input.destination.externalWallet"
ADDRESS: Final = f"{WALLET}.address"
_SHOWN: Final = """query ($id: ID!) { transaction(id: $id) {
  id type state subState reason waitingOn fundsLocation outcomeCertainty provider asset amount
  targetAsset targetAmount receivedAmount recipient { address username } cancellable attempt
  fees { kind amount asset provider } timeline { state subState } } }"""
_PREVIEW: Final = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { received receivedAtLeast recipient { address } provider quoteId warnings { code } }
  errors { code field } } }"""
README: Final = Path(__file__).resolve().parents[3] / "README.md"
_REFERENCE: Final = """SELECT data -> 'signature' ->> 'reference' FROM outbox
    WHERE type = 'UserActionRequired' ORDER BY generation DESC, xid DESC, id DESC LIMIT 1"""
_OWED: Final = """SELECT coalesce(sum(b.posted), 0) FROM balance b
    JOIN account a ON a.id = b.account_id
    WHERE a.code IN ('provider:lifi:USDC', 'provider:debridge:USDC')"""


class World:
    """The sandbox from behind, and the chains as anybody may look at them."""

    def __init__(
        self, platform: Platform, http: httpx.AsyncClient, chains: dict[Chain, ChainGateway]
    ) -> None:
        self._ready, self._http, self._chains = platform.ready, http, chains
        self._solana = SolanaChain(platform.ready, http)

    async def post(self, path: str, body: object) -> None:
        answer = await self._http.post(f"{self._ready.sandbox_url}/{path}", json=body)
        assert answer.status_code < 300, answer.text

    async def calm(self) -> None:
        """No fault is set, and no provider is remembered to have failed."""
        await self._http.delete(f"{self._ready.sandbox_url}/control/faults")
        await self.post("control/solana/timing", {"confirm_ms": 0, "finalize_ms": 0})
        async with redis.asyncio.Redis.from_url(self._ready.redis_url) as client:
            async for key in client.scan_iter("diboas:guard:*"):
                await client.delete(key)

    async def balance(self, asset: str, address: str) -> int:
        """What the chain shows at the address, in base units."""
        chain = ASSETS[asset].chain
        if chain is Chain.SOLANA:
            return int((await self._solana.call("getBalance", address))["value"])
        found = await self._chains[chain].balance(address, ASSETS[asset])
        assert isinstance(found, int), found
        return found

    async def ended(self, person: Person, identifier: str, *states: str) -> Json:
        """The transaction at its end, or in the hands of a person, however long it takes."""
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            while True:
                found = await shown(person, identifier)
                if found["state"] in {"COMPLETED", "FAILED"} or found["waitingOn"] in states:
                    return found
                await self.post("control/clock", {"skip_seconds": _SKIPPED_SECONDS})
                await asyncio.sleep(_POLL_SECONDS)


@pytest.fixture
async def world(
    platform: Platform, data_dir: Path, http: httpx.AsyncClient
) -> AsyncIterator[World]:
    connections = load_connections(data_dir / "keys" / "providers.json")
    async with HttpClient() as client:
        chains = open_chains(connections, Access(client, _no_clock))
        found = World(platform, http, chains)
        await found.calm()
        yield found
        await found.calm()


def _no_clock() -> datetime:
    raise AssertionError("balances need no time")


def new_address(asset: str) -> str:
    """Of nobody here."""
    match ASSETS[asset].chain:
        case Chain.SOLANA:
            return str(Keypair().pubkey())
        case Chain.BITCOIN:
            return str(bech32.encode("bc", 0, secrets.token_bytes(20)))
        case Chain.ETHEREUM:
            return str(to_checksum_address(secrets.token_bytes(20)))
        case Chain.SUI:
            return f"0x{secrets.token_hex(32)}"


async def begin(
    person: Person, asset: str, address: str, more: Mapping[str, str] | None = None
) -> Json:
    """Of 50 USDC; `more` are other fields of the input, or the chain of the address."""
    given = dict(more or {})
    there = {"chain": given.pop("chain")} if "chain" in given else {}
    wish: dict[str, object] = {
        "amount": "50",
        "targetAsset": asset,
        "destination": {"externalWallet": {"address": address, **there}},
        "idempotencyKey": new_key(),
    }
    return await person.mutate("initiateWithdraw", **{**wish, **given})


def _withdraw(asset: str, address: str) -> dict[str, object]:
    """What is looked at first."""
    wallet = {"externalWallet": {"address": address}}
    return {"amount": "50", "targetAsset": asset, "destination": wallet}


async def signed(person: Person, payload: Json) -> str:
    """A Withdraw that its user has signed."""
    assert payload["errors"] == []
    identifier = str(payload["transaction"]["id"])
    action = await person.pending(identifier)
    taken = await person.submit(action["id"], sign(action["payload"], person.keypair))
    assert taken["errors"] == []
    return identifier


async def shown(person: Person, identifier: str) -> Json:
    return (await person.data(_SHOWN, id=identifier))["transaction"]


async def posted(person: Person) -> Decimal:
    found = await person.data("{ wallet { available { posted } } }")
    return Decimal(found["wallet"]["available"]["posted"])


async def holds(platform: Platform) -> None:
    """Every invariant of ledger and log."""
    connection = await connect(platform.ready.database_url)
    try:
        assert await check(connection) == []
    finally:
        await connection.close()


@pytest.mark.parametrize("asset", ["SOL", "BTC", "ETH", "PAXG", "XAUT", "SUI"])
async def test_it_arrives_at_the_address_and_is_booked(
    alice: Person, records: Records, world: World, platform: Platform, asset: str
) -> None:
    before, address = await posted(alice), new_address(asset)
    owed = await records.count(_OWED)

    payload = await begin(alice, asset, address)
    identifier = await signed(alice, payload)
    done = await world.ended(alice, identifier)

    assert (done["state"], done["reason"], done["type"]) == ("COMPLETED", None, "WITHDRAW")
    published = await records.published(identifier)
    assert [name for name in published if name in SEQUENCE] == SEQUENCE
    assert done["receivedAmount"] == format_asset(await world.balance(asset, address), asset)
    assert Decimal(done["receivedAmount"]) > 0
    assert (done["asset"], done["targetAsset"]) == ("USDC", asset)
    assert (done["fundsLocation"], done["recipient"]["address"]) == ("DELIVERED", address)
    assert 49 < before - await posted(alice) <= 50
    assert {"NETWORK", "PLATFORM"} <= {fee["kind"] for fee in done["fees"]}
    assert await records.count(_OWED) == owed
    passed = {f"{row['state']}.{row['subState']}" for row in done["timeline"]}
    assert ("PROVIDER_PROCESSING.BRIDGE_CONFIRMING" in passed) is (asset != "SOL")
    await holds(platform)


async def test_what_is_signed_says_where_it_goes(alice: Person, world: World) -> None:
    address = new_address("BTC")
    identifier = (await begin(alice, "BTC", address))["transaction"]["id"]

    action = await alice.pending(identifier)

    assert address in action["summary"]
    assert "at least 0.000" in action["summary"]


async def test_the_readmes_withdraw_works_as_it_is_pasted(alice: Person, world: World) -> None:
    blocks = re.findall(r"```graphql\n(.*?)```", README.read_text(), re.DOTALL)
    (mutation,) = [text for text in blocks if "targetAsset:" in text]

    payload = (await alice.data(mutation))["initiateWithdraw"]

    assert payload["errors"] == []
    begun = payload["transaction"]
    assert begun["targetAsset"] == "BTC"
    assert begun["recipient"]["address"] in (await alice.pending(begun["id"]))["summary"]


async def test_it_is_shown_before_and_begun_by_what_was_shown(
    alice: Person, world: World, platform: Platform
) -> None:
    address = new_address("PAXG")
    given = _withdraw("PAXG", address)
    looked = (await alice.data(_PREVIEW, input={"withdraw": given}))["transactionPreview"]
    assert looked["errors"] == []
    shown = looked["preview"]
    assert shown["recipient"]["address"] == address
    assert Decimal(shown["received"]) >= Decimal(shown["receivedAtLeast"]) > 0
    assert {each["code"] for each in shown["warnings"]} >= {"TXN_RECIPIENT_STRANGER"}

    payload = await alice.mutate(
        "initiateWithdraw", **given, quoteId=shown["quoteId"], idempotencyKey=new_key()
    )
    done = await world.ended(alice, await signed(alice, payload))

    assert (done["state"], done["provider"]) == ("COMPLETED", shown["provider"])
    assert Decimal(done["receivedAmount"]) >= Decimal(shown["receivedAtLeast"])
    assert done["targetAmount"] == shown["received"]
    await holds(platform)


async def test_it_can_be_cancelled_before_it_is_signed(alice: Person, world: World) -> None:
    before = await posted(alice)
    identifier = (await begin(alice, "ETH", new_address("ETH")))["transaction"]["id"]
    await alice.pending(identifier)

    assert (await alice.cancel(identifier))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert await posted(alice) == before


async def test_the_same_wish_twice_is_one(alice: Person, world: World) -> None:
    key, address = new_key(), new_address("SOL")
    first = await begin(alice, "SOL", address, {"idempotencyKey": key})
    again = await begin(alice, "SOL", address, {"idempotencyKey": key})
    other = await begin(alice, "SOL", new_address("SOL"), {"idempotencyKey": key})
    plain = await alice.mutate(
        "initiateWithdraw",
        amount="50",
        destination={"externalWallet": {"address": address}},
        idempotencyKey=key,
    )

    assert first["transaction"]["id"] == again["transaction"]["id"]
    for conflict in (other, plain):
        assert only_error(conflict)["code"] == "VAL_IDEMPOTENCY_CONFLICT"


@pytest.mark.parametrize("kind", ["error", "rate_limit", "malformed_body", "outage"])
async def test_where_one_bridge_gives_no_quote_the_other_one_does(
    alice: Person, world: World, platform: Platform, kind: str
) -> None:
    await world.post("control/faults", {"kind": kind, "provider": "lifi"})
    address = new_address("ETH")

    identifier = await signed(alice, await begin(alice, "ETH", address))
    done = await world.ended(alice, identifier)

    assert (done["state"], done["provider"]) == ("COMPLETED", "debridge")
    assert await world.balance("ETH", address) > 0
    await holds(platform)


async def test_an_asset_of_solana_may_be_delivered_afterwards_too(
    alice: Person, records: Records, world: World, platform: Platform
) -> None:
    await world.post("control/faults", {"kind": "outage", "provider": "jupiter"})
    address = new_address("SOL")

    identifier = await signed(alice, await begin(alice, "SOL", address))
    done = await world.ended(alice, identifier)

    assert (done["state"], done["provider"]) == ("COMPLETED", "lifi")
    published = await records.published(identifier)
    assert [name for name in published if name in SEQUENCE] == SEQUENCE
    assert "CrossChainDeliveryAwaited" in published
    assert done["receivedAmount"] == format_asset(await world.balance("SOL", address), "SOL")
    await holds(platform)


@pytest.fixture
async def risky(alice: Person, platform: Platform) -> AsyncIterator[Person]:
    async for person in made_risky(alice, Operator(platform)):
        yield person


async def test_who_goes_out_before_anything_is_signed_gives_way_to_the_other(
    risky: Person, records: Records, world: World, platform: Platform
) -> None:
    address = new_address("ETH")
    payload = await begin(risky, "ETH", address, {"amount": "1001"})
    identifier = str(payload["transaction"]["id"])
    assert (await shown(risky, identifier))["waitingOn"] == "OPERATOR"
    explained = await risky.data(_PREVIEW, input={"withdraw": _withdraw("ETH", address)})
    best = explained["transactionPreview"]["preview"]["provider"]
    await world.post("control/faults", {"kind": "outage", "provider": best})

    decided = Operator(platform).does(
        "compliance", "approve", key_of(identifier), "--reason", "salary"
    )
    assert decided.returncode == 0, decided.stderr
    await signed(risky, payload)
    done = await world.ended(risky, identifier)

    other = ({"lifi", "debridge"} - {best}).pop()
    assert (done["state"], done["provider"], done["attempt"]) == ("COMPLETED", other, 2)
    assert "PROVIDER_FAILOVER" in {row["state"] for row in done["timeline"]}
    published = await records.published(identifier)
    assert published.count("AssetConversionRequested") == 2
    assert published.count("UserActionSubmitted") == 1
    assert await world.balance("ETH", address) > 0
    await holds(platform)


async def test_where_nobody_gives_a_quote_nothing_begins(
    alice: Person, records: Records, world: World
) -> None:
    before = await records.now()
    await world.post("control/faults", {"kind": "error", "provider": "lifi"})

    error = only_error(await begin(alice, "BTC", new_address("BTC")))

    assert error["code"] == "PRV_NONE_AVAILABLE"
    assert (await records.now()).balances == before.balances


@pytest.mark.parametrize("asset", ["BTC", "SUI", "ETH"])
async def test_what_the_bridge_gives_back_is_available_again(
    alice: Person, records: Records, world: World, platform: Platform, asset: str
) -> None:
    before, address = await posted(alice), new_address(asset)
    owed = await records.count(_OWED)
    await _only_lifi(world)
    identifier = await signed(alice, await begin(alice, asset, address))
    await world.post(
        "lifi/_simulate/outcome", {"id": await reference(platform), "outcome": "refund"}
    )

    ended = await world.ended(alice, identifier)

    assert (ended["state"], ended["reason"]) == ("FAILED", "PRV_NOT_DELIVERED")
    assert ended["fundsLocation"] == "RETURNED"
    assert await world.balance(asset, address) == 0
    # What the network took of what was sent is gone.
    assert 0 <= before - await posted(alice) < Decimal("0.5")
    assert await records.count(_OWED) == owed
    await holds(platform)


async def test_less_than_was_promised_waits_for_a_person(
    alice: Person, records: Records, world: World, platform: Platform
) -> None:
    address = new_address("BTC")
    owed = await records.count(_OWED)
    fault = {"kind": "wrong_amount", "provider": "lifi", "operations": ["deliver"]}
    await world.post("control/faults", {**fault, "millionths": 900_000})

    identifier = await signed(alice, await begin(alice, "BTC", address))
    found = await world.ended(alice, identifier, "OPERATOR")

    assert (found["waitingOn"], found["fundsLocation"]) == ("OPERATOR", "SUSPENSE")
    assert found["receivedAmount"] is None
    assert await world.balance("BTC", address) > 0
    assert await records.count(_OWED) - owed > 49_000_000
    await holds(platform)


async def test_what_nobody_knows_stays_with_the_provider_until_it_is_known(
    alice: Person, records: Records, world: World
) -> None:
    address = new_address("SUI")
    owed = await records.count(_OWED)
    payload = await begin(alice, "SUI", address)
    await alice.pending(payload["transaction"]["id"])
    await world.post("control/faults", {"kind": "error", "provider": "lifi"})
    identifier = await signed(alice, payload)
    for _ in range(10):
        await world.post("control/clock", {"skip_seconds": _SKIPPED_SECONDS})
        await asyncio.sleep(_POLL_SECONDS)
    found = await shown(alice, identifier)
    assert (found["state"], found["subState"]) == ("PROVIDER_PROCESSING", "BRIDGE_CONFIRMING")
    assert (found["waitingOn"], found["cancellable"]) == ("PROVIDER", False)
    assert await records.count(_OWED) - owed > 49_000_000

    await world.calm()
    assert (await world.ended(alice, identifier))["state"] == "COMPLETED"
    assert await records.count(_OWED) == owed


async def _only_lifi(world: World) -> None:
    await world.post("control/faults", {"kind": "outage", "provider": "debridge"})


async def reference(platform: Platform) -> str:
    """What the bridge knows the last transaction that was to be signed by."""
    connection = await connect(platform.ready.database_url)
    try:
        return str(await connection.fetchval(_REFERENCE))
    finally:
        await connection.close()


ZERO: Final = "0x" + 40 * "0"
CHECKSUM_WRONG: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"


@pytest.mark.parametrize(
    ("asset", "address", "code"),
    [
        ("BTC", "nonsense", "VAL_ADDRESS"),
        ("BTC", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "VAL_ADDRESS"),
        ("BTC", CHECKSUM_WRONG, "VAL_ADDRESS"),
        ("ETH", CHECKSUM_WRONG, "VAL_ADDRESS"),
        ("ETH", ZERO, "TXN_ADDRESS_UNSUITABLE"),
        ("PAXG", str(ASSETS["PAXG"].contract), "TXN_ADDRESS_UNSUITABLE"),
        ("SUI", "0x2", "VAL_ADDRESS"),
        ("SUI", "0x" + 63 * "0" + "2", "TXN_ADDRESS_UNSUITABLE"),
        ("SOL", str(USDC_MINT), "TXN_ADDRESS_UNSUITABLE"),
    ],
)
async def test_an_address_that_nobody_could_spend_from_is_refused(
    alice: Person, records: Records, asset: str, address: str, code: str
) -> None:
    before = await records.now()

    error = only_error(await begin(alice, asset, address))

    assert (error["code"], error["field"]) == (code, ADDRESS)
    assert (await records.now()).balances == before.balances


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"amount": "4.99"}, "TXN_BELOW_MINIMUM", "input.amount"),
        ({"amount": "100000"}, "CMP_TRANSACTION_LIMIT", "input.amount"),
        ({"asset": "ETH"}, "VAL_ASSET", "input.asset"),
        ({"chain": "ETHEREUM"}, "VAL_CHAIN", f"{WALLET}.chain"),
        ({"maxSlippagePercent": "50"}, "VAL_SLIPPAGE", "input.maxSlippagePercent"),
        ({"maxSlippagePercent": "much"}, "VAL_SLIPPAGE", "input.maxSlippagePercent"),
    ],
)
async def test_a_wish_that_cannot_be_is_a_typed_error(
    alice: Person, wish: dict[str, str], code: str, field: str
) -> None:
    before = await posted(alice)

    error = only_error(await begin(alice, "BTC", new_address("BTC"), wish))

    assert (error["code"], error["field"]) == (code, field)
    assert await posted(alice) == before


async def test_an_asset_that_nobody_trades_is_refused(alice: Person) -> None:
    error = only_error(await begin(alice, "DOGE", new_address("BTC")))

    assert (error["code"], error["field"]) == ("VAL_ASSET_UNTRADED", "input.targetAsset")


async def test_ones_own_address_is_no_other_wallet(alice: Person, records: Records) -> None:
    own = await records.addresses("alice")
    for asset in ("SOL", "BTC", "ETH", "SUI"):
        error = only_error(await begin(alice, asset, own[ASSETS[asset].chain]))
        assert (error["code"], error["field"]) == ("TXN_SELF_SEND", ADDRESS)


async def test_the_address_of_another_user_is_credited_to_them(
    alice: Person, bob: Person, records: Records, world: World, platform: Platform
) -> None:
    theirs = (await records.addresses("bob"))[Chain.ETHEREUM]
    before = await _invested(bob, "ETH")
    identifier = await signed(alice, await begin(alice, "ETH", theirs))

    done = await world.ended(alice, identifier)

    assert (done["state"], done["recipient"]["username"]) == ("COMPLETED", None)
    assert await _invested(bob, "ETH") - before == Decimal(done["receivedAmount"])
    seen = await shown(bob, identifier)
    assert (seen["asset"], seen["amount"]) == ("ETH", done["receivedAmount"])
    await holds(platform)


async def _invested(person: Person, asset: str) -> Decimal:
    wallet = (await person.data("{ wallet { invested { asset posted } } }"))["wallet"]
    rows = (Decimal(row["posted"]) for row in wallet["invested"] if row["asset"] == asset)
    return sum(rows, Decimal(0))
