import random

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from infrastructure.chains.solana import errors
from infrastructure.chains.solana.addresses import LIGHTHOUSE_PROGRAM, TOKEN_PROGRAM
from infrastructure.chains.solana.building import (
    build_message,
    build_usdc_transfer,
    transfer_usdc,
    unsigned_transaction,
)
from infrastructure.chains.solana.verification import (
    SignedByUser,
    check_fee_payer_policy,
    cosign,
    message_of,
    signature_of,
    verify_user_signature,
)

ALICE, MALLORY, FEE_PAYER = Keypair(), Keypair(), Keypair()
BLOCKHASH = str(Hash.new_unique())
BUILT = build_usdc_transfer(
    sender=ALICE.pubkey(),
    recipient_owner=Keypair().pubkey(),
    fee_payer=FEE_PAYER.pubkey(),
    amount_base_units=1_000_000,
    platform_fee_base_units=1,
    network_cost_base_units=1,
    treasury_owner=Keypair().pubkey(),
    create_recipient_account=True,
    memo=None,
    reference=Keypair().pubkey(),
    blockhash=BLOCKHASH,
)


def with_signatures(message: bytes, *signatures: bytes) -> bytes:
    return bytes([len(signatures)]) + b"".join(signatures) + message


def signed(keypair: Keypair = ALICE, message: bytes = BUILT.message) -> bytes:
    return with_signatures(message, bytes(64), bytes(keypair.sign_message(message)))


def verify(transaction: bytes) -> SignedByUser:
    return verify_user_signature(
        built_message=BUILT.message, signed_transaction=transaction, signer=ALICE.pubkey()
    )


def changed(*extra: Instruction) -> bytes:
    message = Message.from_bytes(BUILT.message)
    keys = message.account_keys
    kept = [
        Instruction(
            keys[item.program_id_index],
            bytes(item.data),
            [
                AccountMeta(keys[at], is_signer=message.is_signer(at), is_writable=True)
                for at in item.accounts
            ],
        )
        for item in message.instructions
    ]
    return build_message([*kept, *extra], fee_payer=FEE_PAYER.pubkey(), blockhash=BLOCKHASH).message


def test_the_users_signature_is_accepted_and_completed() -> None:
    complete = cosign(verify(signed()), FEE_PAYER)

    transaction = VersionedTransaction.from_bytes(complete)
    assert transaction.verify_with_results() == [True, True]
    assert signature_of(complete) == str(transaction.signatures[0])
    assert message_of(complete) == BUILT.message


def test_a_wallet_library_signs_the_unsigned_bytes() -> None:
    transaction = VersionedTransaction.from_bytes(BUILT.unsigned)
    signature = ALICE.sign_message(bytes(transaction.message))
    partly = VersionedTransaction.populate(transaction.message, [Signature.default(), signature])

    assert verify(bytes(partly)).signature == bytes(signature)


def test_an_unsigned_transaction_is_refused() -> None:
    with pytest.raises(errors.SignatureMissing):
        verify(BUILT.unsigned)


def test_anothers_signature_is_refused() -> None:
    with pytest.raises(errors.SignatureInvalid):
        verify(signed(MALLORY))


def test_a_tampered_signature_is_refused() -> None:
    raw = bytearray(signed())
    raw[70] ^= 1
    with pytest.raises(errors.SignatureInvalid):
        verify(bytes(raw))


def test_a_tampered_message_is_refused_even_if_well_signed() -> None:
    message = BUILT.message.replace((1_000_000).to_bytes(8, "little"), (9).to_bytes(8, "little"))
    with pytest.raises(errors.MessageChanged):
        verify(signed(message=message))


def test_an_added_instruction_is_refused() -> None:
    steal = transfer(
        TransferParams(from_pubkey=FEE_PAYER.pubkey(), to_pubkey=ALICE.pubkey(), lamports=1)
    )
    with pytest.raises(errors.MessageChanged) as refusal:
        verify(signed(message=changed(steal)))
    assert not isinstance(refusal.value, errors.AssertionsAppended)


def test_appended_assertions_are_refused_with_their_own_error() -> None:
    message = changed(Instruction(LIGHTHOUSE_PROGRAM, b"\x01", []))
    with pytest.raises(errors.AssertionsAppended, match="assertion"):
        verify(signed(message=message))


def test_a_filled_fee_payer_slot_is_refused() -> None:
    forged = with_signatures(
        BUILT.message, bytes([1]) * 64, bytes(ALICE.sign_message(BUILT.message))
    )
    with pytest.raises(errors.ForeignSigner):
        verify(forged)


def test_a_signer_whom_the_message_does_not_ask_is_refused() -> None:
    with pytest.raises(errors.ForeignSigner):
        verify_user_signature(
            built_message=BUILT.message,
            signed_transaction=signed(MALLORY),
            signer=MALLORY.pubkey(),
        )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00",
        b"x" * 100,
        b"x" * 5000,
        signed() + b"\x00",
        signed()[:-1],
        b"\x00" + BUILT.message,
        with_signatures(BUILT.message, bytes(ALICE.sign_message(BUILT.message))),
    ],
)
def test_what_is_no_transaction_is_refused(raw: bytes) -> None:
    with pytest.raises(errors.SubmissionError):
        verify(raw)


def test_random_damage_is_always_a_submission_error() -> None:
    seeded = random.Random(7)
    whole = signed()
    for _round in range(3000):
        raw = bytearray(whole)
        for _hit in range(seeded.randint(1, 4)):
            raw[seeded.randrange(len(raw))] ^= seeded.randint(1, 255)
        if bytes(raw) == whole:
            continue
        with pytest.raises(errors.SubmissionError):
            verify(bytes(raw[: seeded.randint(1, len(raw))]))


def test_another_fee_payer_cannot_complete_it() -> None:
    with pytest.raises(errors.ForeignSigner):
        cosign(verify(signed()), MALLORY)


def test_the_built_transfer_keeps_the_fee_payer_policy() -> None:
    check_fee_payer_policy(BUILT.message, FEE_PAYER.pubkey())


def forbidden_instructions() -> list[tuple[Pubkey, Instruction]]:
    payer = FEE_PAYER.pubkey()
    lamports = transfer(TransferParams(from_pubkey=payer, to_pubkey=ALICE.pubkey(), lamports=1))
    token = transfer_usdc(source=ALICE.pubkey(), target=MALLORY.pubkey(), owner=payer, base_units=1)
    given = transfer(TransferParams(from_pubkey=ALICE.pubkey(), to_pubkey=payer, lamports=1))
    twice = transfer(TransferParams(from_pubkey=payer, to_pubkey=payer, lamports=1))
    beside = Instruction(
        given.program_id,
        given.data,
        [*given.accounts, AccountMeta(payer, is_signer=True, is_writable=True)],
    )
    # What is no transfer may do whatever it likes with its second account.
    other = Instruction(given.program_id, b"\x0b" + given.data[1:], given.accounts)
    longer = Instruction(given.program_id, given.data + b"\0", given.accounts)
    elsewhere = Instruction(TOKEN_PROGRAM, given.data, given.accounts)
    refused = [lamports, token, twice, beside, other, longer, elsewhere]
    return [(each.program_id, each) for each in refused]


def test_lamports_may_be_given_to_the_fee_payer() -> None:
    given = transfer(
        TransferParams(from_pubkey=ALICE.pubkey(), to_pubkey=FEE_PAYER.pubkey(), lamports=1)
    )
    built = build_message([given], fee_payer=FEE_PAYER.pubkey(), blockhash=BLOCKHASH)

    check_fee_payer_policy(built.message, FEE_PAYER.pubkey())


@pytest.mark.parametrize(("program", "instruction"), forbidden_instructions())
def test_other_programs_may_not_touch_the_fee_payer(
    program: Pubkey, instruction: Instruction
) -> None:
    built = build_message([instruction], fee_payer=FEE_PAYER.pubkey(), blockhash=BLOCKHASH)

    with pytest.raises(errors.FeePayerMisused) as refusal:
        check_fee_payer_policy(built.message, FEE_PAYER.pubkey())
    assert refusal.value.program == str(program)


def test_unsigned_bytes_have_a_slot_for_each_signer() -> None:
    assert unsigned_transaction(BUILT.message)[0] == 2
