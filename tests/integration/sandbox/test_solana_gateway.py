from collections.abc import Sequence
from datetime import UTC, datetime

from solders.keypair import Keypair

from domain.shared.assets import SOL
from infrastructure.chains.solana.addresses import USDC_MINT, associated_token_account
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import Absence, BroadcastKind, Footprint, Level
from infrastructure.chains.solana.verification import signature_of
from tests.integration.sandbox.conftest import URL, World


async def test_a_transfer_moves_money_on_both_sides(world: World) -> None:
    cost = await world.gateway.transfer_cost(world.bob.pubkey())
    assert cost.create_recipient_account
    assert cost.rent_lamports == 2_039_280
    assert cost.network_fee_lamports == 10_000
    lamports = await world.gateway.fee_payer_lamports()

    outcome = await world.gateway.broadcast(await world.transfer())

    assert outcome.kind is BroadcastKind.ACCEPTED
    assert await world.gateway.usdc_balance(world.alice.pubkey()) == 74_975_000
    assert await world.gateway.usdc_balance(world.bob.pubkey()) == 25_000_000
    assert await world.gateway.usdc_balance(world.treasury.pubkey()) == 25_000
    spent = lamports - await world.gateway.fee_payer_lamports()
    assert spent == cost.total_lamports


async def test_the_second_transfer_needs_no_account(world: World) -> None:
    await world.gateway.broadcast(await world.transfer())

    cost = await world.gateway.transfer_cost(world.bob.pubkey())

    assert (cost.create_recipient_account, cost.rent_lamports) == (False, 0)


async def test_a_simulation_changes_nothing(world: World) -> None:
    simulated = await world.gateway.simulate(await world.transfer())

    assert simulated.ok
    assert simulated.units > 0
    assert await world.gateway.usdc_balance(world.alice.pubkey()) == 100_000_000


async def test_an_unsigned_transfer_can_be_simulated(world: World) -> None:
    prepared = await world.prepared()

    simulated = await world.gateway.simulate(prepared.built.unsigned, verify=False)

    assert simulated.ok


async def test_commitment_rises_with_time(world: World) -> None:
    transaction = await world.transfer()
    signature = signature_of(transaction)
    assert await world.gateway.statuses([signature]) == {signature: None}
    await world.gateway.broadcast(transaction)

    levels = []
    for milliseconds in (0, 500, 2000):
        world.clock.pass_ms(milliseconds)
        status = (await world.gateway.statuses([signature]))[signature]
        assert status is not None
        assert status.error is None
        levels.append(status.level)

    assert levels == [Level.PROCESSED, Level.CONFIRMED, Level.FINALIZED]


async def test_many_signatures_are_asked_for_in_batches(world: World) -> None:
    transaction = await world.transfer()
    await world.gateway.broadcast(transaction)
    unknown = [str(Keypair().sign_message(b"x")) for _ in range(600)]

    statuses = await world.gateway.statuses([*unknown, signature_of(transaction)])

    assert len(statuses) == 601
    assert [key for key, status in statuses.items() if status] == [signature_of(transaction)]


async def test_a_footprint_says_who_got_what_where_and_what_it_cost(world: World) -> None:
    transaction = await world.transfer()
    lamports = await world.gateway.fee_payer_lamports()
    await world.gateway.broadcast(transaction)
    world.clock.pass_ms(500)

    left = await world.gateway.footprint(signature_of(transaction))

    assert left is not None
    assert left.lamports_spent == lamports - await world.gateway.fee_payer_lamports() > 0
    found = {movement.owner: movement for movement in left.movements}
    bob = found[str(world.bob.pubkey())]
    assert bob.account == str(associated_token_account(world.bob.pubkey()))
    assert bob.mint == str(USDC_MINT)
    assert bob.delta_base_units == 25_000_000
    assert found[str(world.alice.pubkey())].delta_base_units == -25_025_000
    assert found[str(world.treasury.pubkey())].delta_base_units == 25_000
    assert found[str(world.treasury.pubkey())].instruction_index == 2


async def test_a_transaction_that_landed_with_an_error_moved_nothing(world: World) -> None:
    first, second = await world.transfer(80_000_000), await world.transfer(90_000_000)
    await world.gateway.broadcast(first)

    await world.gateway.rpc.send(second, skip_preflight=True)

    status = (await world.gateway.statuses([signature_of(second)]))[signature_of(second)]
    assert status is not None
    assert status.error == '{"InstructionError":[1,{"Custom":1}]}'
    world.clock.pass_ms(500)
    left = await world.gateway.footprint(signature_of(second))
    assert left == Footprint(movements=(), lamports_spent=10_000)
    absence = await world.gateway.prove_absence(signature_of(second), 0)
    assert absence is Absence.FOUND


async def test_what_cannot_be_paid_is_declined_before_it_costs(world: World) -> None:
    lamports = await world.gateway.fee_payer_lamports()

    outcome = await world.gateway.broadcast(await world.transfer(100_000_000))

    assert outcome.kind is BroadcastKind.DECLINED
    assert outcome.reason == '{"InstructionError":[2,{"Custom":1}]}'
    assert await world.gateway.fee_payer_lamports() == lamports


async def test_a_repeated_broadcast_is_accepted_and_executed_once(world: World) -> None:
    transaction = await world.transfer()

    kinds = [(await world.gateway.broadcast(transaction)).kind for _ in range(3)]

    assert kinds == [BroadcastKind.ACCEPTED] * 3
    assert await world.gateway.usdc_balance(world.bob.pubkey()) == 25_000_000


async def test_inbound_transfers_come_oldest_first_once_final(world: World) -> None:
    owner = world.alice.pubkey()
    await world.control("mint", {"owner": str(owner), "amount": "1.5"})
    await world.gateway.broadcast(await world.transfer())
    assert (await world.gateway.inbound(owner)).credits == ()
    world.clock.pass_ms(3000)

    received = await world.gateway.inbound(owner)

    amounts = [item.amount for item in received.credits]
    assert amounts == [100_000_000, 1_500_000]
    assert (
        await world.gateway.inbound(owner, after_signature=received.newest_signature)
    ).credits == ()
    first, second, *_ = received.credits
    assert (await world.gateway.inbound(owner, after_signature=first.transaction_hash)).credits == (
        second,
    )


async def test_a_receipt_names_who_sent_it(world: World) -> None:
    await world.gateway.broadcast(await world.transfer())
    world.clock.pass_ms(3000)

    (received,) = (await world.gateway.inbound(world.bob.pubkey())).credits

    sender = world.alice.pubkey()
    assert received.senders == (str(sender), str(associated_token_account(sender)))


async def test_a_receipt_that_is_booked_elsewhere_is_passed_over(world: World) -> None:
    owner = world.alice.pubkey()
    await world.control("mint", {"owner": str(owner), "amount": "1.5"})
    world.clock.pass_ms(3000)
    [_, mint] = (await world.gateway.inbound(owner)).credits

    async def known(_signatures: Sequence[str]) -> set[str]:
        return {mint.transaction_hash}

    passed_over = await world.gateway.inbound(owner, known=known)

    assert mint not in passed_over.credits
    assert passed_over.newest_signature == mint.transaction_hash


async def test_absence_is_proven_only_past_the_last_valid_height(world: World) -> None:
    prepared = await world.prepared()
    signature, last = signature_of(world.signed(prepared)), prepared.last_valid_block_height
    assert await world.gateway.prove_absence(signature, last) is Absence.STILL_POSSIBLE

    # The blockhash has expired for new blocks, but the last possible one is not final yet.
    await world.control("advance", {"slots": 148})
    assert await world.gateway.prove_absence(signature, last) is Absence.STILL_POSSIBLE
    world.clock.pass_ms(3000)

    assert await world.gateway.prove_absence(signature, last) is Absence.ABSENT


async def test_it_is_healthy_while_a_node_answers(world: World) -> None:
    assert await world.gateway.healthy()
    nowhere = SolanaGateway(
        client=world.client,
        rpc_urls=(f"{URL}/nothing-here",),
        fee_payer=world.fee_payer,
        treasury_owner=world.treasury.pubkey(),
    )
    assert not await nowhere.healthy()


async def test_sol_is_found_as_usdc_is(world: World) -> None:
    owner = world.bob.pubkey()
    for lamports in (5_000_000, 7_000_000):
        await world.control("airdrop", {"address": str(owner), "lamports": lamports})
    world.clock.pass_ms(3000)

    found = await world.gateway.inbound(owner, SOL)

    assert [(one.asset, one.amount, one.address) for one in found.credits] == [
        ("SOL", lamports, str(owner)) for lamports in (5_000_000, 7_000_000)
    ]
    [content] = await world.gateway.holdings([owner], SOL)
    await world.control("airdrop", {"address": str(owner), "lamports": 1})
    world.clock.pass_ms(3000)
    assert await world.gateway.holdings([owner], SOL) != [content]
    later = datetime(2999, 1, 1, tzinfo=UTC)
    assert (await world.gateway.inbound(owner, SOL, since=later)).credits == ()


async def test_absence_needs_every_node_that_is_configured(world: World) -> None:
    gateway = SolanaGateway(
        client=world.client,
        rpc_urls=(f"{URL}/solana", f"{URL}/nothing-here"),
        fee_payer=world.fee_payer,
        treasury_owner=world.treasury.pubkey(),
    )
    signature = signature_of(await world.transfer())
    await world.control("advance", {"slots": 1000})

    assert await gateway.prove_absence(signature, 0) is Absence.STILL_POSSIBLE
    assert await world.gateway.prove_absence(signature, 0) is Absence.ABSENT


async def test_a_blockhash_is_shared_for_a_second(world: World) -> None:
    first = await world.prepared()
    world.clock.pass_ms(900)
    second = await world.prepared()
    world.clock.pass_ms(300)
    third = await world.prepared()

    assert first.built.blockhash == second.built.blockhash
    assert third.built.blockhash != first.built.blockhash
