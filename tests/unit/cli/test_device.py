"""The demo device signs what its user wants and nothing else."""

import base64

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from infrastructure.chains.solana.addresses import TOKEN_PROGRAM, associated_token_account
from infrastructure.chains.solana.building import BuiltMessage, build_message, build_usdc_transfer
from infrastructure.chains.solana.verification import verify_user_signature
from infrastructure.demo.device import Device, WillNotSign

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
