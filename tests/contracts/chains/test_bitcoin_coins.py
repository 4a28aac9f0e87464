"""Which coins pay, and how large and dear the transaction becomes."""

import pytest
from embit.script import Witness
from embit.transaction import Transaction
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.assets import BTC
from infrastructure.chains.bitcoin import coins
from infrastructure.chains.bitcoin.addresses import Kind
from infrastructure.chains.bitcoin.coins import Coin, Wish, select_largest_first
from tests.contracts.chains.stages import BitcoinWallet, Stage

KEY_HASH_SCRIPT = b"\x00\x14" + bytes(20)


def wish(amount: int, rate: int = 10_000, kind: Kind = Kind.P2WPKH) -> Wish:
    return Wish(
        amount=amount,
        fee_rate=rate,
        sender_kind=kind,
        sender_script=KEY_HASH_SCRIPT if kind is Kind.P2WPKH else b"\x51\x20" + bytes(32),
        recipient_script=KEY_HASH_SCRIPT,
    )


def coin(value: int, number: int = 0) -> Coin:
    return Coin(txid=f"{number:064x}", vout=0, value=value)


# ---------------------------------------------------------------------- selection


def test_the_largest_coins_pay() -> None:
    chosen = select_largest_first([coin(5_000, 1), coin(90_000, 2), coin(60_000, 3)], wish(120_000))

    assert chosen is not None
    assert [one.value for one in chosen.coins] == [90_000, 60_000]
    assert chosen.fee == -(-coins.virtual_bytes(Kind.P2WPKH, 2, 2 * [KEY_HASH_SCRIPT]) * 10)


def test_change_that_would_be_dust_goes_to_the_fee() -> None:
    fee = wish(0).fee(1, with_change=False)
    exact = select_largest_first([coin(50_000 + fee)], wish(50_000))
    nearly = select_largest_first([coin(50_000 + fee + 200)], wish(50_000))

    assert exact is not None
    assert (exact.fee, exact.change) == (fee, 0)
    assert nearly is not None
    assert (nearly.fee, nearly.change) == (fee + 200, 0)


def test_one_satoshi_too_little_is_too_little() -> None:
    fee = wish(0).fee(1, with_change=False)

    assert select_largest_first([coin(50_000 + fee - 1)], wish(50_000)) is None


def test_coins_that_cost_more_than_they_are_worth_are_left_alone() -> None:
    assert select_largest_first([coin(600, n) for n in range(40)], wish(1_000)) is None


def test_no_more_inputs_than_the_bound() -> None:
    many = [coin(10_000, number) for number in range(coins.INPUTS_MAX + 1)]

    assert select_largest_first(many, wish(10_000 * coins.INPUTS_MAX)) is None


@given(
    values=st.lists(st.integers(1, 10**9), max_size=60),
    amount=st.integers(546, 10**10),
    rate=st.integers(1_000, 2_000_000),
    kind=st.sampled_from([Kind.P2WPKH, Kind.P2TR]),
)
def test_what_is_spent_is_what_is_paid(
    values: list[int], amount: int, rate: int, kind: Kind
) -> None:
    wanted = wish(amount, rate, kind)

    chosen = select_largest_first([coin(value, n) for n, value in enumerate(values)], wanted)

    if chosen is None:
        return
    assert sum(one.value for one in chosen.coins) == amount + chosen.fee + chosen.change
    assert chosen.change == 0 or chosen.change >= coins.DUST[kind]
    assert chosen.fee >= wanted.fee(len(chosen.coins), with_change=chosen.change > 0)
    assert len(set(chosen.coins)) == len(chosen.coins) <= coins.INPUTS_MAX


@pytest.mark.parametrize("taproot", [False, True])
@pytest.mark.parametrize("count", [1, 3])
async def test_a_signed_transaction_is_as_large_as_was_said(
    bitcoin: Stage, count: int, *, taproot: bool
) -> None:
    """A fee of less than was agreed on would delay it; signatures may be a byte or two shorter."""
    wallet = BitcoinWallet(taproot=taproot)
    for _ in range(count):
        await bitcoin.simulator.fund(wallet.address, BTC, 100_000)

    signed = await bitcoin.signed(wallet, bitcoin.account().address, count * 100_000 - 20_000)

    parsed = Transaction.parse(signed.raw)
    outputs = [output.script_pubkey.data for output in parsed.vout]
    said = coins.virtual_bytes(Kind.P2TR if taproot else Kind.P2WPKH, count, outputs)
    weight = 3 * len(bare(parsed)) + len(signed.raw)
    assert len(parsed.vin) == count
    assert 0 <= said - -(-weight // 4) <= 1 + count


def bare(transaction: Transaction) -> bytes:
    copied = Transaction.parse(transaction.serialize())
    for spent in copied.vin:
        spent.witness = Witness([])
    return bytes(copied.serialize())
