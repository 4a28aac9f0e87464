"""What a user's own wallet sent: what they were shown, the same for a higher fee, or something else."""

from domain.provider.effects import Absent, Accepted, Contested, NotAttempted, SwapLanded, Unknown
from domain.provider.ports import answers
from domain.provider.ports.chain import Presence, Sighting, TransferPrepared
from domain.provider.sent import SentAlready
from infrastructure.chains.memory import FEE_RATE, FINALITY_DEPTH, MemoryAccount, MemoryGateway
from infrastructure.sagas.chain_legs import shown_before
from tests.streams import NOW, stream_of
from tests.unit.sagas.test_chain_legs import AMOUNT, Signing, requested


async def replaced(signing: Signing, rival: TransferPrepared) -> str:
    """What was signed is replaced by another transaction of the user's wallet, for good."""
    signed = signing.chain.accept_signature(
        rival, signing.user.sign(rival.payload), signer=signing.user.address
    )
    await signing.chain.broadcast(signed)
    signing.chain.mine(FINALITY_DEPTH)
    return signed.transaction_hash


async def test_what_a_wallet_sent_anew_for_a_higher_fee_is_booked() -> None:
    signing = await Signing().signed()
    name = await replaced(signing, await signing.prepared(fee_rate=2 * FEE_RATE))

    outcome = await signing.inquire()

    assert isinstance(outcome, SwapLanded)
    assert (outcome.signature, outcome.spent.amount) == (name, AMOUNT)
    assert name != signing.request["signature"]


async def test_who_was_paid_something_else_is_for_a_person() -> None:
    signing = await Signing().signed()
    await replaced(signing, await signing.prepared(AMOUNT // 2))

    assert isinstance(await signing.inquire(), Contested)


async def test_what_came_instead_and_cannot_be_found_is_for_a_person() -> None:
    signing = await Signing().signed()

    class Forgetful(MemoryGateway):
        async def sighting(
            self, transaction_hash: str, *, inputs: tuple[str, ...] = ()
        ) -> Sighting:
            del transaction_hash, inputs
            return Sighting(presence=Presence.SUPERSEDED)

    signing.chain = Forgetful()

    assert isinstance(await signing.inquire(), Contested)


async def test_what_came_instead_is_read_before_anything_is_made_of_it() -> None:
    signing = await Signing().signed()
    await replaced(signing, await signing.prepared(recipient=MemoryAccount().address))
    signing.chain.setbacks["likeness"] = answers.NotAttempted(reason="down")

    first, second = await signing.inquire(), await signing.inquire()

    assert isinstance(first, Unknown)
    assert isinstance(second, Absent)


async def test_what_its_user_sent_by_themselves_is_followed_and_never_sent_from_here() -> None:
    signing = await Signing().signed()
    assert await signing.legs.sent(signing.stream, NOW) is None
    await signing.broadcast()

    found = await signing.legs.sent(signing.stream, NOW)
    signing.request["transaction"] = ""
    waiting = await signing.broadcast()
    signing.chain.mine(FINALITY_DEPTH)
    landed = await signing.broadcast()

    assert found == SentAlready(str(signing.request["signature"]))
    assert isinstance(waiting, Accepted)
    assert isinstance(landed, SwapLanded)


async def test_where_it_cannot_be_told_whether_it_was_sent_it_is_asked_again() -> None:
    signing = await Signing().signed()
    signing.chain.setbacks["sent"] = answers.NotAttempted(reason="down")

    assert isinstance(await signing.legs.sent(signing.stream, NOW), NotAttempted)


async def test_what_may_have_been_signed_is_spent_again_by_what_is_built_anew() -> None:
    signing = await Signing().signed()
    (first,) = signing.request["inputs"]

    assert shown_before(signing.stream) == first
    assert shown_before(stream_of(requested("sender"))) is None
