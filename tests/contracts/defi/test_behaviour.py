"""What the port promises, asked of both protocols and of their twin in memory."""

from decimal import Decimal

import pytest

from domain.provider.ports.answers import Declined, NotAttempted
from domain.provider.ports.defi import Position, StrategyOffer
from domain.shared.assets import USDC
from infrastructure.sandbox.frame.faults import FaultKind
from tests.contracts.defi.cases import (
    LOCK_SECONDS,
    WAITED_FOR,
    Case,
    DefiWorld,
    composed,
    held,
    listed,
)

AMOUNT = 200_000_000
UNKNOWN = "9BEcn9aPEmhSPbPQeFGjidRiEKki46fVQDyPpSQXPA2D"
KINDS: tuple[FaultKind, ...] = (
    "latency",
    "timeout_before_executing",
    "timeout_after_executing",
    "error",
    "rate_limit",
    "outage",
    "malformed_body",
)
# What is waited for in vain takes its time: once for what reads, once for what composes.
FAILING = [
    (kind, operation)
    for kind in KINDS
    for operation in ("offers", "deposit", "status", "withdraw")
    if kind not in WAITED_FOR or operation in {"offers", "deposit"}
]


async def plain(case: Case) -> StrategyOffer:
    """An offer without lock and exit fee."""
    found = listed(await case.adapter.offers())
    return next(one for one in found if not one.lock_seconds and not one.exit_fee_millionths)


async def deposited(case: Case, world: DefiWorld, offer: StrategyOffer) -> Position:
    answer = await case.adapter.deploy_strategy(
        offer.id, owner=world.owner, fee_payer=world.payer, amount=AMOUNT
    )
    case.land(composed(answer))
    return held(await case.adapter.get_strategy_status(offer.id, owner=world.owner))


async def test_offers_say_what_they_are_and_where_it_is_from(case: Case, world: DefiWorld) -> None:
    offers = listed(await case.adapter.offers())

    assert offers
    assert len({offer.id for offer in offers}) == len(offers)
    for offer in offers:
        assert offer.asset == USDC
        assert offer.apy is not None
        assert Decimal(0) < offer.apy < 1
        assert offer.minimum > 0
        assert offer.total_value is not None
        assert offer.liquidity is not None
        assert 0 < offer.liquidity <= offer.total_value
        assert offer.source == case.adapter.name
        assert offer.at == world.providers.world.clock.now()


async def test_nobody_has_anything_at_first(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)

    assert await case.adapter.get_strategy_status(offer.id, owner=world.owner) is None


async def test_only_owner_and_fee_payer_sign(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)

    steps = composed(
        await case.adapter.deploy_strategy(
            offer.id, owner=world.owner, fee_payer=world.payer, amount=AMOUNT
        )
    )

    signers = {use.address for one in steps.instructions for use in one.accounts if use.is_signer}
    assert world.owner in signers
    assert signers <= {world.owner, world.payer}


async def test_a_deposit_is_a_position(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)

    position = await deposited(case, world, offer)

    assert (position.offer_id, position.owner) == (offer.id, world.owner)
    assert AMOUNT - 1 <= position.value <= AMOUNT
    assert position.shares > 0
    assert position.locked_until is None
    assert position.source == case.adapter.name
    assert position.at == world.providers.world.clock.now()


async def test_two_deposits_are_one_position(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)
    first = await deposited(case, world, offer)
    world.providers.skip(days=30)

    second = await deposited(case, world, offer)

    assert second.value > 2 * AMOUNT
    # Later shares are dearer.
    assert first.shares < second.shares < 2 * first.shares


async def test_it_earns_with_time(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)
    before = await deposited(case, world, offer)
    world.providers.skip(days=365)

    after = held(await case.adapter.get_strategy_status(offer.id, owner=world.owner))

    assert offer.apy is not None
    assert after.shares == before.shares
    assert after.value - int(AMOUNT * (1 + offer.apy)) in {-1, 0}


async def test_a_part_can_be_taken_out_and_then_the_rest(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)
    position = await deposited(case, world, offer)
    part = position.shares // 4

    for shares, left in ((part, position.shares - part), (position.shares - part, 0)):
        answer = await case.adapter.withdraw_from_strategy(
            offer.id, owner=world.owner, fee_payer=world.payer, shares=shares
        )
        case.land(composed(answer))
        now = await case.adapter.get_strategy_status(offer.id, owner=world.owner)
        assert (held(now).shares if left else now) == (left or None)


async def test_composing_changes_nothing(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)
    position = await deposited(case, world, offer)

    for _ in range(2):
        composed(
            await case.adapter.withdraw_from_strategy(
                offer.id, owner=world.owner, fee_payer=world.payer, shares=position.shares
            )
        )

    now = await case.adapter.get_strategy_status(offer.id, owner=world.owner)
    assert held(now) == position


async def test_an_unknown_offer_is_declined(case: Case, world: DefiWorld) -> None:
    both = {"owner": world.owner, "fee_payer": world.payer}

    for answer in (
        await case.adapter.deploy_strategy(UNKNOWN, amount=AMOUNT, **both),
        await case.adapter.withdraw_from_strategy(UNKNOWN, shares=AMOUNT, **both),
        await case.adapter.get_strategy_status(UNKNOWN, owner=world.owner),
    ):
        assert isinstance(answer, Declined)
        assert answer.code == "PRV_UNSUPPORTED"


@pytest.mark.parametrize("amount", [0, -1])
async def test_nothing_cannot_be_moved(case: Case, world: DefiWorld, amount: int) -> None:
    offer = await plain(case)
    both = {"owner": world.owner, "fee_payer": world.payer}

    for answer in (
        await case.adapter.deploy_strategy(offer.id, amount=amount, **both),
        await case.adapter.withdraw_from_strategy(offer.id, shares=amount, **both),
    ):
        assert isinstance(answer, Declined)
        assert answer.code == "PRV_INVALID"


async def test_less_than_the_minimum_is_declined(case: Case, world: DefiWorld) -> None:
    for offer in listed(await case.adapter.offers()):
        answer = await case.adapter.deploy_strategy(
            offer.id, owner=world.owner, fee_payer=world.payer, amount=offer.minimum - 1
        )

        assert isinstance(answer, Declined)
        assert answer.code == ("PRV_LIMIT" if offer.minimum > 1 else "PRV_INVALID")


async def test_more_than_there_is_cannot_be_taken_out(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)
    position = await deposited(case, world, offer)

    answer = await case.adapter.withdraw_from_strategy(
        offer.id, owner=world.owner, fee_payer=world.payer, shares=position.shares + 1
    )

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_DECLINED"


async def test_without_liquidity_nothing_can_be_taken_out(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)
    position = await deposited(case, world, offer)
    await case.dry(offer.id)

    answer = await case.adapter.withdraw_from_strategy(
        offer.id, owner=world.owner, fee_payer=world.payer, shares=position.shares
    )

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_DECLINED"
    assert (await plain(case)).liquidity == 0
    now = await case.adapter.get_strategy_status(offer.id, owner=world.owner)
    assert held(now) == position


async def test_a_lock_holds_and_ends(case: Case, world: DefiWorld) -> None:
    offers = listed(await case.adapter.offers())
    locked = next((one for one in offers if one.lock_seconds), None)
    if locked is None:
        assert case.name == "jupiter_lend"
        return
    position = await deposited(case, world, locked)
    assert locked.lock_seconds == LOCK_SECONDS
    assert position.locked_until is not None
    left = position.locked_until - world.providers.world.clock.now()
    assert left.total_seconds() == LOCK_SECONDS
    both, shares = {"owner": world.owner, "fee_payer": world.payer}, position.shares

    world.providers.skip(days=29)
    early = await case.adapter.withdraw_from_strategy(locked.id, shares=shares, **both)
    world.providers.skip(days=2)
    late = await case.adapter.withdraw_from_strategy(locked.id, shares=shares, **both)

    assert isinstance(early, Declined)
    assert (early.code, early.provider_code) == ("PRV_DECLINED", "LOCKED")
    case.land(composed(late))


async def test_an_exit_fee_is_taken_off_the_value(case: Case, world: DefiWorld) -> None:
    offers = listed(await case.adapter.offers())
    dear = next((one for one in offers if one.exit_fee_millionths), None)
    if dear is None:
        assert case.name == "jupiter_lend"
        return

    position = await deposited(case, world, dear)

    assert dear.exit_fee_millionths == 5_000
    assert position.value == AMOUNT - AMOUNT // 200


@pytest.mark.parametrize(("kind", "operation"), FAILING)
async def test_without_an_answer_nothing_was_attempted(
    case: Case, world: DefiWorld, kind: FaultKind, operation: str
) -> None:
    offer = await plain(case)
    position = await deposited(case, world, offer)
    both = {"owner": world.owner, "fee_payer": world.payer}
    adapter = case.refused(kind, operation)

    found: object
    if operation == "offers":
        found = await adapter.offers()
    elif operation == "status":
        found = await adapter.get_strategy_status(offer.id, owner=world.owner)
    elif operation == "deposit":
        found = await adapter.deploy_strategy(offer.id, amount=AMOUNT, **both)
    else:
        found = await adapter.withdraw_from_strategy(offer.id, shares=position.shares, **both)

    assert isinstance(found, NotAttempted), found
    assert found.retry_after_seconds == (1 if kind == "rate_limit" else None)


async def test_health(case: Case) -> None:
    assert await case.adapter.healthy()


async def test_another_owner_has_nothing(case: Case, world: DefiWorld) -> None:
    offer = await plain(case)
    await deposited(case, world, offer)

    assert await case.adapter.get_strategy_status(offer.id, owner=world.payer) is None
