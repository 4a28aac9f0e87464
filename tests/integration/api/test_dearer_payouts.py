"""A provider that pays out less by the time that it is asked: its user is asked, never paid silently."""

from decimal import Decimal

import pytest

from tests.integration.api.client import Json, Person, Records, new_key
from tests.integration.api.test_bank_withdraws import Sandbox, added, paid, sandbox

__all__ = ["sandbox"]
pytestmark = pytest.mark.enable_socket

_QUOTE = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { received quoteId } errors { code } } }"""
_SHOWN = """query ($id: ID!) { transaction(id: $id) { targetAmount receivedAmount provider reason
  waitingOn fundsLocation userActions { type summary approval } } }"""


async def shown(person: Person, identifier: str) -> Json:
    return (await person.data(_SHOWN, id=identifier))["transaction"]


async def asked(person: Person, sandbox: Sandbox) -> tuple[str, Decimal, Json]:
    """A Withdraw by a quote, since when one provider is out and the other takes a tenth; what was
    shown, and what its user is asked."""
    wish = {"amount": "100", "destination": {"bankAccount": {"id": await added(person)}}}
    found = (await person.data(_QUOTE, input={"withdraw": wish}))["transactionPreview"]
    assert found["errors"] == []
    out = {"kind": "rate_limit", "provider": "bridge", "operations": ["create_transfer"]}
    dearer = {"kind": "wrong_amount", "provider": "due", "operations": ["create_quote"]}
    await sandbox.post("control/faults", out)
    await sandbox.post("control/faults", {**dearer, "millionths": 900_000})
    payload = await person.mutate(
        "initiateWithdraw", **wish, quoteId=found["preview"]["quoteId"], idempotencyKey=new_key()
    )
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    return identifier, Decimal(found["preview"]["received"]), await person.pending(identifier)


async def test_who_says_yes_is_paid_by_the_new_terms(
    alice: Person, records: Records, sandbox: Sandbox
) -> None:
    identifier, before, action = await asked(alice, sandbox)

    assert action["type"] == "CONFIRM_SLIPPAGE"
    assert f"where {before} USD was shown" in action["summary"]
    waiting = await shown(alice, identifier)
    assert (waiting["waitingOn"], waiting["fundsLocation"]) == ("USER", "RESERVED")
    assert (await alice.choose(action["id"], "ACCEPT"))["errors"] == []
    await alice.sign(identifier)

    assert (await paid(alice, identifier, sandbox))["state"] == "COMPLETED"
    done = await shown(alice, identifier)
    assert done["provider"] == "due"
    assert Decimal("0.88") < Decimal(done["targetAmount"]) / before < Decimal("0.92")
    told = next(each for each in done["userActions"] if each["type"] == "CONFIRM_SLIPPAGE")
    assert told["approval"] == "ACCEPT"
    assert f"would pay about {done['targetAmount']} USD" in told["summary"]
    assert "PayoutRequoted" in await records.published(identifier)


async def test_who_says_no_keeps_their_money(
    alice: Person, records: Records, sandbox: Sandbox
) -> None:
    before = await records.now()
    identifier, _shown, action = await asked(alice, sandbox)

    assert (await alice.choose(action["id"], "REJECT"))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_TERMS_REJECTED")
    assert (await records.now()).balances == before.balances
