"""What landed and failed for a user, as it is counted before anything more is signed for them."""

from datetime import timedelta
from uuid import uuid4

from domain.provider.leg import SOLANA_GATEWAY
from infrastructure.db.sends import SendReader
from tests.integration.db.test_double_spend import DOLLAR, Prompt, a_sender
from tests.integration.db.units import NOON
from tests.integration.db.world import World

_INTERACTION = """
    INSERT INTO provider_interaction
        (id, transaction_id, wallet_id, provider, operation, outcome, attempt, at, request, response)
    VALUES ($1, $2, $3, $4, $5, $6, 1, $7, '{}', '{}')
"""
HOUR = timedelta(hours=1)


async def test_what_landed_and_failed_is_counted_and_nothing_else(world: World) -> None:
    user, other = [
        await a_sender(world, funds=DOLLAR, processes=1, gateway=Prompt()) for _ in range(2)
    ]
    for wallet_id, gateway, operation, outcome, ago in (
        (user.wallet_id, SOLANA_GATEWAY, "confirm", "FAILED", HOUR),
        (user.wallet_id, SOLANA_GATEWAY, "confirm", "FAILED", 2 * HOUR),
        (user.wallet_id, SOLANA_GATEWAY, "confirm", "FAILED", 3 * HOUR),
        (user.wallet_id, SOLANA_GATEWAY, "confirm", "FAILED", 25 * HOUR),
        (user.wallet_id, SOLANA_GATEWAY, "confirm", "LANDED", HOUR),
        (user.wallet_id, SOLANA_GATEWAY, "build", "DECLINED", HOUR),
        (user.wallet_id, "ethereum", "confirm", "FAILED", HOUR),
        (other.wallet_id, SOLANA_GATEWAY, "confirm", "FAILED", HOUR),
    ):
        told = (gateway, operation, outcome, NOON - ago)
        await world.admin.execute(_INTERACTION, uuid4(), uuid4(), wallet_id, *told)
    reader, since = SendReader(world.pool), NOON - 24 * HOUR

    all_of_them, last = [
        await reader.failed_on_chain(user.user_id, SOLANA_GATEWAY, since=since, count_max=most)
        for most in (10, 2)
    ]

    assert all_of_them == [NOON - HOUR, NOON - 2 * HOUR, NOON - 3 * HOUR]
    assert last == all_of_them[:2]
