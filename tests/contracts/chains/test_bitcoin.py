"""What is Bitcoin's own: coin selection, sizes, PSBTs and signatures made by another library."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec as other_ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from embit import ec, script
from embit.finalizer import finalize_psbt
from embit.psbt import PSBT, OutputScope
from embit.script import Script
from embit.transaction import SIGHASH, Transaction, TransactionInput, TransactionOutput

from domain.provider.ports.answers import Declined
from domain.provider.ports.chain import PlainTransfer, SignatureRefused, TransferPrepared
from domain.provider.ports.unsigned import BitcoinPsbt
from domain.shared.assets import BTC
from domain.shared.errors import InvalidInput
from infrastructure.chains.bitcoin.gateway import FEE_RATE_MAX, BitcoinGateway
from tests.contracts.chains.stages import BitcoinWallet, SimulatedNode, Stage, bitcoin_stage, got

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TAP_KEY_SIGNATURE = b"\x13"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with bitcoin_stage() as found:
        yield found


# ---------------------------------------------------------------------- preparing


async def test_only_confirmed_coins_are_spent(stage: Stage) -> None:
    wallet = BitcoinWallet()
    node = stage.simulator
    assert isinstance(node, SimulatedNode)
    await node.order("fund", address=wallet.address, amount=1_000_000, confirmed=False)
    transfer = await stage.transfer(wallet, stage.account().address)

    declined = await stage.gateway.prepare_transfer(transfer)
    assert isinstance(declined, Declined)
    assert await stage.gateway.balance(wallet.address, BTC) == 0

    await node.mine(1)
    got(await stage.gateway.prepare_transfer(transfer))


async def test_an_output_that_is_dust_is_declined(stage: Stage) -> None:
    sender = await stage.funded()

    answer = await stage.gateway.prepare_transfer(
        PlainTransfer(
            asset=BTC,
            sender=sender.address,
            recipient=stage.account().address,
            amount=293,
            fee_rate=1_000,
        )
    )

    assert isinstance(answer, Declined)
    assert answer.code == "TXN_BELOW_MINIMUM"


@pytest.mark.parametrize("rate", [999, FEE_RATE_MAX + 1])
async def test_rates_that_nobody_relays_or_pays_are_refused(stage: Stage, rate: int) -> None:
    sender = await stage.funded()
    transfer = await stage.transfer(sender, stage.account().address)

    with pytest.raises(InvalidInput):
        await stage.gateway.prepare_transfer(replace(transfer, fee_rate=rate))


@pytest.mark.parametrize(
    "sender", ["1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i", "3CMNFxN1oHBc4R1EpboAL5yzHGgE611Xou"]
)
async def test_senders_of_older_forms_are_declined(stage: Stage, sender: str) -> None:
    transfer = await stage.transfer(await stage.funded(), stage.account().address)

    for answer in (
        await stage.gateway.prepare_transfer(replace(transfer, sender=sender)),
        await stage.gateway.network_fee(replace(transfer, sender=sender)),
    ):
        assert isinstance(answer, Declined)
        assert answer.code == "PRV_UNSUPPORTED"


async def test_the_fee_rate_follows_the_estimates(stage: Stage) -> None:
    node = stage.simulator
    assert isinstance(node, SimulatedNode)
    transfer = await stage.transfer(await stage.funded(), stage.account().address)
    await node.order("fees", satoshi_per_virtual_byte=Decimal("20.005"))

    fee = got(await stage.gateway.network_fee(transfer))

    # The estimate for three blocks, three fifths of that for the next one.
    assert fee.rate == 12_003
    assert fee.estimated_seconds == 1800


async def test_the_change_goes_back_to_the_sender(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address
    prepared = await stage.prepared(sender, recipient)

    outputs = PSBT.parse(prepared.payload).tx.vout

    assert [output.script_pubkey.address() for output in outputs] == [recipient, sender.address]
    assert [output.value for output in outputs] == [
        stage.amount,
        stage.plenty - stage.amount - prepared.fee,
    ]


async def test_signing_devices_get_the_parents_and_taproot_needs_none(stage: Stage) -> None:
    for taproot in (False, True):
        wallet = BitcoinWallet(taproot=taproot)
        await stage.simulator.fund(wallet.address, BTC, 500_000)
        scope = PSBT.parse((await stage.prepared(wallet, stage.account().address)).payload).inputs[
            0
        ]
        assert (scope.non_witness_utxo is None) is taproot
        assert scope.witness_utxo.value == 500_000


# ---------------------------------------------------------------------- signatures


async def two_inputs(stage: Stage, *, taproot: bool) -> tuple[BitcoinWallet, TransferPrepared]:
    wallet = BitcoinWallet(taproot=taproot)
    for _ in range(2):
        await stage.simulator.fund(wallet.address, BTC, 100_000)
    return wallet, await stage.prepared(wallet, stage.account().address, 150_000)


@pytest.mark.parametrize("taproot", [False, True])
async def test_all_forms_in_which_wallets_answer_are_one_transaction(
    stage: Stage, *, taproot: bool
) -> None:
    wallet, prepared = await two_inputs(stage, taproot=taproot)
    signed = PSBT.parse(wallet.sign(prepared.payload))
    complete = finalize_psbt(signed)
    final = PSBT.parse(prepared.payload)
    for scope, spent in zip(final.inputs, complete.vin, strict=True):
        scope.final_scriptwitness = spent.witness
    forms = [signed.serialize(), complete.serialize(), final.serialize()]
    if taproot:
        loose = PSBT.parse(prepared.payload)
        for scope, spent in zip(loose.inputs, complete.vin, strict=True):
            scope.unknown[TAP_KEY_SIGNATURE] = spent.witness.items[0]
        forms.append(loose.serialize())

    accepted = {
        stage.gateway.accept_signature(prepared, form, signer=wallet.address) for form in forms
    }

    assert {one.raw for one in accepted} == {complete.serialize()}
    assert {one.transaction_hash for one in accepted} == {complete.txid().hex()}
    assert prepared.commitment == complete.txid()


@pytest.mark.parametrize("taproot", [False, True])
async def test_one_input_without_a_signature_is_one_too_many(
    stage: Stage, *, taproot: bool
) -> None:
    wallet, prepared = await two_inputs(stage, taproot=taproot)
    signed = PSBT.parse(wallet.sign(prepared.payload))
    signed.inputs[1].partial_sigs.clear()
    signed.inputs[1].final_scriptwitness = None

    with pytest.raises(SignatureRefused):
        stage.gateway.accept_signature(prepared, signed.serialize(), signer=wallet.address)


@pytest.mark.parametrize("kind", [SIGHASH.NONE, SIGHASH.SINGLE, SIGHASH.ALL | SIGHASH.ANYONECANPAY])
@pytest.mark.parametrize("taproot", [False, True])
async def test_signatures_that_leave_something_open_are_refused(
    stage: Stage, kind: int, *, taproot: bool
) -> None:
    wallet, prepared = await two_inputs(stage, taproot=taproot)
    psbt = PSBT.parse(prepared.payload)
    for scope in psbt.inputs:
        scope.sighash_type = kind
    psbt.sign_with(wallet.key, sighash=kind)

    with pytest.raises(SignatureRefused):
        stage.gateway.accept_signature(prepared, psbt.serialize(), signer=wallet.address)


@pytest.mark.parametrize("low", [True, False])
async def test_another_librarys_signature_is_taken_in_its_low_form(
    stage: Stage, *, low: bool
) -> None:
    """Signed by `cryptography`; nodes relay the lower of the two possible forms alone."""
    secret = secrets.randbelow(ORDER - 1) + 1
    key = ec.PrivateKey(secret.to_bytes(32, "big"))
    owner = script.p2wpkh(key.get_public_key())
    await stage.simulator.fund(owner.address(), BTC, 500_000)
    transfer = PlainTransfer(
        asset=BTC,
        sender=owner.address(),
        recipient=stage.account().address,
        amount=100_000,
        fee_rate=5_000,
    )
    prepared = got(await stage.gateway.prepare_transfer(transfer))
    psbt = PSBT.parse(prepared.payload)
    signer = other_ec.derive_private_key(secret, other_ec.SECP256K1())
    der = signer.sign(psbt.sighash(0), other_ec.ECDSA(Prehashed(hashes.SHA256())))
    r, s = decode_dss_signature(der)
    s = min(s, ORDER - s) if low else max(s, ORDER - s)
    signature = encode_dss_signature(r, s) + bytes([SIGHASH.ALL])
    psbt.inputs[0].partial_sigs[key.get_public_key()] = signature

    if low:
        stage.gateway.accept_signature(prepared, psbt.serialize(), signer=owner.address())
    else:
        with pytest.raises(SignatureRefused):
            stage.gateway.accept_signature(prepared, psbt.serialize(), signer=owner.address())


# ---------------------------------------------------------------------- providers' PSBTs


async def provided(stage: Stage, wallet: BitcoinWallet, *, value: int, memo: bytes) -> PSBT:
    """As a swap would have it: a deposit with a memo."""
    prepared = await stage.prepared(wallet, stage.account().address)
    spent = PSBT.parse(prepared.payload).inputs[0]
    outputs = [
        TransactionOutput(100_000, script.p2wpkh(wallet.key.get_public_key())),
        TransactionOutput(0, Script(b"\x6a" + bytes([len(memo)]) + memo)),
    ]
    inputs = [TransactionInput(spent.txid, spent.vout)]
    psbt = PSBT(Transaction(vin=inputs, vout=outputs), unknown={})
    psbt.inputs[0].witness_utxo = TransactionOutput(value, wallet.script)
    return psbt


async def test_a_providers_psbt_is_taken_as_it_is(stage: Stage) -> None:
    wallet = BitcoinWallet()
    await stage.simulator.fund(wallet.address, BTC, 105_000)
    await stage.simulator.fund(wallet.address, BTC, 1_000_000)
    psbt = await provided(stage, wallet, value=1_000_000, memo=b"=:ETH")
    psbt.outputs.append(OutputScope({}, vout=TransactionOutput(895_000, wallet.script)))

    prepared = got(
        await stage.gateway.prepare_call(wallet.address, BitcoinPsbt(psbt=psbt.serialize()))
    )

    assert prepared.fee == 5_000
    signed = stage.accept(prepared, wallet)
    got(await stage.gateway.broadcast(signed))
    await stage.simulator.mine(1)
    moved = got(await stage.gateway.movements(signed.transaction_hash))
    assert [(one.index, one.amount) for one in moved] == [(0, 100_000), (2, 895_000)]


async def test_a_providers_psbt_spends_what_may_have_been_signed_already(stage: Stage) -> None:
    wallet = BitcoinWallet()
    await stage.simulator.fund(wallet.address, BTC, 1_000_000)
    psbt = await provided(stage, wallet, value=1_000_000, memo=b"=:ETH")
    psbt.outputs.append(OutputScope({}, vout=TransactionOutput(895_000, wallet.script)))
    unsigned = BitcoinPsbt(psbt=psbt.serialize())
    await stage.simulator.fund(wallet.address, BTC, 2_000_000)
    before = await stage.prepared(wallet, stage.account().address, 1_500_000)
    (shown,) = before.inputs

    other = await stage.gateway.prepare_call(wallet.address, unsigned, instead_of=shown)
    own = got(await stage.gateway.prepare_call(wallet.address, unsigned))
    again = await stage.gateway.prepare_call(wallet.address, unsigned, instead_of=own.inputs[0])

    assert isinstance(other, Declined)
    assert other.code == "PRV_UNSUPPORTED"
    assert got(again) == own


async def test_a_payment_split_over_outputs_is_one_credit(stage: Stage) -> None:
    wallet, recipient = BitcoinWallet(), BitcoinWallet()
    await stage.simulator.fund(wallet.address, BTC, 1_000_000)
    psbt = await provided(stage, wallet, value=1_000_000, memo=b"split")
    for value in (200_000, 300_000):
        psbt.outputs.append(OutputScope({}, vout=TransactionOutput(value, recipient.script)))
    psbt.outputs.append(OutputScope({}, vout=TransactionOutput(395_000, wallet.script)))
    unsigned = BitcoinPsbt(psbt=psbt.serialize())
    signed = stage.accept(got(await stage.gateway.prepare_call(wallet.address, unsigned)), wallet)
    got(await stage.gateway.broadcast(signed))
    await stage.simulator.mine(1)

    (credit,) = got(await stage.gateway.received(signed.transaction_hash, [recipient.address]))

    assert (credit.address, credit.amount, credit.index) == (recipient.address, 500_000, 2)
    assert credit.senders == (wallet.address,)


async def test_a_providers_psbt_that_burns_money_is_declined(stage: Stage) -> None:
    wallet = BitcoinWallet()
    await stage.simulator.fund(wallet.address, BTC, 1_000_000)
    psbt = await provided(stage, wallet, value=1_000_000, memo=b"=:ETH")

    for kept in (0, 899_999, 900_001):
        psbt.outputs[2:] = [OutputScope({}, vout=TransactionOutput(kept, wallet.script))]
        answer = await stage.gateway.prepare_call(
            wallet.address, BitcoinPsbt(psbt=psbt.serialize())
        )
        assert isinstance(answer, Declined)
        assert answer.code == "PRV_RESPONSE_INVALID"


@pytest.mark.timeout(10)
@pytest.mark.parametrize("count", [b"\xff" + 8 * b"\xff", b"\xfe\xff\xff\xff\x7f"])
async def test_counts_that_would_take_all_memory_are_not_believed(
    stage: Stage, count: bytes
) -> None:
    """BIP 370's version names its number of inputs in a few bytes."""
    keys = [(b"\xfb", b"\x02\0\0\0"), (b"\x04", count), (b"\x05", count)]
    content = b"psbt\xff" + b"".join(
        bytes([len(key)]) + key + bytes([len(value)]) + value for key, value in keys
    )
    wallet = await stage.funded()
    prepared = await stage.prepared(wallet, stage.account().address)

    answer = await stage.gateway.prepare_call(wallet.address, BitcoinPsbt(psbt=content + b"\0"))
    assert isinstance(answer, Declined)
    with pytest.raises(SignatureRefused):
        stage.gateway.accept_signature(prepared, content + b"\0", signer=wallet.address)


async def test_a_psbt_that_spends_what_is_not_there_is_declined(stage: Stage) -> None:
    wallet = BitcoinWallet()
    await stage.simulator.fund(wallet.address, BTC, 1_000_000)
    wrong_value = await provided(stage, wallet, value=999_999, memo=b"x")
    somebody_elses = await provided(stage, wallet, value=1_000_000, memo=b"x")
    somebody_elses.inputs[0].witness_utxo.script_pubkey = BitcoinWallet().script
    open_ended = await provided(stage, wallet, value=1_000_000, memo=b"x")
    open_ended.inputs[0].sighash_type = SIGHASH.NONE
    unproven = await provided(stage, wallet, value=1_000_000, memo=b"x")
    unproven.inputs[0].witness_utxo = None

    for psbt in (wrong_value, somebody_elses, open_ended, unproven):
        answer = await stage.gateway.prepare_call(
            wallet.address, BitcoinPsbt(psbt=psbt.serialize())
        )
        assert isinstance(answer, Declined)


@pytest.mark.parametrize(
    "content", [b"", b"psbt\xff", b"psbt\xff\x00", b"70736274ff", b"psbt\xff" + bytes(9)]
)
async def test_what_is_no_psbt_is_declined(stage: Stage, content: bytes) -> None:
    answer = await stage.gateway.prepare_call(BitcoinWallet().address, BitcoinPsbt(psbt=content))

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_RESPONSE_INVALID"


async def test_the_depth_of_finality_can_be_set(stage: Stage) -> None:
    assert stage.world is not None
    hasty = BitcoinGateway(
        client=stage.world.client, urls=("http://sandbox.test/bitcoin/",), finality_depth=2
    )
    signed = await stage.signed(await stage.funded(), stage.account().address)
    got(await hasty.broadcast(signed))
    await stage.simulator.mine(2)

    assert got(await hasty.sighting(signed.transaction_hash)).presence == "FINAL"
    assert got(await stage.gateway.sighting(signed.transaction_hash)).presence == "INCLUDED"
