from dataclasses import asdict, dataclass
from uuid import UUID

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana.addresses import (
    ASSOCIATED_TOKEN_PROGRAM,
    MEMO_PROGRAM,
    TOKEN_PROGRAM,
    associated_token_account,
    reference_of,
)
from infrastructure.chains.solana.building import BuiltMessage, build_usdc_transfer

SENDER, RECIPIENT, FEE_PAYER, TREASURY, REFERENCE = (Keypair().pubkey() for _ in range(5))
BLOCKHASH = str(Hash.new_unique())


def build(
    *,
    amount: int = 25_000_000,
    platform_fee: int = 20_000,
    network_cost: int = 1_500,
    create: bool = True,
    memo: str | None = "rent",
    reference: Pubkey = REFERENCE,
) -> BuiltMessage:
    return build_usdc_transfer(
        sender=SENDER,
        recipient_owner=RECIPIENT,
        fee_payer=FEE_PAYER,
        amount_base_units=amount,
        platform_fee_base_units=platform_fee,
        network_cost_base_units=network_cost,
        treasury_owner=TREASURY,
        create_recipient_account=create,
        memo=memo,
        reference=reference,
        blockhash=BLOCKHASH,
    )


@dataclass(frozen=True)
class Call:
    program: Pubkey
    accounts: list[Pubkey]
    data: bytes


def calls(built: BuiltMessage) -> list[Call]:
    message = Message.from_bytes(built.message)
    keys = message.account_keys
    return [
        Call(keys[item.program_id_index], [keys[at] for at in item.accounts], bytes(item.data))
        for item in message.instructions
    ]


def test_a_transfer_creates_pays_repays_and_says_why() -> None:
    create, pay, repay, memo = calls(build())

    assert create.program == ASSOCIATED_TOKEN_PROGRAM
    assert create.accounts[:3] == [FEE_PAYER, associated_token_account(RECIPIENT), RECIPIENT]
    assert create.data == b"\x01"
    assert pay.program == repay.program == TOKEN_PROGRAM
    assert pay.accounts[2] == associated_token_account(RECIPIENT)
    assert (pay.accounts[4:], repay.accounts[4:]) == ([REFERENCE], [])
    assert pay.data == b"\x0c" + (25_000_000).to_bytes(8, "little") + b"\x06"
    assert repay.accounts[2] == associated_token_account(TREASURY)
    assert repay.data == b"\x0c" + (21_500).to_bytes(8, "little") + b"\x06"
    assert (memo.program, memo.data) == (MEMO_PROGRAM, b"rent")


def test_what_is_not_needed_is_left_out() -> None:
    built = build(platform_fee=0, network_cost=0, create=False, memo=None)

    assert [call.program for call in calls(built)] == [TOKEN_PROGRAM]


def test_the_fee_payer_is_first_and_the_sender_the_other_signer() -> None:
    message = Message.from_bytes(build().message)

    assert message.signer_keys() == [FEE_PAYER, SENDER]
    assert build().network_fee_lamports == 10_000


def test_the_unsigned_transaction_has_empty_slots_and_the_same_message() -> None:
    built = build()
    transaction = VersionedTransaction.from_bytes(built.unsigned)

    assert bytes(transaction.message) == built.message
    assert all(bytes(signature) == bytes(64) for signature in transaction.signatures)
    assert bytes(transaction) == built.unsigned


def test_the_same_input_gives_the_same_bytes() -> None:
    assert asdict(build()) == asdict(build())


def test_the_same_transfer_twice_is_two_transactions() -> None:
    first, second = (build(reference=reference_of(UUID(int=number))) for number in (1, 2))

    assert first.message != second.message
    assert len(first.message) == len(second.message)


@pytest.mark.parametrize("amount", [0, -1, 2**64])
def test_an_impossible_amount_is_refused(amount: int) -> None:
    with pytest.raises(ValueError, match="amount"):
        build(amount=amount)


def test_a_negative_fee_is_refused() -> None:
    with pytest.raises(ValueError, match="fees"):
        build(platform_fee=-1)


def test_a_memo_that_fills_the_packet_is_refused() -> None:
    with pytest.raises(ValueError, match="1232"):
        build(memo="x" * 1000)
