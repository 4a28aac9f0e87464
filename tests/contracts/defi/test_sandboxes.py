"""What the simulated protocols do beyond what adapters ask of them."""

import msgspec
import pytest

from domain.provider.ports.answers import Declined
from infrastructure.chains.solana.addresses import USDC_MINT
from infrastructure.http import HttpResponse
from tests.contracts.defi.cases import (
    FUNDS,
    LENDING_TOKEN,
    VAULTS,
    DefiWorld,
    composed,
    held,
    listed,
)
from tests.contracts.worlds import BASE_URL

EARN = "jupiter_lend/lend/v1/earn"
KTX = "kamino/ktx/kvault"


async def said(
    world: DefiWorld, path: str, body: object = None, *, key: str | None = None
) -> HttpResponse:
    known = world.providers.world.credential("jupiter_lend", "api_key")
    return await world.providers.client.request(
        "GET" if body is None else "POST",
        f"{BASE_URL}/{path}",
        content=None if body is None else msgspec.json.encode(body),
        headers={"x-api-key": key or known},
    )


async def test_jupiter_lend_wants_its_key(world: DefiWorld) -> None:
    answer = await said(world, f"{EARN}/tokens", key="another")
    offers = await world.jupiter_lend(api_key="another").offers()

    assert answer.status == 401
    assert isinstance(offers, Declined)
    assert (offers.code, offers.provider_code) == ("PRV_UNAUTHORISED", "401")
    assert not await world.jupiter_lend(api_key="another").healthy()


async def test_kamino_wants_none(world: DefiWorld) -> None:
    assert (await said(world, "kamino/kvaults/vaults", key="any")).status == 200
    # The vaults and their locks are no key: Kamino's API does not tell them.
    assert set(world.providers.world.credentials()) == {"jupiter_lend.api_key", "kamino.vaults"}


async def test_addresses_of_the_sandbox_are_the_same_everywhere(world: DefiWorld) -> None:
    vaults = listed(await world.kamino().offers())
    tokens = listed(await world.jupiter_lend().offers())

    assert {vault.id for vault in vaults} == set(VAULTS.values())
    assert [token.id for token in tokens] == [LENDING_TOKEN]


async def test_another_token_is_listed_and_not_offered(world: DefiWorld) -> None:
    listed_there = msgspec.json.decode((await said(world, f"{EARN}/tokens")).body)
    other = next(token for token in listed_there if token["address"] != LENDING_TOKEN)

    answer = await world.jupiter_lend().deploy_strategy(
        other["address"], owner=world.owner, fee_payer=world.payer, amount=10**9
    )

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("deposit-instructions", {"asset": "x", "signer": "x", "amount": "1"}),
        ("deposit-instructions", {"asset": str(USDC_MINT), "signer": "x", "amount": "1"}),
        ("deposit-instructions", {"asset": str(USDC_MINT), "signer": "OWNER", "amount": "1.5"}),
        ("deposit-instructions", {"asset": str(USDC_MINT), "signer": "OWNER", "amount": "0"}),
        ("deposit-instructions", {"asset": str(USDC_MINT), "signer": "OWNER"}),
        ("redeem-instructions", {"asset": str(USDC_MINT), "signer": "OWNER", "shares": "1"}),
        ("redeem-instructions", {"asset": str(USDC_MINT), "signer": "OWNER", "shares": 1}),
    ],
)
async def test_jupiter_lend_refuses_what_makes_no_sense(
    world: DefiWorld, operation: str, body: dict[str, object]
) -> None:
    asked = {name: world.owner if value == "OWNER" else value for name, value in body.items()}

    answer = await said(world, f"{EARN}/{operation}", asked)

    assert answer.status == 400
    assert set(msgspec.json.decode(answer.body)) == {"error"}


@pytest.mark.parametrize("users", ["", "x", ",".join([LENDING_TOKEN] * 51)])
async def test_jupiter_lend_refuses_nobody_and_too_many(world: DefiWorld, users: str) -> None:
    assert (await said(world, f"{EARN}/positions?users={users}")).status == 400


@pytest.mark.parametrize(
    ("wallet", "kvault", "amount", "code"),
    [
        ("x", VAULTS["steady"], "1", None),
        ("OWNER", LENDING_TOKEN, "1", "KVAULT_NOT_FOUND"),
        ("OWNER", VAULTS["steady"], "0.5", None),
        ("OWNER", VAULTS["steady"], "much", None),
        ("OWNER", VAULTS["steady"], "-1", None),
        ("OWNER", VAULTS["steady"], "NaN", None),
        ("OWNER", VAULTS["steady"], "1.0000001", None),
        ("OWNER", VAULTS["steady"], "18446744073709.551616", "DECIMAL_TO_LAMPORTS_OVERFLOW"),
    ],
)
async def test_kamino_refuses_what_makes_no_sense(
    world: DefiWorld, wallet: str, kvault: str, amount: str, code: str | None
) -> None:
    owner = world.owner if wallet == "OWNER" else wallet
    body = {"wallet": owner, "kvault": kvault, "amount": amount}

    answer = await said(world, f"{KTX}/deposit-instructions", body)

    refused = msgspec.json.decode(answer.body)
    assert answer.status == 400
    assert refused["error"] == "Bad Request"
    assert refused.get("code") == code


async def test_all_of_it_can_be_withdrawn_from_kamino_at_once(world: DefiWorld) -> None:
    adapter, place = world.kamino(), VAULTS["steady"]
    steps = await adapter.deploy_strategy(
        place, owner=world.owner, fee_payer=world.payer, amount=10**7
    )
    world.land(composed(steps))
    body = {"wallet": world.owner, "kvault": place, "amount": str(2**64 - 1)}

    answer = await said(world, f"{KTX}/withdraw-instructions", body)

    burnt = msgspec.json.decode(answer.body)["instructions"][1]
    assert answer.status == 200
    assert world.owner in {account["address"] for account in burnt["accounts"]}


@pytest.mark.parametrize("path", ["kvaults/vaults/x", "kvaults/users/x/positions"])
async def test_kamino_refuses_what_is_no_address(world: DefiWorld, path: str) -> None:
    assert (await said(world, f"kamino/{path}")).status == 400


async def test_kamino_does_not_know_every_vault(world: DefiWorld) -> None:
    answer = await said(world, f"kamino/kvaults/vaults/{LENDING_TOKEN}/metrics")

    assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "kamino/_simulate/liquidity",
        "kamino/_simulate/rate",
        "jupiter_lend/_simulate/liquidity",
        "jupiter_lend/_simulate/rate",
    ],
)
async def test_orders_of_a_simulation_are_read_strictly(world: DefiWorld, path: str) -> None:
    assert (await said(world, path, {"liquid": 1})).status == 400


async def test_liquidity_comes_back(world: DefiWorld) -> None:
    adapter = world.jupiter_lend()
    usual = listed(await adapter.offers())[0].liquidity
    await world.simulate("jupiter_lend/_simulate/liquidity", {"liquidity": 5})
    low = listed(await adapter.offers())[0].liquidity
    await world.simulate("jupiter_lend/_simulate/liquidity", {"liquidity": None})

    assert low == 5
    assert listed(await adapter.offers())[0].liquidity == usual


async def test_another_rate_of_jupiter_lend(world: DefiWorld) -> None:
    adapter = world.jupiter_lend()
    await world.simulate("jupiter_lend/_simulate/rate", {"rate_millionths": 123_400})

    assert str(listed(await adapter.offers())[0].apy) == "0.1234"


async def test_history_of_a_wallet_in_kamino(world: DefiWorld) -> None:
    adapter, place = world.kamino(), VAULTS["steady"]
    both = {"owner": world.owner, "fee_payer": world.payer}
    # Composed and never signed: no part of it.
    composed(await adapter.deploy_strategy(place, amount=9 * 10**6, **both))
    world.land(composed(await adapter.deploy_strategy(place, amount=10**7, **both)))
    position = held(await adapter.get_strategy_status(place, owner=world.owner))
    steps = await adapter.withdraw_from_strategy(place, shares=position.shares, **both)
    world.land(composed(steps))

    answer = await said(world, f"kamino/kvaults/users/{world.owner}/transactions")

    moves = msgspec.json.decode(answer.body)
    assert [move["instruction"] for move in moves] == ["deposit", "withdraw"]
    assert [move["tokenAmount"] for move in moves] == ["10.000000", "10.000000"]
    assert world.usdc_of(world.user.pubkey()) == FUNDS
