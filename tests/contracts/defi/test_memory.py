"""What the twin in memory can be told, for unit tests and the simulator."""

import pytest

from domain.provider.ports.answers import Unanswered
from infrastructure.providers.memory.defi import MemoryStrategies
from tests.contracts.defi.cases import composed, held, listed, offer
from tests.contracts.defi.stubs import noon

OWNER, PAYER = "owner", "payer"


@pytest.fixture
def memory() -> MemoryStrategies:
    terms = [offer("steady", "0.042"), offer("dear", "0.06", exit_fee_millionths=5_000)]
    return MemoryStrategies(terms=terms, clock=noon, name="kamino")


async def test_it_goes_by_any_name_and_may_be_down(memory: MemoryStrategies) -> None:
    memory.is_up = False

    assert not await memory.healthy()
    assert {one.source for one in listed(await memory.offers())} == {"kamino"}


async def test_setbacks_are_answered_in_their_order(memory: MemoryStrategies) -> None:
    first, second = Unanswered(reason="one"), Unanswered(reason="two")
    memory.setbacks += [first, second, first, second]
    both = {"owner": OWNER, "fee_payer": PAYER}

    assert await memory.offers() is first
    assert await memory.get_strategy_status("steady", owner=OWNER) is second
    assert await memory.deploy_strategy("steady", amount=1, **both) is first
    assert await memory.withdraw_from_strategy("steady", shares=1, **both) is second
    assert isinstance(await memory.offers(), tuple)


async def test_landing_says_what_was_had_for_it(memory: MemoryStrategies) -> None:
    both = {"owner": OWNER, "fee_payer": PAYER}
    paid = composed(await memory.deploy_strategy("dear", amount=10**7, **both))

    shares = memory.land(paid)
    out = composed(await memory.withdraw_from_strategy("dear", shares=shares, **both))

    assert shares == 10**7
    assert memory.land(out) == 10**7 - 50_000
    assert await memory.get_strategy_status("dear", owner=OWNER) is None


async def test_shares_go_out_once(memory: MemoryStrategies) -> None:
    both = {"owner": OWNER, "fee_payer": PAYER}
    memory.land(composed(await memory.deploy_strategy("steady", amount=10**7, **both)))
    out = composed(await memory.withdraw_from_strategy("steady", shares=10**7 - 1, **both))
    memory.land(out)

    with pytest.raises(ValueError):
        memory.land(out)
    assert held(await memory.get_strategy_status("steady", owner=OWNER)).shares == 1
