"""What is Kamino's own: vaults of strangers, figures that fail, shares in farms, penalties."""

import logging

import pytest
from solders.keypair import Keypair

from domain.provider.ports.answers import Declined, NotAttempted
from infrastructure.providers.kamino.adapter import OFFERS_MAX, KaminoVaults
from infrastructure.providers.kamino.reading import in_decimals, locked_until
from infrastructure.providers.kamino.wire import Move
from tests.contracts.defi.cases import VAULTS, DefiWorld, composed, held, listed
from tests.contracts.defi.journeys import AMOUNT, Change, passing, put
from tests.contracts.defi.stubs import noon
from tests.contracts.worlds import BASE_URL

STEADY = VAULTS["steady"]


def chosen(world: DefiWorld, *vaults: str) -> KaminoVaults:
    return KaminoVaults(
        world.providers.client, base_url=f"{BASE_URL}/kamino", clock=noon, vaults=vaults
    )


async def test_only_chosen_vaults_are_offered(world: DefiWorld) -> None:
    adapter = chosen(world, STEADY)

    offers = listed(await adapter.offers())
    answer = await adapter.deploy_strategy(
        VAULTS["locked"], owner=world.owner, fee_payer=world.payer, amount=AMOUNT
    )

    assert [offer.id for offer in offers] == [STEADY]
    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


async def test_a_vault_that_cannot_be_read_hides_no_other(
    world: DefiWorld, caplog: pytest.LogCaptureFixture
) -> None:
    change = put("0.state.minDepositAmount", "much")

    with caplog.at_level(logging.WARNING):
        async with passing(world, at="vaults", change=change) as (client, _exchanges):
            adapter = world.kamino(client=client)
            offers = listed(await adapter.offers())
            assert await adapter.healthy()

    assert len(offers) == 2
    assert "1 vaults are not readable" in caplog.text


async def test_a_vault_without_figures_is_left_out(
    world: DefiWorld, caplog: pytest.LogCaptureFixture
) -> None:
    change = put("tokensPerShare", "NaN")

    with caplog.at_level(logging.WARNING):
        async with passing(world, at=f"{STEADY}/metrics", change=change) as (client, _exchanges):
            offers = listed(await world.kamino(client=client).offers())

    assert {offer.id for offer in offers} == {VAULTS["locked"], VAULTS["exit-fee"]}
    assert "left out" in caplog.text


async def test_without_any_figures_there_is_no_answer(world: DefiWorld) -> None:
    change = put("tokensPerShare", "NaN")

    async with passing(world, at="/metrics", change=change) as (client, _exchanges):
        assert isinstance(await world.kamino(client=client).offers(), NotAttempted)


async def test_offers_are_bounded(world: DefiWorld, caplog: pytest.LogCaptureFixture) -> None:
    def many(body: object) -> None:
        assert isinstance(body, list)
        body += body
        body += [{**body[0], "address": str(Keypair().pubkey())} for _ in range(OFFERS_MAX)]

    with caplog.at_level(logging.WARNING):
        async with passing(world, at="vaults", change=many) as (client, exchanges):
            offers = listed(await world.kamino(client=client).offers())

    # Those that were made up have no figures.
    assert {offer.id for offer in offers} == set(VAULTS.values())
    assert len(offers) == len(VAULTS)
    assert len(exchanges) == OFFERS_MAX + 1
    assert f"{len(VAULTS)} of {OFFERS_MAX + len(VAULTS)} vaults are left out" in caplog.text


async def test_a_vault_whose_address_is_none_is_never_asked_about(world: DefiWorld) -> None:
    change = put("0.address", "../../secrets")

    async with passing(world, at="vaults", change=change) as (client, exchanges):
        offers = listed(await world.kamino(client=client).offers())

    assert len(offers) == 2
    assert not any("secrets" in exchange.path for exchange in exchanges)


async def test_a_yield_may_be_negative(world: DefiWorld) -> None:
    async with passing(world, at="/metrics", change=put("apy", "-0.0125")) as (client, _exchanges):
        offers = listed(await world.kamino(client=client).offers())

    assert {str(offer.apy) for offer in offers} == {"-0.0125"}


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (put("state.withdrawalPenaltyBps", "100"), AMOUNT - 2_000_000),
        (put("state.withdrawalPenaltyLamports", "7"), AMOUNT - 7),
        (put("state.withdrawalPenaltyLamports", AMOUNT + 1), 0),
    ],
)
async def test_penalties_are_taken_off(world: DefiWorld, change: Change, value: int) -> None:
    steps = await world.kamino().deploy_strategy(
        STEADY, owner=world.owner, fee_payer=world.payer, amount=AMOUNT
    )
    world.land(composed(steps))

    async with passing(world, at=f"vaults/{STEADY}", change=change) as (client, _exchanges):
        answer = await world.kamino(client=client).get_strategy_status(STEADY, owner=world.owner)

    assert held(answer).value == value


async def test_shares_in_a_farm_count(world: DefiWorld) -> None:
    steps = await world.kamino().deploy_strategy(
        STEADY, owner=world.owner, fee_payer=world.payer, amount=AMOUNT
    )
    world.land(composed(steps))

    def staked(body: object) -> None:
        put("stakedShares", "50")(body)
        put("totalShares", "250")(body)

    async with passing(world, at=f"positions/{STEADY}", change=staked) as (client, _exchanges):
        answer = await world.kamino(client=client).get_strategy_status(STEADY, owner=world.owner)

    assert held(answer).shares == 250_000_000


async def test_fractions_of_a_farm_are_left_in_it(world: DefiWorld) -> None:
    steps = await world.kamino().deploy_strategy(
        STEADY, owner=world.owner, fee_payer=world.payer, amount=AMOUNT
    )
    world.land(composed(steps))

    def staked(body: object) -> None:
        put("stakedShares", "50.000000999999")(body)
        put("totalShares", "250.000001")(body)

    async with passing(world, at=f"positions/{STEADY}", change=staked) as (client, _exchanges):
        answer = await world.kamino(client=client).get_strategy_status(STEADY, owner=world.owner)

    assert held(answer).shares == 250_000_000


async def test_a_position_of_nothing_is_none(world: DefiWorld) -> None:
    steps = await world.kamino().deploy_strategy(
        STEADY, owner=world.owner, fee_payer=world.payer, amount=AMOUNT
    )
    world.land(composed(steps))

    def empty(body: object) -> None:
        for name in ("stakedShares", "unstakedShares", "totalShares"):
            put(name, "0")(body)

    async with passing(world, at=f"positions/{STEADY}", change=empty) as (client, _exchanges):
        adapter = world.kamino(client=client)
        assert await adapter.get_strategy_status(STEADY, owner=world.owner) is None


async def test_a_lock_whose_dates_cannot_be_read_holds(world: DefiWorld) -> None:
    place, both = VAULTS["locked"], {"owner": world.owner, "fee_payer": world.payer}
    world.land(composed(await world.kamino().deploy_strategy(place, amount=AMOUNT, **both)))
    change = put("0.createdOn", "lately")

    async with passing(world, at="transactions", change=change) as (client, _exchanges):
        answer = await world.kamino(client=client).withdraw_from_strategy(
            place, shares=AMOUNT, **both
        )

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_without_its_history_a_lock_is_not_known_to_have_ended(world: DefiWorld) -> None:
    place, both = VAULTS["locked"], {"owner": world.owner, "fee_payer": world.payer}
    world.land(composed(await world.kamino().deploy_strategy(place, amount=AMOUNT, **both)))
    world.providers.skip(days=40)
    world.providers.fault("outage", "kamino", operations=["transactions"])

    status = await world.kamino().get_strategy_status(place, owner=world.owner)
    answer = await world.kamino().withdraw_from_strategy(place, shares=AMOUNT, **both)

    assert isinstance(status, NotAttempted)
    assert isinstance(answer, NotAttempted)


async def test_without_figures_a_position_has_no_value(world: DefiWorld) -> None:
    both = {"owner": world.owner, "fee_payer": world.payer}
    world.land(composed(await world.kamino().deploy_strategy(STEADY, amount=AMOUNT, **both)))
    world.providers.fault("malformed_body", "kamino", operations=["metrics"])

    status = await world.kamino().get_strategy_status(STEADY, owner=world.owner)

    assert isinstance(status, NotAttempted)


@pytest.mark.parametrize(
    ("created_on", "expected"),
    [
        ("2026-03-01T12:00:00.000Z", "2026-03-01T12:01:00+00:00"),
        ("2026-03-01", "2026-03-01T00:01:00+00:00"),
    ],
)
def test_dates_come_with_and_without_a_time(created_on: str, expected: str) -> None:
    moves = [
        Move(created_on, "Deposit", STEADY),
        Move("2027-01-01", "withdraw", STEADY),
        Move("2027-01-01", "deposit", VAULTS["locked"]),
    ]

    found = locked_until(moves, STEADY, 60)

    assert found is not None
    assert found.isoformat() == expected
    assert locked_until([], STEADY, 60) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "0.000001"), (10**6, "1.000000"), (123_456_789, "123.456789"), (2**64 - 1, None)],
)
def test_amounts_are_exact(number: int, text: str | None) -> None:
    assert in_decimals(number, 6) == (text or "18446744073709.551615")
