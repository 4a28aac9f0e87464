"""Withdraws to external wallets through the real platform, signed by their user."""

from decimal import Decimal

import httpx
import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from bench.platform import Platform
from infrastructure.chains.solana.addresses import USDC_MINT, associated_token_account
from tests.integration.api.chain import Chain
from tests.integration.api.client import Json, Person, Records, new_key, only_error, sign

pytestmark = pytest.mark.enable_socket

SEQUENCE = [
    "WithdrawTransactionInitiated",
    "AvailableBalanceReserved",
    "DEXProviderSelected",
    "BlockchainTransferRequested",
    "UserActionRequired",
    "UserActionSubmitted",
    "BlockchainTransactionBroadcast",
    "BlockchainConfirmationReceived",
    "CrossChainTransferConfirmed",
    "WithdrawTransactionCompleted",
]


@pytest.fixture
def chain(platform: Platform, http: httpx.AsyncClient) -> Chain:
    return Chain(platform.ready, http)


async def begin(person: Person, address: str, amount: str = "20", **more: object) -> Json:
    wish: dict[str, object] = {
        "amount": amount,
        "destination": {"externalWallet": {"address": address}},
        "idempotencyKey": new_key(),
    }
    return await person.mutate("initiateWithdraw", **{**wish, **more})


async def posted(person: Person) -> Decimal:
    found = await person.data("{ wallet { available { posted } } }")
    return Decimal(found["wallet"]["available"]["posted"])


async def test_it_arrives_outside_and_is_booked(alice: Person, chain: Chain) -> None:
    before, stranger = await posted(alice), Keypair().pubkey()
    payload = await begin(alice, str(stranger))
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    action = await alice.pending(identifier)

    taken = await alice.submit(action["id"], sign(action["payload"], alice.keypair))

    assert taken["errors"] == []
    assert (await alice.ended(identifier))["state"] == "COMPLETED"
    shown = await alice.data(
        "query ($id: ID!) { transaction(id: $id) { type receivedAmount timeline { eventType } } }",
        id=identifier,
    )
    transaction = shown["transaction"]
    assert transaction["type"] == "WITHDRAW"
    events = list(dict.fromkeys(row["eventType"] for row in transaction["timeline"]))
    assert events == SEQUENCE
    assert before - await posted(alice) == 20
    account = str(associated_token_account(stranger))
    answer = await chain.call("getTokenAccountBalance", account, {"commitment": "confirmed"})
    assert Decimal(answer["value"]["uiAmountString"]) == Decimal(transaction["receivedAmount"])


async def test_it_can_be_cancelled_before_it_is_signed(alice: Person) -> None:
    before = await posted(alice)
    identifier = (await begin(alice, str(Keypair().pubkey())))["transaction"]["id"]
    await alice.pending(identifier)

    assert (await alice.cancel(identifier))["errors"] == []

    ended = await alice.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert await posted(alice) == before


ADDRESS = "input.destination.externalWallet.address"
PROGRAM_OWNED = str(Pubkey.find_program_address([b"x"], USDC_MINT)[0])


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("nonsense", "VAL_ADDRESS"),
        ("", "VAL_ADDRESS"),
        (str(USDC_MINT), "TXN_ADDRESS_UNSUITABLE"),
        (PROGRAM_OWNED, "TXN_ADDRESS_UNSUITABLE"),
        ("SysvarC1ock11111111111111111111111111111111", "TXN_ADDRESS_UNSUITABLE"),
    ],
)
async def test_an_address_that_nobody_could_spend_from_is_refused(
    alice: Person, records: Records, address: str, code: str
) -> None:
    before = await records.now()

    error = only_error(await begin(alice, address))

    assert (error["code"], error["field"]) == (code, ADDRESS)
    assert (await records.now()).balances == before.balances


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("amount", "4.99", "TXN_BELOW_MINIMUM"),
        ("amount", "100000", "CMP_TRANSACTION_LIMIT"),
        ("amount", "-5", "VAL_AMOUNT_FORMAT"),
        ("asset", "DOGE", "VAL_ASSET"),
        ("idempotencyKey", "with space", "VAL_IDEMPOTENCY_KEY"),
    ],
)
async def test_a_wish_that_cannot_be_is_a_typed_error(
    alice: Person, field: str, value: str, code: str
) -> None:
    before = await posted(alice)

    error = only_error(await begin(alice, str(Keypair().pubkey()), **{field: value}))

    assert (error["code"], error["field"]) == (code, f"input.{field}")
    assert await posted(alice) == before


async def test_another_chain_is_not_there_yet(alice: Person) -> None:
    wallet = {"externalWallet": {"address": str(Keypair().pubkey()), "chain": "BITCOIN"}}

    error = only_error(await begin(alice, "", destination=wallet))

    assert error["code"] == "VAL_CHAIN"


async def test_a_destination_is_exactly_one(alice: Person) -> None:
    answer = await alice.post(
        "mutation ($input: InitiateWithdrawInput!) { initiateWithdraw(input: $input) { errors { code } } }",
        input={"amount": "20", "destination": {}, "idempotencyKey": new_key()},
    )

    assert "errors" in answer.json()
