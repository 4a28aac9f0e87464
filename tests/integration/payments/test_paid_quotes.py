"""What a payment would bring, and a quote of it, through the whole platform."""

import uuid
from typing import Final

import pytest

from tests.integration.payments.payer import Json, Payer

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

_PREVIEW: Final = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { received targetAsset provider providerExplanation quoteId } errors { code } } }"""
_BUY: Final = """mutation ($input: InitiateBuyInput!) { initiateBuy(input: $input) {
  transaction { id } errors { code field } } }"""
_SHOWN: Final = "query ($id: ID!) { transaction(id: $id) { targetAmount provider } }"


def previewed(payer: Payer, **given: object) -> Json:
    payload = payer.ask(_PREVIEW, input=given)["transactionPreview"]
    assert payload["errors"] == []
    return payload["preview"]


def test_a_deposit_goes_to_whom_its_quote_named(alice: Payer) -> None:
    """Whoever is asked anew is out meanwhile: the quote names who was the best."""
    shown = previewed(alice, deposit={"amount": "100", "paymentMethod": "CARD"})
    assert shown["provider"] in shown["providerExplanation"]

    deposit = alice.begin(quoteId=shown["quoteId"])
    alice.pay(deposit)
    done = alice.until(deposit, state="COMPLETED")

    assert done["provider"] == shown["provider"]
    again = alice.initiate(quoteId=shown["quoteId"])
    assert again["errors"][0]["code"] == "TXN_QUOTE_USED"
    other = alice.initiate("101", quoteId=shown["quoteId"])
    assert other["errors"][0]["code"] == "TXN_QUOTE_OTHER_INPUT"
    alice.verify()


def test_a_bought_asset_comes_at_the_quoted_rate(alice: Payer) -> None:
    source = {"payment": {"amount": "100", "paymentMethod": "CARD"}}
    shown = previewed(alice, buy={"asset": "SOL", "source": source})
    wish = {"asset": "SOL", "source": source, "quoteId": shown["quoteId"]}

    payload = alice.ask(_BUY, input={**wish, "idempotencyKey": uuid.uuid4().hex})["initiateBuy"]

    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    found = alice.ask(_SHOWN, id=identifier)["transaction"]
    assert (found["targetAmount"], found["provider"]) == (shown["received"], shown["provider"])
    alice.pay(identifier)
    assert alice.until(identifier, state="COMPLETED")["provider"] == shown["provider"]
