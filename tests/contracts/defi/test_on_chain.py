"""Deposits and withdrawals of the sandbox execute in the real Solana runtime, through the platform's
own checks: user and fee payer sign, nobody else, and both sides happen or neither."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.token.state import Mint

from domain.provider.ports.answers import Declined
from domain.provider.ports.defi import DeFiProvider
from domain.provider.ports.unsigned import AccountUse, SolanaInstructions
from infrastructure.sandbox.frame.memory import Memory
from infrastructure.sandbox.frame.world import SandboxClock, World
from infrastructure.sandbox.kamino.server import VAULTS as TERMS
from infrastructure.sandbox.solana.node import SolanaNode
from infrastructure.sandbox.solana.timing import Timing
from infrastructure.sandbox.vaults.accrual import PRICE_SCALE, VaultBook, VaultTerms
from infrastructure.sandbox.vaults.treasury import Treasury
from infrastructure.sandbox.vaults.vault import Vault
from tests.contracts.defi.cases import (
    FUNDS,
    LENDING_TOKEN,
    VAULTS,
    DefiWorld,
    composed,
    held,
    listed,
)
from tests.contracts.worlds import NOON

AMOUNT = 200_000_000
PLAIN = {"kamino": VAULTS["steady"], "jupiter_lend": LENDING_TOKEN}
BOTH = pytest.mark.parametrize("name", ["kamino", "jupiter_lend"])


async def deposit(
    world: DefiWorld, adapter: DeFiProvider, offer: str, amount: int = AMOUNT
) -> SolanaInstructions:
    return composed(
        await adapter.deploy_strategy(
            offer, owner=world.owner, fee_payer=world.payer, amount=amount
        )
    )


async def withdrawal(
    world: DefiWorld, adapter: DeFiProvider, offer: str, shares: int
) -> SolanaInstructions:
    return composed(
        await adapter.withdraw_from_strategy(
            offer, owner=world.owner, fee_payer=world.payer, shares=shares
        )
    )


@BOTH
async def test_usdc_goes_in_and_shares_come_out(world: DefiWorld, name: str) -> None:
    """The user has not one lamport: rent and fees are the fee payer's."""
    adapter, user = world.adapter(name), world.user.pubkey()

    world.land(await deposit(world, adapter, PLAIN[name]))

    assert world.usdc_of(user) == FUNDS - AMOUNT
    position = held(await adapter.get_strategy_status(PLAIN[name], owner=world.owner))
    assert position.shares == AMOUNT
    assert world.node.runtime.svm.get_balance(user) in {None, 0}


@BOTH
async def test_a_year_later_more_usdc_comes_out(world: DefiWorld, name: str) -> None:
    adapter, user = world.adapter(name), world.user.pubkey()
    world.land(await deposit(world, adapter, PLAIN[name]))
    world.providers.skip(days=365)
    position = held(await adapter.get_strategy_status(PLAIN[name], owner=world.owner))

    world.land(await withdrawal(world, adapter, PLAIN[name], position.shares))

    earned = {"kamino": 8_400_000, "jupiter_lend": 9_700_000}[name]
    assert position.value == AMOUNT + earned
    assert world.usdc_of(user) == FUNDS + earned
    assert await adapter.get_strategy_status(PLAIN[name], owner=world.owner) is None


async def test_the_exit_fee_stays_in_the_vault(world: DefiWorld) -> None:
    adapter, user = world.kamino(), world.user.pubkey()
    world.land(await deposit(world, adapter, VAULTS["exit-fee"]))
    position = held(await adapter.get_strategy_status(VAULTS["exit-fee"], owner=world.owner))

    world.land(await withdrawal(world, adapter, VAULTS["exit-fee"], position.shares))

    assert world.usdc_of(user) == FUNDS - AMOUNT // 200


@pytest.mark.parametrize("hours", [1, 31, 777, 9_999])
@pytest.mark.parametrize(("name", "place"), [*PLAIN.items(), ("kamino", VAULTS["exit-fee"])])
async def test_what_a_position_is_worth_is_what_comes_out(
    world: DefiWorld, name: str, place: str, hours: int
) -> None:
    adapter, user = world.adapter(name), world.user.pubkey()
    world.providers.skip(hours=hours, seconds=hours * 7 + 0.123457)
    world.land(await deposit(world, adapter, place, 12_345_678))
    world.providers.skip(hours=hours)
    position = held(await adapter.get_strategy_status(place, owner=world.owner))
    before = world.usdc_of(user)

    world.land(await withdrawal(world, adapter, place, position.shares))

    assert world.usdc_of(user) - before == position.value


@BOTH
async def test_what_was_set_aside_can_be_taken_once(world: DefiWorld, name: str) -> None:
    adapter = world.adapter(name)
    steps = await deposit(world, adapter, PLAIN[name])
    world.land(steps)
    world.node.advance(1)

    again = world.execute(steps)

    assert again.error is not None
    assert world.usdc_of(world.user.pubkey()) == FUNDS - AMOUNT


@BOTH
async def test_nobody_else_can_take_it(world: DefiWorld, name: str) -> None:
    adapter, thief = world.adapter(name), Keypair()
    world.node.mint_usdc(thief.pubkey(), FUNDS)
    steps = await deposit(world, adapter, PLAIN[name])
    robbed = DefiWorld(world.providers, world.node, user=thief, fee_payer=world.fee_payer)
    owner = str(thief.pubkey())
    changed = tuple(
        replace(
            step,
            accounts=tuple(
                AccountUse(
                    address=owner if use.address == world.owner and use.is_signer else use.address,
                    is_signer=use.is_signer,
                    is_writable=use.is_writable,
                )
                for use in step.accounts
            ),
        )
        for step in steps.instructions
    )

    assert robbed.execute(SolanaInstructions(instructions=changed)).error is not None


@BOTH
async def test_without_the_money_nothing_happens(world: DefiWorld, name: str) -> None:
    adapter = world.adapter(name)
    steps = await deposit(world, adapter, PLAIN[name], FUNDS + 1)

    assert world.execute(steps).error is not None
    assert world.usdc_of(world.user.pubkey()) == FUNDS
    assert await adapter.get_strategy_status(PLAIN[name], owner=world.owner) is None


@BOTH
async def test_what_nobody_took_is_taken_back(world: DefiWorld, name: str) -> None:
    adapter = world.adapter(name)
    total = {one.id: one.total_value for one in listed(await adapter.offers())}
    left = await deposit(world, adapter, PLAIN[name])
    waiting = {one.id: one.total_value for one in listed(await adapter.offers())}
    world.providers.skip(minutes=11)
    await deposit(world, adapter, PLAIN[name])

    assert waiting == total
    assert world.execute(left).error is not None


@BOTH
async def test_usdc_that_nobody_took_is_taken_back(world: DefiWorld, name: str) -> None:
    adapter = world.adapter(name)
    world.land(await deposit(world, adapter, PLAIN[name]))
    left = await withdrawal(world, adapter, PLAIN[name], AMOUNT)
    world.providers.skip(minutes=11)
    await withdrawal(world, adapter, PLAIN[name], AMOUNT)

    assert world.execute(left).error is not None
    position = held(await adapter.get_strategy_status(PLAIN[name], owner=world.owner))
    assert position.shares == AMOUNT


async def test_what_rounds_to_nothing_is_refused(world: DefiWorld) -> None:
    both = {"owner": world.owner, "fee_payer": world.payer}
    lend, kamino = world.jupiter_lend(), world.kamino()
    world.land(await deposit(world, kamino, VAULTS["exit-fee"]))
    world.providers.skip(days=1)

    nothing_in = await lend.deploy_strategy(LENDING_TOKEN, amount=1, **both)
    nothing_out = await kamino.withdraw_from_strategy(VAULTS["exit-fee"], shares=1, **both)

    assert isinstance(nothing_in, Declined)
    assert isinstance(nothing_out, Declined)
    assert "too small" in nothing_in.reason
    assert "too small" in nothing_out.reason


async def test_the_treasury_is_never_short(world: DefiWorld) -> None:
    """Yield and more comes out of the faucet."""
    adapter, user, much = world.jupiter_lend(), world.user.pubkey(), 20_000_000 * 10**6
    world.node.mint_usdc(user, much)
    world.land(await deposit(world, adapter, LENDING_TOKEN, much))
    world.providers.fault(
        "wrong_amount", "jupiter_lend", operations=["withdraw_payout"], millionths=2_000_000
    )

    world.land(await withdrawal(world, adapter, LENDING_TOKEN, much))

    assert world.usdc_of(user) == FUNDS + 2 * much


@BOTH
async def test_what_was_deposited_counts_in_the_total(world: DefiWorld, name: str) -> None:
    adapter = world.adapter(name)
    before = next(one for one in listed(await adapter.offers()) if one.id == PLAIN[name])
    world.land(await deposit(world, adapter, PLAIN[name]))

    after = next(one for one in listed(await adapter.offers()) if one.id == PLAIN[name])

    assert before.total_value is not None
    assert after.total_value == before.total_value + AMOUNT


@BOTH
@pytest.mark.parametrize("operation", ["deposit", "withdraw"])
async def test_another_amount_than_asked_is_not_signed(
    world: DefiWorld, name: str, operation: str
) -> None:
    adapter = world.adapter(name)
    world.land(await deposit(world, adapter, PLAIN[name]))
    world.providers.fault("wrong_amount", name, operations=[operation], millionths=1_000_001)
    both = {"owner": world.owner, "fee_payer": world.payer}

    if operation == "deposit":
        answer = await adapter.deploy_strategy(PLAIN[name], amount=AMOUNT, **both)
    else:
        answer = await adapter.withdraw_from_strategy(PLAIN[name], shares=AMOUNT, **both)

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_RESPONSE_INVALID"


@BOTH
async def test_less_may_come_than_is_fair_and_the_chain_shows_it(
    world: DefiWorld, name: str
) -> None:
    adapter = world.adapter(name)
    world.providers.fault("wrong_amount", name, operations=["deposit_payout"], millionths=900_000)
    world.land(await deposit(world, adapter, PLAIN[name]))

    position = held(await adapter.get_strategy_status(PLAIN[name], owner=world.owner))

    assert position.shares == AMOUNT * 9 // 10


@BOTH
async def test_a_position_that_does_not_add_up_is_declined(world: DefiWorld, name: str) -> None:
    adapter = world.adapter(name)
    world.land(await deposit(world, adapter, PLAIN[name]))
    operation = {"kamino": "position", "jupiter_lend": "positions"}[name]
    world.providers.fault("wrong_amount", name, operations=[operation])

    answer = await adapter.get_strategy_status(PLAIN[name], owner=world.owner)

    assert isinstance(answer, Declined), answer
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_another_rate_leaves_what_was_earned(world: DefiWorld) -> None:
    adapter = world.kamino()
    world.land(await deposit(world, adapter, VAULTS["steady"]))
    world.providers.skip(days=365)
    rate = {"vault": VAULTS["steady"], "rate_millionths": 0}
    await world.simulate("kamino/_simulate/rate", rate)
    world.providers.skip(days=365)

    position = held(await adapter.get_strategy_status(VAULTS["steady"], owner=world.owner))
    offers = listed(await adapter.offers())

    assert position.value == AMOUNT + 8_400_000
    assert next(one.apy for one in offers if one.id == VAULTS["steady"]) == 0


async def test_a_lock_begins_again_with_each_deposit(world: DefiWorld) -> None:
    adapter, place = world.kamino(), VAULTS["locked"]
    world.land(await deposit(world, adapter, place))
    first = held(await adapter.get_strategy_status(place, owner=world.owner)).locked_until
    world.providers.skip(days=10)
    world.land(await deposit(world, adapter, place))

    second = held(await adapter.get_strategy_status(place, owner=world.owner)).locked_until

    assert first is not None
    assert second == first + timedelta(days=10)


async def test_the_vault_itself_keeps_what_is_locked(world: DefiWorld) -> None:
    """An adapter that was not told of the lock is refused by the provider."""
    place = VAULTS["locked"]
    world.land(await deposit(world, world.kamino(), place))
    adapter = world.kamino()
    adapter._locks = {}

    answer = await adapter.withdraw_from_strategy(
        place, owner=world.owner, fee_payer=world.payer, shares=AMOUNT
    )

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_DECLINED"


def test_prices_are_whole_numbers_and_rounded_to_the_vaults_favour() -> None:
    memory = Memory(None)
    seconds = [NOON]
    world = World(memory=memory, clock=SandboxClock(memory, lambda: seconds[0]))
    terms = VaultTerms(key="one", name="One", rate_millionths=100_000, minimum=1, others=0)
    book = VaultBook(world, "kamino", terms)
    seconds[0] += 1

    # 10 % a year, for one second.
    assert book.price() == PRICE_SCALE + PRICE_SCALE // (10 * 365 * 86_400)
    assert book.shares_for(10**6) == 10**6 - 1
    assert book.net(book.shares_for(10**6)) <= 10**6
    memory.close()


def test_what_a_treasury_knows_survives_a_restart(tmp_path: Path) -> None:
    user = Keypair().pubkey()

    def opened() -> tuple[SolanaNode, Memory, Vault]:
        node = SolanaNode(data_dir=tmp_path, timing=Timing(), wall_clock=lambda: NOON)
        memory = Memory(tmp_path)
        world = World(memory=memory, clock=SandboxClock(memory, lambda: NOON))
        return node, memory, Vault(world, "kamino", TERMS[0], Treasury(world, node, "kamino"))

    node, memory, first = opened()
    first.deposit(user, AMOUNT)
    first.book.set_rate(1)
    known = (first.treasury.address, first.mint, first.total_shares(), first.book.rate_millionths)
    memory.close()
    node.close()
    node, memory, again = opened()

    assert known == (
        again.treasury.address,
        again.mint,
        again.total_shares(),
        again.book.rate_millionths,
    )
    account = node.runtime.svm.get_account(again.mint)
    assert account is not None
    # Set aside and not taken: made, but nobody's.
    assert Mint.from_bytes(account.data).supply == AMOUNT
    assert again.total_shares() == TERMS[0].others
    memory.close()
    node.close()
