"""What a wallet owes from earlier is taken on by one transaction alone, however many begin at once."""

from collections import Counter
from typing import cast

import pytest

from domain.shared.accounts import fee_due
from domain.shared.ids import TransactionId
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.db.sends import SendReader
from infrastructure.services.approvals import ApprovalDesk
from tests.integration.db.engines import a_pool, an_engine
from tests.integration.db.test_double_spend import (
    AT_ONCE,
    DOLLAR,
    Meeting,
    Prompt,
    Sender,
    a_sender,
    one_or_four_processes,
)
from tests.integration.db.world import Standing, World

OWED = 480_000


async def paying(sender: Sender) -> dict[TransactionId, int]:
    """What each transaction of the user's says that it pays of what is owed."""
    rows = await sender.world.pool.fetch(
        "SELECT id, fee_due FROM transaction WHERE user_id = $1", sender.user_id
    )
    return {TransactionId(row["id"]): row["fee_due"] for row in rows}


@one_or_four_processes
@pytest.mark.parametrize("gateway", [Prompt, Meeting])
async def test_of_many_at_once_one_pays_it_and_all_go_on(
    world: World, processes: int, gateway: type[Prompt]
) -> None:
    sender = await a_sender(world, funds=1_000 * DOLLAR, processes=processes, gateway=gateway())
    await world.fund(fee_due(sender.wallet_id), OWED)

    await sender.initiated([sender.wish(5 * DOLLAR) for _ in range(AT_ONCE)])

    states = Counter((await sender.states()).values())
    assert (states.total(), states["FAILED"]) == (AT_ONCE, 0)
    assert Counter((await paying(sender)).values()) == {OWED: 1, 0: AT_ONCE - 1}
    assert await world.standing(fee_due(sender.wallet_id)) == Standing(posted=OWED, held=OWED)
    assert await world.violations() == []


async def test_once_the_one_has_ended_without_it_the_next_pays_it(world: World) -> None:
    sender = await a_sender(world, funds=100 * DOLLAR, processes=1, gateway=Prompt())
    await world.fund(fee_due(sender.wallet_id), OWED)
    (first,) = await sender.initiated([sender.wish(5 * DOLLAR)])
    (beside,) = await sender.initiated([sender.wish(5 * DOLLAR)])
    assert await paying(sender) == {first: OWED, beside: 0}

    pool = await a_pool(world)
    approvals = ApprovalDesk(
        engine=await an_engine(world, pool),
        actions=SendReader(pool),
        gateway=cast("SolanaGateway", Prompt()),
        chains={},
    )
    await approvals.cancel(sender.user_id, cast("TransactionId", first))
    (second,) = await sender.initiated([sender.wish(5 * DOLLAR)])

    assert await paying(sender) == {first: 0, beside: 0, second: OWED}
    assert await world.standing(fee_due(sender.wallet_id)) == Standing(posted=OWED, held=OWED)
    assert await world.violations() == []
