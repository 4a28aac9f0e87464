"""A fee that a deposit left owed is paid on the chain with what the user signs next."""

from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from bench.platform import Platform
from infrastructure.chains.solana.addresses import associated_token_account
from infrastructure.chains.solana.keys import load_keypair
from infrastructure.db.invariants import check
from infrastructure.db.pool import connect
from tests.integration.api.chain import Chain
from tests.integration.api.client import Json, Person, Records, new_key
from tests.integration.matrix.flows import begin

pytestmark = pytest.mark.enable_socket

_DEPOSIT = """mutation ($input: InitiateDepositInput!) { initiateDeposit(input: $input) {
  transaction { id } errors { code } } }"""
_SHOWN = """query ($id: ID!) { transaction(id: $id) {
  state fees { kind amount } userActions { summary } } }"""
_WALLET = "{ wallet { available { posted reserved spendable feeDue } } }"
_PREVIEW = """query ($input: TransactionPreviewInput!) {
  transactionPreview(input: $input) {
    preview { feesTotal received spendableAfter fees { kind amount } } errors { code } } }"""
_COLLECTED = "SELECT posted FROM balance b JOIN account a ON a.id = b.account_id WHERE a.code = $1"


class Treasury:
    """The platform's own account, on the chain and in the ledger (base units)."""

    def __init__(self, chain: Chain, platform: Platform, data_dir: Path) -> None:
        owner = load_keypair(data_dir / "keys" / "fee_payer.json").pubkey()
        self._account = str(associated_token_account(owner))
        self._chain = chain
        self._platform = platform

    async def on_chain(self) -> int:
        answer = await self._chain.call(
            "getTokenAccountBalance", self._account, {"commitment": "confirmed"}
        )
        return int(answer["value"]["amount"])

    async def in_the_ledger(self) -> int:
        connection = await connect(self._platform.ready.database_url)
        try:
            return int(await connection.fetchval(_COLLECTED, "fees:USDC") or 0)
        finally:
            await connection.close()

    async def violations(self) -> list[object]:
        connection = await connect(self._platform.ready.database_url)
        try:
            return list(await check(connection))
        finally:
            await connection.close()


@pytest.fixture
def treasury(platform: Platform, http: httpx.AsyncClient, data_dir: Path) -> Treasury:
    return Treasury(Chain(platform.ready, http), platform, data_dir)


async def paid_in(person: Person, amount: str = "100") -> None:
    """A deposit, to its completion."""
    wish = {"amount": amount, "paymentMethod": "CARD", "idempotencyKey": new_key()}
    payload = (await person.data(_DEPOSIT, input=wish))["initiateDeposit"]
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    page = (await person.pending(identifier))["payload"]
    assert (await person.http.post(page, data={"outcome": "pay"})).status_code < 400
    assert (await person.ended(identifier))["state"] == "COMPLETED"


async def available(person: Person) -> dict[str, Decimal]:
    found = (await person.data(_WALLET))["wallet"]["available"]
    return {name: Decimal(value) for name, value in found.items()}


async def shown(person: Person, identifier: str) -> Json:
    return (await person.data(_SHOWN, id=identifier))["transaction"]


def fee(fees: list[Json], kind: str) -> Decimal:
    return sum((Decimal(line["amount"]) for line in fees if line["kind"] == kind), Decimal(0))


async def stop(person: Person) -> Json:
    """Of a position that is not locked."""
    found = (await person.data("{ wallet { positions { id closing lockedUntil } } }"))["wallet"]
    open_now = [
        each for each in found["positions"] if not each["closing"] and not each["lockedUntil"]
    ]
    return await person.mutate(
        "initiateStrategyStop", positionId=open_now[-1]["id"], idempotencyKey=new_key()
    )


async def settled(person: Person) -> None:
    """Nothing is owed any more."""
    if (await available(person))["feeDue"]:
        await person.send()
    assert (await available(person))["feeDue"] == 0


async def test_it_is_shown_signed_and_paid_on_the_chain(alice: Person, treasury: Treasury) -> None:
    await settled(alice)
    before = await available(alice)
    await paid_in(alice)
    owing = await available(alice)
    due = owing["feeDue"]
    assert due > 0
    on_chain, booked = await treasury.on_chain(), await treasury.in_the_ledger()

    wish = {"send": {"amount": "25", "recipient": "@bob"}}
    previewed = (await alice.data(_PREVIEW, input=wish))["transactionPreview"]
    assert fee(previewed["preview"]["fees"], "FEE_DUE") == due
    assert Decimal(previewed["preview"]["spendableAfter"]) == owing["spendable"] - 25

    identifier = await alice.send(amount="25")

    transaction = await shown(alice, identifier)
    network = fee(transaction["fees"], "NETWORK")
    assert fee(transaction["fees"], "FEE_DUE") == due
    assert f"{due} USDC of fees due from earlier" in transaction["userActions"][0]["summary"]
    paid = int((due + network) * 10**6)
    assert await treasury.on_chain() - on_chain == paid
    assert await treasury.in_the_ledger() - booked == paid
    after = await available(alice)
    assert after["feeDue"] == 0
    assert after["posted"] == owing["posted"] - 25
    assert owing["posted"] > before["posted"]
    assert await treasury.violations() == []


async def test_of_two_at_once_one_pays_it(alice: Person, treasury: Treasury) -> None:
    await settled(alice)
    await paid_in(alice)
    due = (await available(alice))["feeDue"]
    on_chain = await treasury.on_chain()

    both = [await alice.begin(amount="6"), await alice.begin(amount="7")]
    for identifier in both:
        await alice.sign(identifier)
    for identifier in both:
        assert (await alice.ended(identifier))["state"] == "COMPLETED"

    fees = [(await shown(alice, identifier))["fees"] for identifier in both]
    assert [fee(each, "FEE_DUE") for each in fees] == [due, 0]
    network = sum(fee(each, "NETWORK") for each in fees)
    assert await treasury.on_chain() - on_chain == int((due + network) * 10**6)
    assert await treasury.violations() == []


async def test_what_is_cancelled_leaves_it_owed_for_the_next(
    alice: Person, treasury: Treasury
) -> None:
    await settled(alice)
    await paid_in(alice)
    due = (await available(alice))["feeDue"]
    cancelled = await alice.begin(amount="6")
    await alice.pending(cancelled)

    assert (await alice.cancel(cancelled))["errors"] == []

    assert (await alice.ended(cancelled))["state"] == "FAILED"
    assert fee((await shown(alice, cancelled))["fees"], "FEE_DUE") == 0
    assert (await available(alice))["feeDue"] == due
    identifier = await alice.send(amount="6")
    assert fee((await shown(alice, identifier))["fees"], "FEE_DUE") == due
    assert await treasury.violations() == []


@pytest.mark.parametrize(
    "flows",
    [("buy", "sell"), ("launch", "stop"), ("withdraw_to_wallet",)],
    ids=lambda each: each[0],
)
async def test_whatever_is_signed_next_pays_it(
    alice: Person, records: Records, treasury: Treasury, flows: tuple[str, ...]
) -> None:
    await settled(alice)
    for flow in flows:
        await paid_in(alice)
        due = (await available(alice))["feeDue"]
        on_chain, booked = await treasury.on_chain(), await treasury.in_the_ledger()
        payload = await (stop(alice) if flow == "stop" else begin(alice, flow))
        identifier = await alice.signed(payload)
        assert (await alice.ended(identifier))["state"] == "COMPLETED"

        fees = (await shown(alice, identifier))["fees"]
        assert fee(fees, "FEE_DUE") == due
        assert "FeeDueSettled" in await records.published(identifier)
        paid = await treasury.on_chain() - on_chain
        assert paid == await treasury.in_the_ledger() - booked
        assert paid >= int((due + fee(fees, "PLATFORM")) * 10**6)
        assert (await available(alice))["feeDue"] == 0
    assert await treasury.violations() == []
