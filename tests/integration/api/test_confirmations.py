"""Terms that become worse between what a user was shown and what they sign: they are asked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import httpx
import pytest

from bench.platform import Platform
from tests.integration.api.client import ERRORS, Json, Person, Records, new_key, only_error, sign

pytestmark = pytest.mark.enable_socket

BUY: Final = {"asset": "SOL", "source": {"available": {"amount": "30"}}}
SOL_MICRO_USD: Final = 150_000_000
_SHOWN: Final = """query ($id: ID!) { transaction(id: $id) {
  state subState waitingOn availableActions reason targetAmount receivedAmount fundsLocation
  userActions { id type status summary expiresAt options { name summary } approval }
  timeline { eventType state subState } } }"""
_CHOOSE: Final = f"""mutation ($input: SubmitUserActionInput!) {{ submitUserAction(input: $input) {{
  transaction {{ id state }} {ERRORS} }} }}"""


@dataclass(frozen=True, slots=True)
class Market:
    """What the simulated world's markets ask, for whoever buys there."""

    url: str
    http: httpx.AsyncClient

    async def price(self, micro_usd: int, symbol: str = "SOL") -> None:
        answer = await self.http.post(
            f"{self.url}/coingecko/_simulate/price",
            json={"symbol": symbol, "micro_usd": micro_usd},
        )
        assert answer.status_code < 300, answer.text

    async def crowded(self, micro_lamports: int) -> None:
        """So much is offered on Solana for a unit of work."""
        order = {"priority_micro_lamports": micro_lamports}
        answer = await self.http.post(f"{self.url}/control/solana/timing", json=order)
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def market(platform: Platform, http: httpx.AsyncClient) -> AsyncIterator[Market]:
    found = Market(platform.ready.sandbox_url, http)
    yield found
    await found.price(SOL_MICRO_USD)
    await found.crowded(1_000)


async def quoted(person: Person, given: Json = BUY) -> tuple[Json, str]:
    """What was shown of a Buy, and the quote."""
    document = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
      preview { received receivedAtLeast quoteId } errors { code } } }"""
    payload = (await person.data(document, input={"buy": given}))["transactionPreview"]
    assert payload["errors"] == []
    return payload["preview"], payload["preview"]["quoteId"]


async def begun(person: Person, quote: str, given: Json = BUY) -> str:
    payload = await person.mutate("initiateBuy", **given, quoteId=quote, idempotencyKey=new_key())
    assert payload["errors"] == []
    return str(payload["transaction"]["id"])


async def choose(person: Person, action: str, option: str) -> Json:
    given = {"actionId": action, "option": option}
    return (await person.data(_CHOOSE, input=given))["submitUserAction"]


async def shown(person: Person, identifier: str) -> Json:
    return (await person.data(_SHOWN, id=identifier))["transaction"]


async def accepted(person: Person, identifier: str, action: Json) -> Json:
    """The transaction as it ends when its user says yes, and signs."""
    assert (await choose(person, action["id"], "ACCEPT"))["errors"] == []
    signing = await person.pending(identifier, besides=action["id"])
    assert signing["type"] == "SIGN_TRANSACTION"
    taken = await person.submit(signing["id"], sign(signing["payload"], person.keypair))
    assert taken["errors"] == []
    assert (await person.ended(identifier))["state"] == "COMPLETED"
    return await shown(person, identifier)


async def asked(person: Person, market: Market, micro_usd: int = 160_000_000) -> tuple[str, Json]:
    """A Buy whose price moved away after its quote, and what its user is asked."""
    _, quote = await quoted(person)
    await market.price(micro_usd)
    identifier = await begun(person, quote)
    return identifier, await person.pending(identifier)


async def test_a_price_within_the_limit_asks_nobody(alice: Person, market: Market) -> None:
    before, quote = await quoted(alice)
    await market.price(150_300_000)

    identifier = await begun(alice, quote)

    action = await alice.pending(identifier)
    assert action["type"] == "SIGN_TRANSACTION"
    assert f"at least {before['receivedAtLeast']} SOL" in action["summary"]


async def test_a_price_beyond_it_asks_the_user_who_goes_on(
    alice: Person, records: Records, market: Market
) -> None:
    before, _ = await quoted(alice)
    identifier, action = await asked(alice, market)

    assert action["type"] == "CONFIRM_SLIPPAGE"
    assert f"at least {before['receivedAtLeast']} SOL was shown" in action["summary"]
    waiting = await shown(alice, identifier)
    assert (waiting["state"], waiting["subState"]) == ("PROVIDER_PROCESSING", "SLIPPAGE_VALIDATING")
    assert (waiting["waitingOn"], waiting["fundsLocation"]) == ("USER", "RESERVED")
    assert set(waiting["availableActions"]) == {"SUBMIT_USER_ACTION", "CANCEL"}
    asked_for = waiting["userActions"][-1]
    assert [option["name"] for option in asked_for["options"]] == ["ACCEPT", "REJECT"]
    assert asked_for["expiresAt"]

    done = await accepted(alice, identifier, action)
    least = Decimal(before["receivedAtLeast"])
    assert least * 93 / 100 < Decimal(done["receivedAmount"]) < least
    assert "SwapTermsWorsened" in await records.published(identifier)
    # The same answer again changes nothing, another is refused.
    assert (await choose(alice, action["id"], "ACCEPT"))["errors"] == []
    assert only_error(await choose(alice, action["id"], "REJECT"))["code"].startswith("TXN_ACTION")


async def test_who_says_no_gets_everything_back(
    alice: Person, records: Records, market: Market
) -> None:
    before = await records.now()
    identifier, action = await asked(alice, market)

    assert (await choose(alice, action["id"], "REJECT"))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert (await records.now()).balances == before.balances


async def test_who_is_asked_may_cancel(alice: Person, records: Records, market: Market) -> None:
    before = await records.now()
    identifier, action = await asked(alice, market)

    assert (await alice.cancel(identifier))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert (await records.now()).balances == before.balances
    late = await choose(alice, action["id"], "ACCEPT")
    assert only_error(late)["code"].startswith("TXN_ACTION")


async def test_nobody_answers_for_another_and_nothing_else_is_an_answer(
    alice: Person, bob: Person, market: Market
) -> None:
    _identifier, action = await asked(alice, market)

    assert only_error(await choose(bob, action["id"], "ACCEPT"))["code"] == "TXN_ACTION_NOT_FOUND"
    assert only_error(await choose(alice, action["id"], "MAYBE"))["code"] == "VAL_OPTION"
    signed = await alice.submit(action["id"], "AAAA")
    assert signed["errors"]


async def dearer(person: Person, market: Market) -> tuple[str, Json]:
    """A Buy that the network became too dear for after its quote, and what its user is asked."""
    _, quote = await quoted(person)
    await market.crowded(5_000_000)
    identifier = await begun(person, quote)
    return identifier, await person.pending(identifier)


async def test_a_network_that_became_dearer_asks_the_user_who_pays(
    alice: Person, records: Records, market: Market
) -> None:
    before, _ = await quoted(alice)
    identifier, action = await dearer(alice, market)

    assert action["type"] == "CONFIRM_NETWORK_FEE"
    assert "USDC was shown" in action["summary"]
    assert (await shown(alice, identifier))["waitingOn"] == "USER"
    done = await accepted(alice, identifier, action)
    least = Decimal(before["receivedAtLeast"])
    assert least * 90 / 100 < Decimal(done["receivedAmount"]) < least
    assert "NetworkCostRose" in await records.published(identifier)


async def test_who_does_not_pay_the_network_gets_everything_back(
    alice: Person, records: Records, market: Market
) -> None:
    before = await records.now()
    identifier, action = await dearer(alice, market)

    assert (await choose(alice, action["id"], "REJECT"))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert (await records.now()).balances == before.balances


async def test_a_network_a_little_dearer_is_borne(alice: Person, market: Market) -> None:
    _, quote = await quoted(alice)
    await market.crowded(100_000)

    identifier = await begun(alice, quote)

    assert (await alice.pending(identifier))["type"] == "SIGN_TRANSACTION"
