"""What came in to an address, as every gateway of the port tells it, and the twin in memory."""

from domain.provider.ports.answers import NotAttempted
from domain.provider.ports.chain import Credit
from tests.contracts.chains.stages import Account, Stage, got


async def height(stage: Stage) -> int:
    return got(await stage.gateway.final_height())


async def sent(stage: Stage, sender: Account, recipient: str) -> str:
    """A transfer's hash; no block has it yet."""
    signed = await stage.signed(sender, recipient)
    got(await stage.gateway.broadcast(signed))
    return signed.transaction_hash


async def credits_since(stage: Stage, after: int, *addresses: str) -> tuple[Credit, ...]:
    return got(await stage.gateway.credits(addresses, after=after, up_to=await height(stage)))


async def test_a_credit_is_found_once_it_is_final_and_not_before(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address
    await stage.simulator.mine(1)
    before = await height(stage)
    name = await sent(stage, sender, recipient)

    await stage.simulator.mine(stage.final_blocks - 1)
    assert await credits_since(stage, before, recipient) == ()
    await stage.simulator.mine(1)

    (credit,) = await credits_since(stage, before, recipient)
    assert (credit.transaction_hash, credit.asset) == (name, stage.asset.symbol)
    assert (credit.address, credit.amount) == (recipient, stage.amount)
    assert credit.senders == (sender.address,)


async def test_it_has_the_place_and_the_address_of_its_movement(stage: Stage) -> None:
    """By these a flow and the watcher claim the same thing."""
    sender, recipient = await stage.funded(), stage.account().address
    before = await height(stage)
    name = await sent(stage, sender, recipient)
    await stage.simulator.mine(stage.final_blocks)

    found = await credits_since(stage, before, recipient)

    movements = got(await stage.gateway.movements(name))
    (paid,) = [one for one in movements if one.address == recipient]
    assert [(one.index, one.address) for one in found] == [(paid.index, paid.address)]
    assert got(await stage.gateway.received(name, [recipient])) == found


async def test_a_block_is_looked_at_once(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address
    before = await height(stage)
    await sent(stage, sender, recipient)
    await stage.simulator.mine(stage.final_blocks)

    assert len(await credits_since(stage, before, recipient)) == 1
    assert await credits_since(stage, await height(stage), recipient) == ()


async def test_change_is_no_credit(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address
    before = await height(stage)
    name = await sent(stage, sender, recipient)
    await stage.simulator.mine(stage.final_blocks)

    found = await credits_since(stage, before, sender.address)
    assert name not in {one.transaction_hash for one in found}


async def test_what_one_sends_oneself_is_no_credit(stage: Stage) -> None:
    sender = await stage.funded()
    before = await height(stage)
    name = await sent(stage, sender, sender.address)
    await stage.simulator.mine(stage.final_blocks)

    found = await credits_since(stage, before, sender.address)
    assert name not in {one.transaction_hash for one in found}
    assert got(await stage.gateway.received(name, [sender.address])) == ()


async def test_many_addresses_are_asked_for_at_once(stage: Stage) -> None:
    sender, others = await stage.funded(), [stage.account().address for _ in range(3)]
    before = await height(stage)
    await sent(stage, sender, others[0])
    await stage.simulator.mine(1)
    await sent(stage, sender, others[2])
    await stage.simulator.mine(stage.final_blocks)

    beside = [stage.account().address for _ in range(25)]
    found = await credits_since(stage, before, *others, *beside)

    assert {one.address for one in found} == {others[0], others[2]}
    assert await credits_since(stage, before, others[1]) == ()


async def test_what_a_reorganisation_drops_is_found_where_it_lands_again(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address
    await stage.simulator.mine(1)
    before = await height(stage)
    name = await sent(stage, sender, recipient)
    await stage.simulator.mine(2)

    await stage.simulator.reorganise(2)
    assert await credits_since(stage, before, recipient) == ()
    await stage.simulator.mine(stage.final_blocks + 1)

    found = await credits_since(stage, before, recipient)
    assert [one.transaction_hash for one in found] == [name]


async def test_a_node_that_is_behind_tells_nothing(stage: Stage) -> None:
    """What it does not show yet must not count as looked at."""
    last = await height(stage)

    answer = await stage.gateway.credits(
        [stage.account().address], after=last, up_to=last + 1_000_000
    )

    assert isinstance(answer, NotAttempted)


async def test_what_no_block_has_brought_nothing(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address

    name = await sent(stage, sender, recipient)

    assert got(await stage.gateway.received(name, [recipient])) == ()
