"""Sui's own: addresses, signatures, coins, providers' transactions, failures, spent coins."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.provider.ports.answers import Declined, Unanswered
from domain.provider.ports.chain import (
    InvalidChainAddress,
    PlainTransfer,
    Presence,
    SignatureRefused,
    TransferPrepared,
)
from domain.provider.ports.unsigned import SuiTransaction
from domain.shared.assets import SUI
from domain.shared.errors import InvalidInput
from infrastructure.chains.sui import addresses, building, coins, signing
from infrastructure.chains.sui.coins import Coin
from infrastructure.chains.sui.model import Gas, ObjectRef
from infrastructure.chains.sui.reading import read
from tests.contracts.chains.stages import Stage, SuiWallet, got, sui_stage

SEED = bytes(range(32))


@pytest.fixture
async def sui() -> AsyncIterator[Stage]:
    async with sui_stage() as found:
        yield found


# ---------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("key", "address"),
    # Published with Mysten's SDK: Ed25519 public keys and their addresses.
    [
        (
            "UdGRWooy48vGTs0HBokIis5NK+DUjiWc9ENUlcfCCBE=",
            "0xd77a6cd55073e98d4029b1b0b8bd8d88f45f343dad2732fc9a7965094e635c55",
        ),
        (
            "0PTAfQmNiabgbak9U/stWZzKc5nsRqokda2qnV2DTfg=",
            "0x7e8fd489c3d3cd9cc7cbcc577dc5d6de831e654edd9997d95c412d013e6eea23",
        ),
        (
            "6L/l0uhGt//9cf6nLQ0+24Uv2qanX/R6tn7lWUJX1Xk=",
            "0x3a1b4410ebe9c3386a429c349ba7929aafab739c277f97f32622b971972a14a2",
        ),
    ],
)
def test_an_address_is_of_its_key(key: str, address: str) -> None:
    assert addresses.of_ed25519_key(base64.b64decode(key)) == address


def test_upper_case_is_the_same_address() -> None:
    assert addresses.parse("0x" + 64 * "A") == "0x" + 64 * "a"


@pytest.mark.parametrize(
    "wrong",
    ["0x2", "0x" + 63 * "a", "0x" + 65 * "a", 64 * "a", "0X" + 64 * "a", "0x" + 64 * "g", "@name"],
)
def test_short_and_other_forms_are_refused(wrong: str) -> None:
    with pytest.raises(InvalidChainAddress):
        addresses.parse(wrong)


# ---------------------------------------------------------------------- signatures


def prepared_by(wallet: SuiWallet) -> TransferPrepared:
    reference = ObjectRef(object_id=bytes(32), version=1, digest=bytes(32))
    gas = Gas(payment=(reference,), owner=wallet.address, price=550, budget=10**7)
    payload = building.encode(
        building.Transfer(sender=wallet.address, recipient="0x" + 64 * "b", amount=5, gas=gas)
    )
    return building.prepared(payload, read(payload))


def test_a_signature_is_over_the_intent() -> None:
    wallet = SuiWallet(Ed25519PrivateKey.from_private_bytes(SEED))
    prepared = prepared_by(wallet)
    signature = wallet.sign(prepared.payload)

    signed = signing.complete(prepared, signature, wallet.address)

    assert signing.parts(signed) == (prepared.payload, signature)
    assert (
        signing.message(prepared.payload)
        == hashlib.blake2b(bytes(3) + prepared.payload, digest_size=32).digest()
    )
    # RFC 8032's signature of the same key over the same hash verifies by the library itself.
    Ed25519PublicKey.from_public_bytes(signature[65:]).verify(
        signature[1:65], signing.message(prepared.payload)
    )
    assert signed.transaction_hash == building.digest_text(prepared.commitment)


def test_what_is_kept_is_the_chains_own_envelope() -> None:
    """SenderSignedData: one transaction, intent 0 0 0, its data, one signature of 97 bytes."""
    wallet = SuiWallet()
    prepared = prepared_by(wallet)
    signature = wallet.sign(prepared.payload)

    raw = signing.complete(prepared, signature, wallet.address).raw

    assert raw == b"\1\0\0\0" + prepared.payload + b"\1\x61" + signature


def wrong_signatures(wallet: SuiWallet, payload: bytes) -> dict[str, bytes]:
    right, other = wallet.sign(payload), SuiWallet()
    plain = b"\0" + wallet.key.sign(payload) + wallet.public
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(right[33:65], "little") + order
    return {
        "another scheme": b"\1" + right[1:],
        "a multiple signature": b"\3" + right[1:],
        "without the intent": plain,
        "another's key": right[:65] + other.public,
        "another's signature": other.sign(payload)[:65] + wallet.public,
        "a personal message": b"\0" + wallet.key.sign(_personal(payload)) + wallet.public,
        "a second form of the same": right[:33] + scalar.to_bytes(32, "little") + wallet.public,
        "in base64": base64.b64encode(right),
        "no key": right[:65],
        "empty": b"",
    }


def _personal(payload: bytes) -> bytes:
    return hashlib.blake2b(b"\3\0\0" + payload, digest_size=32).digest()


@pytest.mark.parametrize("kind", list(wrong_signatures(SuiWallet(), b"")))
def test_wrong_signatures_are_refused(kind: str) -> None:
    wallet = SuiWallet()
    prepared = prepared_by(wallet)

    wrong = wrong_signatures(wallet, prepared.payload)[kind]

    with pytest.raises(SignatureRefused):
        signing.complete(prepared, wrong, wallet.address)


# ---------------------------------------------------------------------- coins


def coin(number: int, balance: int) -> Coin:
    reference = ObjectRef(object_id=number.to_bytes(32, "big"), version=1, digest=bytes(32))
    return Coin(reference=reference, balance=balance)


def test_the_largest_coins_go_first() -> None:
    held = [coin(1, 5), coin(2, 50), coin(3, 7)]

    chosen = coins.select_largest_first(held, 56)

    assert chosen == (held[1].reference, held[2].reference)
    assert coins.select_largest_first(held, 63) is None
    assert coins.select_largest_first([], 1) is None


def test_as_many_coins_as_fit_and_no_more() -> None:
    held = [coin(number, 1) for number in range(coins.COINS_MAX + 5)]

    assert len(coins.select_largest_first(held, coins.COINS_MAX) or ()) == coins.COINS_MAX
    assert coins.select_largest_first(held, coins.COINS_MAX + 1) is None


async def test_many_coins_on_several_pages_pay_together(sui: Stage) -> None:
    sender = sui.account()
    for _ in range(60):
        await sui.simulator.fund(sender.address, SUI, 10**8)
    await sui.simulator.fund(sender.address, SUI, 10**9)
    assert await sui.gateway.balance(sender.address, SUI) == 7 * 10**9

    prepared = await sui.prepared(sender, sui.account().address, 2 * 10**9)
    signed = sui.accept(prepared, sender)
    got(await sui.gateway.broadcast(signed))
    await sui.simulator.mine(sui.final_blocks)

    assert len(prepared.inputs) == 12
    seen = got(await sui.gateway.sighting(signed.transaction_hash, inputs=prepared.inputs))
    # Eleven coins were merged away: their storage gave back more than the transfer cost.
    assert (seen.presence, seen.fee) == (Presence.FINAL, 0)
    assert got(await sui.gateway.balance(sender.address, SUI)) > 5 * 10**9


async def test_a_coin_that_was_merged_away_is_spent(sui: Stage) -> None:
    """It has no newer version: only what used it tells."""
    sender = sui.account()
    for amount in (3 * 10**9, 2 * 10**9):
        await sui.simulator.fund(sender.address, SUI, amount)
    small = await sui.prepared(sender, sui.account().address, 4 * 10**9)
    other = await sui.prepared(sender, sui.account().address, 4 * 10**9 + 1)
    got(await sui.gateway.broadcast(sui.accept(small, sender)))
    await sui.simulator.mine(sui.final_blocks)

    name = sui.accept(other, sender).transaction_hash
    for inputs in (small.inputs[1:], small.inputs[:1], small.inputs):
        seen = got(await sui.gateway.sighting(name, inputs=inputs))
        assert seen.presence is Presence.SUPERSEDED
    own = sui.accept(small, sender).transaction_hash
    assert got(await sui.gateway.sighting(own, inputs=small.inputs)).presence is Presence.FINAL


async def test_a_coin_that_is_much_in_use_is_spent_all_the_same(sui: Stage) -> None:
    sender = await sui.funded()
    first = await sui.prepared(sender, sui.account().address, 5)
    for _ in range(8):
        got(await sui.gateway.broadcast(await sui.signed(sender, sui.account().address, 6)))
        await sui.simulator.mine(1)
    await sui.simulator.mine(sui.final_blocks)

    name = sui.accept(first, sender).transaction_hash
    seen = got(await sui.gateway.sighting(name, inputs=first.inputs))

    assert seen.presence is Presence.SUPERSEDED


@pytest.mark.parametrize("amount", [0, -1, 2**63])
async def test_an_amount_is_positive_and_no_larger_than_there_is(sui: Stage, amount: int) -> None:
    address = sui.account().address
    transfer = PlainTransfer(
        asset=SUI, sender=address, recipient=address, amount=amount, fee_rate=550
    )

    with pytest.raises(InvalidInput):
        await sui.gateway.prepare_transfer(transfer)
    with pytest.raises(InvalidInput):
        await sui.gateway.network_fee(transfer)


async def test_a_rate_beyond_the_protocols_is_refused(sui: Stage) -> None:
    transfer = await sui.transfer(await sui.funded(), sui.account().address)

    with pytest.raises(InvalidInput):
        await sui.gateway.prepare_transfer(replace(transfer, fee_rate=coins.FEE_RATE_MAX + 1))


async def test_a_rate_below_the_epochs_is_told_by_the_validators(sui: Stage) -> None:
    sender = await sui.funded()
    transfer = await sui.transfer(sender, sui.account().address)
    prepared = got(await sui.gateway.prepare_transfer(replace(transfer, fee_rate=1)))

    answer = await sui.gateway.broadcast(sui.accept(prepared, sender))

    assert isinstance(answer, Declined)
    assert (answer.code, answer.provider_code) == ("TXN_COST_ROSE", "BAD_USER_INPUT")


async def test_to_oneself(sui: Stage) -> None:
    sender = await sui.funded()
    signed = await sui.signed(sender, sender.address)
    got(await sui.gateway.broadcast(signed))
    await sui.simulator.mine(1)

    # All that it changed is the cost.
    assert await sui.gateway.movements(signed.transaction_hash) == ()
    fee = got(await sui.gateway.sighting(signed.transaction_hash)).fee
    assert fee is not None
    assert await sui.gateway.balance(sender.address, SUI) == sui.plenty - fee


# ---------------------------------------------------------------------- providers' transactions


async def call(sui: Stage, sender: SuiWallet, **gas: object) -> bytes:
    """A transaction of a provider's for the sender, with other gas than it should have."""
    await sui.simulator.fund(sender.address, SUI, sui.plenty)
    prepared = await sui.prepared(sender, sui.account().address)
    found = read(prepared.payload).gas
    return building.encode(
        building.Transfer(
            sender=sender.address,
            recipient="0x" + 64 * "b",
            amount=5,
            gas=replace(found, **gas),  # type: ignore[arg-type]  # its own fields
        )
    )


async def test_a_providers_transaction_goes_from_prepared_to_final(sui: Stage) -> None:
    sender = SuiWallet()
    content = await call(sui, sender)

    prepared = got(
        await sui.gateway.prepare_call(sender.address, SuiTransaction(transaction=content))
    )
    signed = sui.accept(prepared, sender)
    got(await sui.gateway.broadcast(signed))
    await sui.simulator.mine(sui.final_blocks)

    assert prepared.payload == content
    assert prepared.fee == read(content).gas.budget
    (moved,) = got(await sui.gateway.movements(signed.transaction_hash))
    assert (moved.address, moved.amount) == ("0x" + 64 * "b", 5)


@pytest.mark.parametrize(
    ("gas", "code"),
    [
        ({"owner": "0x" + 64 * "c"}, "PRV_UNSUPPORTED"),
        ({"payment": ()}, "PRV_RESPONSE_INVALID"),
        ({"price": 549}, "TXN_COST_ROSE"),
        ({"price": 5_501}, "PRV_RESPONSE_INVALID"),
        ({"budget": 10**9 + 1}, "PRV_RESPONSE_INVALID"),
    ],
)
async def test_gas_that_is_out_of_the_question(
    sui: Stage, gas: dict[str, object], code: str
) -> None:
    sender = SuiWallet()
    content = await call(sui, sender, **gas)

    answer = await sui.gateway.prepare_call(sender.address, SuiTransaction(transaction=content))

    assert isinstance(answer, Declined)
    assert answer.code == code


SPLIT = b"\2\0\1\1\0\0"
HANDED_OVER, WHOLE_COIN = b"\1\1\2\0\0\1\1\0", b"\1\1\0\1\1\0"


async def test_the_coin_that_pays_for_gas_is_not_handed_over(sui: Stage) -> None:
    """It splits off what it should, and hands over all the rest."""
    sender = SuiWallet()
    content = await call(sui, sender)
    greedy = content.replace(SPLIT + HANDED_OVER, SPLIT + WHOLE_COIN)
    assert building.prepared(greedy, read(greedy)).value == 5

    answer = await sui.gateway.prepare_call(sender.address, SuiTransaction(transaction=greedy))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_anothers_transaction_is_not_for_this_sender(sui: Stage) -> None:
    content = await call(sui, SuiWallet())

    answer = await sui.gateway.prepare_call(
        SuiWallet().address, SuiTransaction(transaction=content)
    )

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


@pytest.mark.parametrize("content", [b"", b"\0", b"{}", bytes(200)])
async def test_what_is_no_transaction_is_the_providers_fault(sui: Stage, content: bytes) -> None:
    answer = await sui.gateway.prepare_call(
        sui.account().address, SuiTransaction(transaction=content)
    )

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


# ---------------------------------------------------------------------- failures


async def test_a_transaction_that_fails_costs_gas_and_is_reverted_at_the_end(sui: Stage) -> None:
    sender = SuiWallet()
    content = await call(sui, sender)
    gas = read(content).gas
    failing = building.encode(
        building.Transfer(
            sender=sender.address, recipient="0x" + 64 * "b", amount=sui.plenty, gas=gas
        )
    )
    prepared = building.prepared(failing, read(failing))
    signed = sui.accept(prepared, sender)
    got(await sui.gateway.broadcast(signed))
    name = signed.transaction_hash

    await sui.simulator.mine(1)
    assert got(await sui.gateway.sighting(name)).presence is Presence.INCLUDED
    await sui.simulator.mine(2)
    seen = got(await sui.gateway.sighting(name))
    assert seen.presence is Presence.REVERTED
    assert await sui.gateway.movements(name) == ()
    assert await sui.gateway.balance(sender.address, SUI) == sui.plenty - (seen.fee or 0)


async def test_a_coin_at_an_old_version_is_no_clear_no(sui: Stage) -> None:
    sender = await sui.funded()
    late = await sui.prepared(sender, sui.account().address, 5)
    got(await sui.gateway.broadcast(await sui.signed(sender, sui.account().address)))
    await sui.simulator.mine(1)

    assert isinstance(await sui.gateway.broadcast(sui.accept(late, sender)), Unanswered)
