"""The one behavioural suite of the port ChainGateway, over every gateway and the twin in memory."""

from dataclasses import replace

import pytest

from domain.provider.ports.answers import Declined, Unanswered
from domain.provider.ports.chain import (
    Accepted,
    InvalidChainAddress,
    Likeness,
    Presence,
    Sighting,
    SignatureRefused,
)
from domain.shared.errors import InvalidInput
from tests.contracts.chains.stages import Stage, got


async def sighted(stage: Stage, transaction_hash: str, inputs: tuple[str, ...] = ()) -> Sighting:
    return got(await stage.gateway.sighting(transaction_hash, inputs=inputs))


async def test_a_node_that_answers_is_healthy(stage: Stage) -> None:
    assert await stage.gateway.healthy()


def test_an_address_has_one_spelling(stage: Stage) -> None:
    address = stage.account().address

    assert stage.gateway.parse_address(address) == address
    assert stage.gateway.parse_address(stage.gateway.parse_address(address)) == address


@pytest.mark.parametrize("wrong", ["", " ", "0x", "bc1", "mem1", "é" * 42, "1" * 500, "bc1q\0"])
def test_what_is_no_address_is_refused(stage: Stage, wrong: str) -> None:
    with pytest.raises(InvalidChainAddress):
        stage.gateway.parse_address(wrong)


def test_an_address_with_a_digit_changed_or_missing_is_refused(stage: Stage) -> None:
    address = stage.account().address

    for wrong in (address[:-1], address + "a", " " + address, address + "\n"):
        with pytest.raises(InvalidChainAddress):
            stage.gateway.parse_address(wrong)


async def test_a_balance_is_what_blocks_hold(stage: Stage) -> None:
    account = stage.account()
    assert await stage.gateway.balance(account.address, stage.asset) == 0

    await stage.simulator.fund(account.address, stage.asset, stage.amount)

    assert await stage.gateway.balance(account.address, stage.asset) == stage.amount


async def test_another_chains_asset_is_declined(stage: Stage) -> None:
    sender, asset = await stage.funded(), stage.foreign_asset
    transfer = await stage.transfer(sender, stage.account().address)

    for answer in (
        await stage.gateway.balance(sender.address, asset),
        await stage.gateway.prepare_transfer(replace(transfer, asset=asset)),
    ):
        assert isinstance(answer, Declined)
        assert answer.code == "PRV_UNSUPPORTED"


async def test_another_chains_call_is_declined(stage: Stage) -> None:
    sender = await stage.funded()

    answer = await stage.gateway.prepare_call(sender.address, stage.foreign_call)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_UNSUPPORTED"


async def test_the_fee_is_told_to_whoever_asks(stage: Stage) -> None:
    """Also to a wallet that could not pay it: the preview says what is missing."""
    sender = stage.account()
    transfer = await stage.transfer(sender, stage.account().address)

    fee = got(await stage.gateway.network_fee(transfer))

    assert fee.amount > 0
    assert fee.rate > 0
    assert fee.asset == stage.native.symbol


async def test_a_wallet_without_enough_is_declined(stage: Stage) -> None:
    sender = await stage.funded()
    transfer = await stage.transfer(sender, stage.account().address, stage.plenty + 1)

    answer = await stage.gateway.prepare_transfer(transfer)

    assert isinstance(answer, Declined)
    assert answer.code == "TXN_INSUFFICIENT_BALANCE"


@pytest.mark.parametrize("rate", [0, -1])
async def test_a_fee_rate_is_positive(stage: Stage, rate: int) -> None:
    sender = await stage.funded()
    transfer = await stage.transfer(sender, stage.account().address)

    with pytest.raises(InvalidInput):
        await stage.gateway.prepare_transfer(replace(transfer, fee_rate=rate))


async def test_a_bad_recipient_is_refused_before_anything_is_asked(stage: Stage) -> None:
    sender = await stage.funded()
    transfer = await stage.transfer(sender, stage.account().address)

    with pytest.raises(InvalidChainAddress):
        await stage.gateway.prepare_transfer(replace(transfer, recipient="nobody"))


async def test_a_transfer_goes_from_prepared_to_final(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address
    prepared = await stage.prepared(sender, recipient)
    signed = stage.accept(prepared, sender)
    name = signed.transaction_hash
    assert (await sighted(stage, name, prepared.inputs)).presence is Presence.UNKNOWN

    assert await stage.gateway.broadcast(signed) == Accepted(transaction_hash=name)
    assert (await sighted(stage, name)).presence is Presence.PENDING
    assert await stage.gateway.movements(name) == ()

    await stage.simulator.mine(1)
    included = await sighted(stage, name, prepared.inputs)
    assert (included.presence, included.depth) == (Presence.INCLUDED, 1)
    assert included.block

    await stage.simulator.mine(stage.final_blocks - 1)
    final = await sighted(stage, name, prepared.inputs)
    assert (final.presence, final.depth) == (Presence.FINAL, stage.final_blocks)
    assert final.block == included.block
    assert final.fee is not None
    assert 0 < final.fee <= prepared.fee

    moved = [one for one in got(await stage.gateway.movements(name)) if one.address == recipient]
    assert [(one.asset, one.amount) for one in moved] == [(stage.asset.symbol, stage.amount)]
    assert await stage.gateway.balance(recipient, stage.asset) == stage.amount
    spent = stage.amount + (final.fee if stage.asset == stage.native else 0)
    assert await stage.gateway.balance(sender.address, stage.asset) == stage.plenty - spent


async def test_one_block_less_is_not_final(stage: Stage) -> None:
    sender = await stage.funded()
    signed = await stage.signed(sender, stage.account().address)
    got(await stage.gateway.broadcast(signed))

    await stage.simulator.mine(stage.final_blocks - 1)

    seen = await sighted(stage, signed.transaction_hash)
    assert seen.presence is Presence.INCLUDED


async def test_the_same_bytes_may_be_broadcast_again_at_any_time(stage: Stage) -> None:
    sender = await stage.funded()
    signed = await stage.signed(sender, stage.account().address)
    accepted = Accepted(transaction_hash=signed.transaction_hash)
    assert await stage.gateway.broadcast(signed) == accepted

    for blocks in (1, stage.final_blocks):
        assert await stage.gateway.broadcast(signed) == accepted
        await stage.simulator.mine(blocks)
    assert await stage.gateway.broadcast(signed) == accepted


async def test_of_two_transfers_of_the_same_one_is_superseded_at_the_end(stage: Stage) -> None:
    sender = await stage.funded()
    first = await stage.prepared(sender, stage.account().address)
    second = await stage.prepared(sender, stage.account().address)
    assert set(first.inputs) == set(second.inputs)
    one, other = stage.accept(first, sender), stage.accept(second, sender)
    got(await stage.gateway.broadcast(one))

    # No clear no: the first one may still vanish, and the second one land.
    assert isinstance(await stage.gateway.broadcast(other), Unanswered)
    assert await presence(stage, other.transaction_hash, second.inputs) is Presence.UNKNOWN
    await stage.simulator.mine(stage.final_blocks - 1)
    assert await presence(stage, other.transaction_hash, second.inputs) is Presence.UNKNOWN
    await stage.simulator.mine(1)
    assert await presence(stage, other.transaction_hash, second.inputs) is Presence.SUPERSEDED
    assert isinstance(await stage.gateway.broadcast(other), Unanswered)
    # The one that landed never is.
    assert await presence(stage, one.transaction_hash, first.inputs) is Presence.FINAL


async def test_what_came_instead_is_named_and_read(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address
    transfer = await stage.transfer(sender, recipient)
    raised = replace(transfer, fee_rate=2 * transfer.fee_rate)
    first, same, partly, other = [
        got(await stage.gateway.prepare_transfer(each))
        for each in (
            transfer,
            raised,
            replace(raised, amount=transfer.amount - 1),
            replace(raised, recipient=stage.account().address),
        )
    ]
    void = stage.accept(first, sender).transaction_hash
    landed = stage.accept(same, sender)
    assert landed.transaction_hash != void
    got(await stage.gateway.broadcast(landed))
    await stage.simulator.mine(stage.final_blocks)

    seen = await sighted(stage, void, first.inputs)
    likenesses = [
        got(await stage.gateway.likeness(each, landed.transaction_hash))
        for each in (first, partly, other)
    ]

    assert (seen.presence, seen.rival) == (Presence.SUPERSEDED, landed.transaction_hash)
    assert likenesses == [Likeness.SAME, Likeness.PARTLY, Likeness.OTHER]


async def test_what_is_prepared_anew_spends_what_may_have_been_signed_already(
    stage: Stage,
) -> None:
    """Also when there is more to spend by then: of the two one lands at most."""
    sender = await stage.funded()
    transfer = await stage.transfer(sender, stage.account().address)
    first = got(await stage.gateway.prepare_transfer(transfer))
    await stage.simulator.fund(sender.address, stage.native, 2 * stage.plenty)
    await stage.simulator.mine(1)
    anew = replace(transfer, fee_rate=2 * transfer.fee_rate, instead_of=first.inputs[0])

    second = got(await stage.gateway.prepare_transfer(anew))

    assert first.inputs[0] in second.inputs
    one, other = stage.accept(first, sender), stage.accept(second, sender)
    got(await stage.gateway.broadcast(one))
    await stage.simulator.mine(stage.final_blocks)
    assert isinstance(await stage.gateway.broadcast(other), Unanswered)


async def test_what_was_used_up_for_good_holds_up_nothing(stage: Stage) -> None:
    sender = await stage.funded()
    transfer = await stage.transfer(sender, stage.account().address)
    first = got(await stage.gateway.prepare_transfer(transfer))
    await stage.simulator.fund(sender.address, stage.native, stage.plenty)
    got(await stage.gateway.broadcast(stage.accept(first, sender)))
    await stage.simulator.mine(stage.final_blocks)

    anew = await stage.gateway.prepare_transfer(replace(transfer, instead_of=first.inputs[0]))

    assert first.inputs[0] not in got(anew).inputs


async def test_what_its_user_sent_by_themselves_is_found(stage: Stage) -> None:
    sender = await stage.funded()
    first = await stage.prepared(sender, stage.account().address)
    assert await stage.gateway.sent(first) is None

    got(await stage.gateway.broadcast(stage.accept(first, sender)))
    # On some chains it is named by its signature: then it is found by what it used, for good.
    assert await stage.gateway.sent(first) is not None
    await stage.simulator.mine(stage.final_blocks)

    assert isinstance(await stage.gateway.sent(first), str)


async def test_what_was_spent_on_something_else_was_not_sent(stage: Stage) -> None:
    sender = await stage.funded()
    first = await stage.prepared(sender, stage.account().address)
    other = await stage.prepared(sender, stage.account().address)
    got(await stage.gateway.broadcast(stage.accept(other, sender)))
    await stage.simulator.mine(stage.final_blocks)

    assert await stage.gateway.sent(first) is None


async def test_without_its_inputs_nothing_is_superseded(stage: Stage) -> None:
    sender = await stage.funded()
    second = await stage.signed(sender, stage.account().address)
    got(await stage.gateway.broadcast(await stage.signed(sender, stage.account().address)))
    await stage.simulator.mine(stage.final_blocks)

    assert await presence(stage, second.transaction_hash, ()) is Presence.UNKNOWN


async def test_a_reorganisation_shows_by_the_block(stage: Stage) -> None:
    sender = await stage.funded()
    await stage.simulator.mine(1)
    prepared = await stage.prepared(sender, stage.account().address)
    signed = stage.accept(prepared, sender)
    name = signed.transaction_hash
    got(await stage.gateway.broadcast(signed))
    await stage.simulator.mine(2)
    before = await sighted(stage, name, prepared.inputs)
    assert before.presence is Presence.INCLUDED

    await stage.simulator.reorganise(2)
    assert await presence(stage, name, prepared.inputs) is Presence.PENDING
    assert await stage.gateway.movements(name) == ()

    await stage.simulator.mine(1)
    after = await sighted(stage, name, prepared.inputs)
    assert after.presence is Presence.INCLUDED
    assert after.block != before.block


async def test_a_dropped_transaction_is_unknown_and_can_be_sent_again(stage: Stage) -> None:
    sender = await stage.funded()
    prepared = await stage.prepared(sender, stage.account().address)
    signed = stage.accept(prepared, sender)
    got(await stage.gateway.broadcast(signed))

    await stage.simulator.drop(signed.transaction_hash)
    assert await presence(stage, signed.transaction_hash, prepared.inputs) is Presence.UNKNOWN

    got(await stage.gateway.broadcast(signed))
    assert await presence(stage, signed.transaction_hash, prepared.inputs) is Presence.PENDING


async def test_what_somebody_else_signed_is_refused(stage: Stage) -> None:
    sender, thief = await stage.funded(), await stage.funded()
    prepared = await stage.prepared(sender, stage.account().address)

    for signed, signer in (
        (thief.sign(prepared.payload), sender.address),
        (sender.sign(prepared.payload), thief.address),
    ):
        with pytest.raises(SignatureRefused):
            stage.gateway.accept_signature(prepared, signed, signer=signer)


async def test_another_transaction_than_the_prepared_one_is_refused(stage: Stage) -> None:
    sender, recipient = await stage.funded(), stage.account().address
    prepared = await stage.prepared(sender, recipient)
    other = await stage.prepared(sender, recipient, stage.amount + 1)

    with pytest.raises(SignatureRefused):
        stage.gateway.accept_signature(prepared, sender.sign(other.payload), signer=sender.address)
    swapped = replace(prepared, commitment=other.commitment)
    with pytest.raises(SignatureRefused):
        stage.gateway.accept_signature(
            swapped, sender.sign(prepared.payload), signer=sender.address
        )


async def test_unsigned_cut_off_and_lengthened_bytes_are_refused(stage: Stage) -> None:
    sender = await stage.funded()
    prepared = await stage.prepared(sender, stage.account().address)
    signed = sender.sign(prepared.payload)
    cuts = [signed[:length] for length in range(0, len(signed), 1 + len(signed) // 40)]

    for wrong in (*cuts, prepared.payload, signed + b"\0", signed[:-1], b"psbt\xff", b"\x02"):
        with pytest.raises(SignatureRefused):
            stage.gateway.accept_signature(prepared, wrong, signer=sender.address)


async def test_no_byte_can_be_changed_to_another_effect(stage: Stage) -> None:
    """Whatever comes back is refused, or it is the very transaction that was prepared."""
    sender = await stage.funded()
    prepared = await stage.prepared(sender, stage.account().address)
    signed = sender.sign(prepared.payload)
    whole = stage.gateway.accept_signature(prepared, signed, signer=sender.address)

    for place in range(0, len(signed), 1 + len(signed) // 150):
        changed = bytearray(signed)
        changed[place] ^= 0xFF
        try:
            taken = stage.gateway.accept_signature(prepared, bytes(changed), signer=sender.address)
        except SignatureRefused:
            continue
        assert taken == whole


async def test_what_nobody_sent_is_unknown_and_moved_nothing(stage: Stage) -> None:
    signed = await stage.signed(await stage.funded(), stage.account().address)

    assert await presence(stage, signed.transaction_hash, ()) is Presence.UNKNOWN
    assert await stage.gateway.movements(signed.transaction_hash) == ()


async def presence(stage: Stage, transaction_hash: str, inputs: tuple[str, ...]) -> Presence:
    return (await sighted(stage, transaction_hash, inputs)).presence
