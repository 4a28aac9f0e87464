"""What lives on Bitcoin, Ethereum and Sui is withdrawn to addresses there, signed by its owner."""

from decimal import Decimal

import pytest
from solders.keypair import Keypair

from domain.shared.assets import ASSETS, Chain
from infrastructure.demo.users import addresses_of
from tests.integration.api.client import Json, Person, Records, new_key, only_error, sign
from tests.integration.api.test_swaps import held, told
from tests.integration.chains.outside import Outside
from tests.integration.chains.selling import GAS_LEAST, TOKENS, WAYS, owned
from tests.sequences import WITHDRAW_HELD

pytestmark = pytest.mark.enable_socket

# Of keys that nobody here has.
STRANGERS = {
    Chain.BITCOIN: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    Chain.ETHEREUM: "0x000000000000000000000000000000000000dEaD",
    Chain.SUI: "0x" + "ab" * 32,
}


_PREVIEW = """query ($input: TransactionPreviewInput!) { transactionPreview(input: $input) {
  preview { received quoteId fees { kind asset amount } } errors { code } } }"""


async def withdraw(
    person: Person, asset: str, amount: str, address: str, chain: str | None = None
) -> Json:
    return await person.mutate(
        "initiateWithdraw",
        asset=asset,
        amount=amount,
        destination={"externalWallet": {"address": address, "chain": chain}},
        idempotencyKey=new_key(),
    )


async def ready(outside: Outside, asset: str) -> tuple[str, str]:
    """What may be withdrawn, and what its network is paid in."""
    amount, gas, _form = WAYS[asset]
    if asset in TOKENS and await held(outside.person, gas) < GAS_LEAST:
        await owned(outside, gas, "150")
    if await held(outside.person, asset) < 2 * Decimal(amount):
        await owned(outside, asset, "150")
    return amount, gas


async def signed(outside: Outside, payload: Json, asset: str, amount: str) -> Json:
    """What a begun Withdraw has come to once its user has signed."""
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    action = await outside.asked(identifier)
    assert action["format"] == WAYS[asset][2]
    taken = await outside.person.submit(action["id"], outside.sign(action, asset, amount))
    assert taken["errors"] == []
    return await outside.ended(identifier)


@pytest.mark.parametrize("asset", WAYS)
async def test_what_is_held_arrives_at_the_address(
    alice: Person, records: Records, outside: Outside, asset: str
) -> None:
    amount, gas = await ready(outside, asset)
    before, native = await held(alice, asset), await held(alice, gas)

    payload = await withdraw(alice, asset, amount, STRANGERS[ASSETS[asset].chain])
    done = await signed(outside, payload, asset, amount)

    assert (done["state"], done["reason"], done["fundsLocation"]) == (
        "COMPLETED",
        None,
        "DELIVERED",
    )
    assert done["chain"] == ASSETS[asset].chain
    assert told(await records.published(done["id"]), WITHDRAW_HELD) == WITHDRAW_HELD
    assert Decimal(done["receivedAmount"]) == Decimal(amount)
    (fee,) = (Decimal(each["amount"]) for each in done["fees"] if each["kind"] == "NETWORK")
    paid = fee + (Decimal(amount) if asset == gas else 0)
    assert native - await held(alice, gas) == paid
    assert before - await held(alice, asset) == (paid if asset == gas else Decimal(amount))
    for each in {asset, gas}:
        assert await held(alice, each) == await outside.on_chain(ASSETS[each])
    assert await outside.violations() == []


async def test_sol_arrives_whole_and_its_network_is_paid_in_sol(
    alice: Person, records: Records, outside: Outside
) -> None:
    await owned(outside, "SOL", "60")
    before = await held(alice, "SOL")
    stranger = str(Keypair().pubkey())

    payload = await withdraw(alice, "SOL", "0.1", stranger)
    assert payload["errors"] == []
    identifier = payload["transaction"]["id"]
    action = await alice.pending(identifier)
    taken = await alice.submit(action["id"], sign(action["payload"], alice.keypair))
    assert taken["errors"] == []
    done = await outside.ended(identifier)

    assert (done["state"], done["receivedAmount"]) == ("COMPLETED", "0.100000000")
    assert told(await records.published(identifier), WITHDRAW_HELD) == WITHDRAW_HELD
    assert before - await held(alice, "SOL") == Decimal("0.10001")
    assert [(each["kind"], each["amount"]) for each in done["fees"]] == [("NETWORK", "0.000010000")]
    assert await outside.violations() == []


async def test_what_goes_to_a_user_here_is_theirs(
    alice: Person, carol: Person, outside: Outside
) -> None:
    amount, _gas = await ready(outside, "ETH")
    address = addresses_of(carol.ready.user("carol").keypair_file)[Chain.ETHEREUM]
    before = await held(carol, "ETH")

    done = await signed(outside, await withdraw(alice, "ETH", amount, address), "ETH", amount)

    assert done["state"] == "COMPLETED"
    assert await held(carol, "ETH") - before == Decimal(amount)
    assert await outside.violations() == []


async def test_what_was_shown_before_is_what_it_is_begun_with(
    alice: Person, outside: Outside
) -> None:
    amount, _gas = await ready(outside, "PAXG")
    destination = {"externalWallet": {"address": STRANGERS[Chain.ETHEREUM]}}
    wish = {"asset": "PAXG", "amount": amount, "destination": destination}

    shown = (await alice.data(_PREVIEW, input={"withdraw": wish}))["transactionPreview"]

    assert shown["errors"] == []
    preview = shown["preview"]
    assert Decimal(preview["received"]) == Decimal(amount)
    assert [(each["kind"], each["asset"]) for each in preview["fees"]] == [("NETWORK", "ETH")]
    payload = await alice.mutate(
        "initiateWithdraw", **wish, quoteId=preview["quoteId"], idempotencyKey=new_key()
    )
    done = await signed(outside, payload, "PAXG", amount)
    assert (done["state"], Decimal(done["receivedAmount"])) == ("COMPLETED", Decimal(amount))


async def test_what_was_cancelled_leaves_nothing_held(outside: Outside) -> None:
    amount, _gas = await ready(outside, "ETH")
    address = STRANGERS[Chain.ETHEREUM]
    before = await held(outside.person, "ETH")
    payload = await withdraw(outside.person, "ETH", amount, address)
    identifier = payload["transaction"]["id"]
    await outside.asked(identifier)

    assert (await outside.person.cancel(identifier))["errors"] == []

    ended = await outside.ended(identifier)
    assert (ended["state"], ended["reason"]) == ("FAILED", "TXN_CANCELLED")
    assert await held(outside.person, "ETH") == before
    assert await outside.violations() == []


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (("ETH", "0.02", "0x000000000000000000000000000000000000dEaF"), "VAL_ADDRESS"),
        (("ETH", "0.02", "0x" + 40 * "0"), "TXN_ADDRESS_UNSUITABLE"),
        (("ETH", "0.02", ASSETS["PAXG"].contract), "TXN_ADDRESS_UNSUITABLE"),
        (("ETH", "0.02", STRANGERS[Chain.ETHEREUM], "SUI"), "VAL_CHAIN"),
        (("ETH", "0.0009", STRANGERS[Chain.ETHEREUM]), "TXN_BELOW_MINIMUM"),
        (("ETH", "0.001", STRANGERS[Chain.ETHEREUM]), "TXN_BELOW_MINIMUM"),
        (("BTC", "0.001", STRANGERS[Chain.ETHEREUM]), "VAL_ADDRESS"),
        (("DOGE", "1", "anything"), "VAL_ASSET"),
        (("BTC", "0.03", STRANGERS[Chain.BITCOIN]), "TXN_INSUFFICIENT_BALANCE"),
    ],
)
async def test_what_cannot_be_withdrawn_is_refused(
    alice: Person, wish: tuple[str, ...], code: str
) -> None:
    asset, amount, address, *chain = wish

    payload = await withdraw(alice, asset, amount, address, *chain)

    assert only_error(payload)["code"] == code


async def test_ones_own_address_is_no_withdrawal(alice: Person) -> None:
    own = addresses_of(alice.ready.user("alice").keypair_file)[Chain.ETHEREUM]

    assert only_error(await withdraw(alice, "ETH", "0.02", own))["code"] == "TXN_SELF_SEND"
