"""The demo device signs what its user wants and nothing else."""

import base64
from collections.abc import Callable

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import (
    TOKEN_PROGRAM,
    USDC_MINT,
    associated_token_account,
)
from infrastructure.chains.solana.building import BuiltMessage, build_message, build_usdc_transfer
from infrastructure.chains.solana.verification import verify_user_signature
from infrastructure.demo.device import Device, WillNotSign
from infrastructure.sandbox.token_program import batch, burn_checked, transfer_checked

ALICE, BOB, PAYER, TREASURY = (Keypair() for _ in range(4))


def built(amount: int = 25_000_000, fee: int = 5_000) -> BuiltMessage:
    return build_usdc_transfer(
        sender=ALICE.pubkey(),
        recipient_owner=BOB.pubkey(),
        fee_payer=PAYER.pubkey(),
        amount_base_units=amount - fee,
        platform_fee_base_units=0,
        network_cost_base_units=fee,
        treasury_owner=TREASURY.pubkey(),
        create_recipient_account=True,
        memo="lunch",
        reference=Pubkey.default(),
        blockhash=str(Hash.default()),
    )


def payload(message: BuiltMessage) -> str:
    return base64.b64encode(message.unsigned).decode()


def test_what_it_signs_is_what_the_platform_accepts() -> None:
    message = built()

    signed = Device(ALICE).sign(payload(message), spends_at_most=25_000_000)

    verified = verify_user_signature(
        built_message=message.message,
        signed_transaction=base64.b64decode(signed),
        signer=ALICE.pubkey(),
    )
    assert verified.signer == ALICE.pubkey()


def test_it_refuses_a_base_unit_more_than_its_user_said() -> None:
    with pytest.raises(WillNotSign, match="would move 25000001 base units, not 25000000"):
        Device(ALICE).sign(payload(built(25_000_001)), spends_at_most=25_000_000)


def test_it_refuses_what_asks_for_another_key() -> None:
    with pytest.raises(WillNotSign, match="this key"):
        Device(BOB).sign(payload(built()), spends_at_most=25_000_000)


@pytest.mark.parametrize("number", [4, 6, 9])  # approve, set authority, close the account
def test_it_refuses_to_give_its_account_away(number: int) -> None:
    accounts: list[Pubkey] = [
        associated_token_account(ALICE.pubkey()),
        BOB.pubkey(),
        ALICE.pubkey(),
    ]
    metas = [AccountMeta(key, key == ALICE.pubkey(), is_writable=True) for key in accounts]
    stolen = Instruction(TOKEN_PROGRAM, bytes([number]) + bytes(9), metas)
    message = build_message([stolen], fee_payer=PAYER.pubkey(), blockhash=str(Hash.default()))

    with pytest.raises(WillNotSign, match="more with our tokens"):
        Device(ALICE).sign(payload(message), spends_at_most=25_000_000)


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"\x01" * 99).decode()])
def test_it_refuses_what_is_no_transaction(text: str) -> None:
    with pytest.raises(WillNotSign, match="no Solana transaction"):
        Device(ALICE).sign(text, spends_at_most=25_000_000)


SHARES = Pubkey.new_unique()
VAULT = Pubkey.new_unique()


def moved(amount: int, *, mint: Pubkey = USDC_MINT, target: Pubkey = VAULT) -> Instruction:
    """Out of an account that Alice owns, or may take from."""
    return transfer_checked(
        source=associated_token_account(ALICE.pubkey(), mint),
        mint=mint,
        target=target,
        authority=ALICE.pubkey(),
        base_units=amount,
        decimals=6,
    )


def burnt(mint: Pubkey = SHARES) -> Instruction:
    account = associated_token_account(ALICE.pubkey(), mint)
    return burn_checked(account=account, mint=mint, owner=ALICE.pubkey(), base_units=50, decimals=6)


def sign(*instructions: Instruction, gives_shares: bool = False) -> str:
    message = build_message(
        list(instructions), fee_payer=PAYER.pubkey(), blockhash=str(Hash.default())
    )
    return Device(ALICE).sign(payload(message), spends_at_most=100, gives_shares=gives_shares)


OURS = associated_token_account(ALICE.pubkey(), SHARES)


@pytest.mark.parametrize("wrap", [batch, lambda steps: steps[0]], ids=["batch", "alone"])
def test_what_comes_to_its_own_account_is_no_spending(
    wrap: Callable[[list[Instruction]], Instruction],
) -> None:
    assert sign(wrap([moved(10**9, mint=SHARES, target=OURS)]), moved(100))

    with pytest.raises(WillNotSign, match="did not name"):
        sign(wrap([moved(1, mint=SHARES)]))
    with pytest.raises(WillNotSign, match="would move 101 base units"):
        sign(wrap([moved(1)]), moved(100))


def test_it_burns_shares_only_for_who_leaves_a_strategy() -> None:
    assert sign(burnt(), gives_shares=True)

    with pytest.raises(WillNotSign, match="more with our tokens"):
        sign(burnt())
    with pytest.raises(WillNotSign, match="more with our tokens"):
        sign(burnt(USDC_MINT), gives_shares=True)


def test_it_refuses_a_batch_that_it_cannot_read() -> None:
    whole = batch([moved(1)])
    cut = Instruction(TOKEN_PROGRAM, bytes(whole.data)[:-1], whole.accounts)
    with pytest.raises(WillNotSign, match="batch"):
        sign(cut)
