"""A payment that waited for a person until its offers had expired, through the real platform."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.platform import Platform
from tests.integration.api.client import Person, new_key
from tests.integration.api.test_confirmations import Market, choose, market, shown
from tests.integration.api.test_reviews import Operator, key_of, made_risky

__all__ = ["market"]
pytestmark = [pytest.mark.enable_socket, pytest.mark.chaos]

OFFER_SECONDS = 61
"""An offer of an on-ramp is good for a minute."""


@pytest.fixture
async def risky(carol: Person, platform: Platform) -> AsyncIterator[Person]:
    async for person in made_risky(carol, Operator(platform)):
        yield person


async def test_what_was_approved_late_is_quoted_anew_and_its_user_asked(
    risky: Person, platform: Platform, market: Market
) -> None:
    source = {"payment": {"amount": "1200", "paymentMethod": "CARD"}}
    payload = await risky.mutate(
        "initiateBuy", asset="SOL", source=source, idempotencyKey=new_key()
    )
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    assert (await shown(risky, identifier))["waitingOn"] == "OPERATOR"
    await asyncio.sleep(OFFER_SECONDS)
    await market.price(180_000_000)

    decided = Operator(platform).does(
        "compliance", "approve", key_of(identifier), "--reason", "known", "--by", "olga"
    )

    assert decided.returncode == 0, decided.stderr
    action = await risky.pending(identifier)
    assert action["type"] == "CONFIRM_SLIPPAGE"
    assert "SOL was shown" in action["summary"]

    # What was said yes to is gone in the meantime: it is asked once more, never gone on with.
    await market.price(240_000_000)
    assert (await choose(risky, action["id"], "ACCEPT"))["errors"] == []
    once_more = await risky.pending(identifier, besides=action["id"])
    assert once_more["type"] == "CONFIRM_SLIPPAGE"

    assert (await choose(risky, once_more["id"], "REJECT"))["errors"] == []
    ended = await risky.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
