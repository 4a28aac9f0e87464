"""A position that loses value between what its user was shown and what they sign: they are asked."""

from decimal import Decimal

import httpx
import pytest

from bench.platform import Platform
from tests.integration.api.client import Json, Person, Records, new_key
from tests.integration.api.test_strategies import chosen, launch, signed, wallet

pytestmark = pytest.mark.enable_socket

_QUOTE = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { received quoteId } errors { code } } }"""
_SHOWN = """query ($id: ID!) { transaction(id: $id) { state reason waitingOn subState
  fundsLocation targetAmount receivedAmount
  userActions { type status summary options { name } approval } } }"""
USUAL_MILLIONTHS = 48_500
LOSING_MILLIONTHS = -876_000_000
"""A tenth an hour."""


async def lose_a_tenth(platform: Platform, http: httpx.AsyncClient) -> None:
    """Of everything that Jupiter Lend holds, from one look to the next."""
    url = platform.ready.sandbox_url
    for rate in (LOSING_MILLIONTHS, USUAL_MILLIONTHS):
        order = {"rate_millionths": rate}
        answer = await http.post(f"{url}/jupiter_lend/_simulate/rate", json=order)
        assert answer.status_code < 300, answer.text
        if rate < 0:
            await http.post(f"{url}/control/clock", json={"skip_seconds": 3_600})


async def shown(person: Person, identifier: str) -> Json:
    return (await person.data(_SHOWN, id=identifier))["transaction"]


async def test_a_position_that_lost_value_is_closed_with_its_users_yes_alone(
    alice: Person, records: Records, platform: Platform, http: httpx.AsyncClient
) -> None:
    strategy = await chosen(alice, "jupiter_lend")
    await signed(alice, await launch(alice, strategy["id"], "100"))
    position = (await wallet(alice))["positions"][-1]["id"]
    given = {"strategyStop": {"positionId": position}}
    quote = (await alice.data(_QUOTE, input=given))["transactionPreview"]["preview"]
    await lose_a_tenth(platform, http)

    payload = await alice.mutate(
        "initiateStrategyStop",
        positionId=position,
        quoteId=quote["quoteId"],
        idempotencyKey=new_key(),
    )

    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    action = await alice.pending(identifier)
    assert action["type"] == "CONFIRM_SLIPPAGE"
    waiting = await shown(alice, identifier)
    assert (waiting["waitingOn"], waiting["subState"]) == ("USER", "SLIPPAGE_VALIDATING")
    assert (waiting["fundsLocation"], waiting["targetAmount"]) == ("RESERVED", quote["received"])
    assert [each["name"] for each in waiting["userActions"][-1]["options"]] == ["ACCEPT", "REJECT"]

    assert (await alice.choose(action["id"], "ACCEPT"))["errors"] == []
    await alice.sign(identifier)

    assert (await alice.ended(identifier))["state"] == "COMPLETED"
    ended = await shown(alice, identifier)
    asked = next(each for each in ended["userActions"] if each["type"] == "CONFIRM_SLIPPAGE")
    assert asked["approval"] == "ACCEPT"
    assert f"{ended['targetAmount']} USDC of it would arrive" in asked["summary"]
    came = Decimal(ended["receivedAmount"])
    # The network's cost is an upper limit: what is not needed of it is not charged.
    assert 0 <= came - Decimal(ended["targetAmount"]) < Decimal("0.5")
    assert Decimal("0.88") < came / Decimal(quote["received"]) < Decimal("0.92")
    assert "PositionTermsWorsened" in await records.published(identifier)
