"""What a chain says of a transaction, as outcomes: nothing is over but by what is final."""

import base64
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.contracts.events import (
    NetworkCost,
    SignatureWanted,
    UserActionRequired,
    UserActionSubmitted,
)
from domain.contracts.gas import Gas, PreparedMessage
from domain.contracts.swap_events import BlockchainSwapRequested, SwapTerms
from domain.provider.effects import (
    Absent,
    Accepted,
    ApprovalLanded,
    Declined,
    LandedWithError,
    NotAttempted,
    SwapLanded,
    Unknown,
)
from domain.provider.leg import NO_EFFECT
from domain.provider.ports import answers
from domain.provider.ports.chain import (
    Movement,
    PlainTransfer,
    Presence,
    Sighting,
    TransferPrepared,
)
from domain.shared.assets import ETH, Chain
from domain.shared.ids import ActionId
from infrastructure.chains.memory import FEE_RATE, FINALITY_DEPTH, MemoryAccount, MemoryGateway
from infrastructure.sagas.chain_legs import LOOK_SECONDS_MAX, ChainLegs
from infrastructure.sagas.chain_swaps import ChainSwapLeg, aside_of, unasked
from infrastructure.sagas.swaps import PromisedSwaps
from tests.streams import NOW, stream_of

AMOUNT = 10**16
COST = NetworkCost(
    network_fee_lamports=0,
    rent_lamports=0,
    total_base_units=0,
    gas=Gas(asset="ETH", amount=10**6),
)
TERMS = SwapTerms(
    provider="bridge",
    source="ETH",
    target="USDC",
    amount=AMOUNT,
    target_amount=30_000_000,
    target_minimum=29_000_000,
    slippage_millionths=5_000,
    sender_address="sender",
    recipient_address="recipient",
    aside=Gas(asset="ETH", amount=10**15),
)


class AllMayGoOn:
    async def rejection(self, provider: str) -> None:
        del provider


@dataclass
class Signing:
    """A transfer in memory that stands for a provider's call, signed and stored."""

    chain: MemoryGateway = field(default_factory=MemoryGateway)
    user: MemoryAccount = field(default_factory=MemoryAccount)
    bridge: MemoryAccount = field(default_factory=MemoryAccount)
    is_approval: bool = False

    async def signed(self) -> "Signing":
        self.chain.fund(self.user.address, ETH, 10 * AMOUNT)
        prepared = await self.prepared()
        signed = self.chain.accept_signature(
            prepared, self.user.sign(prepared.payload), signer=self.user.address
        )
        self.request = {
            "transaction": base64.b64encode(signed.raw).decode(),
            "signature": signed.transaction_hash,
            "inputs": list(prepared.inputs),
        }
        self.stream = stream_of(
            requested(self.user.address),
            wanted(prepared, is_approval=self.is_approval),
            UserActionSubmitted(
                action_id=ActionId(UUID(int=9)),
                signature=signed.transaction_hash,
                effect_id=NO_EFFECT,
            ),
        )
        return self

    async def prepared(
        self, amount: int = AMOUNT, *, recipient: str | None = None, fee_rate: int = FEE_RATE
    ) -> TransferPrepared:
        wish = PlainTransfer(
            asset=ETH,
            sender=self.user.address,
            recipient=recipient or self.bridge.address,
            amount=amount,
            fee_rate=fee_rate,
        )
        found = await self.chain.prepare_transfer(wish)
        assert isinstance(found, TransferPrepared)
        return found

    @property
    def legs(self) -> ChainLegs:
        swaps = ChainSwapLeg(PromisedSwaps({}, AllMayGoOn()))
        return ChainLegs({Chain.ETHEREUM: self.chain}, kinds={BlockchainSwapRequested: swaps})

    async def broadcast(self) -> object:
        return await self.legs.broadcast(self.stream, self.request, NOW)

    async def inquire(self, now: datetime = NOW) -> object:
        return await self.legs.inquire(self.stream, self.request, now)


def requested(sender: str) -> BlockchainSwapRequested:
    return BlockchainSwapRequested(
        effect_id=NO_EFFECT,
        signer_address=sender,
        network_cost=COST,
        approval_deadline=NOW + timedelta(minutes=15),
        chain=Chain.ETHEREUM,
        swap=replace(TERMS, sender_address=sender),
    )


def wanted(prepared: TransferPrepared, *, is_approval: bool) -> UserActionRequired:
    return UserActionRequired(
        action_id=ActionId(UUID(int=9)),
        action="SIGN_TRANSACTION",
        payload="",
        summary="",
        expires_at=None,
        signature=SignatureWanted(
            message=base64.b64encode(prepared.payload).decode(),
            recipient_amount=29_000_000,
            network_cost=COST,
            prepared=PreparedMessage(
                chain=Chain.ETHEREUM,
                commitment=base64.b64encode(prepared.commitment).decode(),
                inputs=prepared.inputs,
                fee=Gas(asset="ETH", amount=prepared.fee),
                is_approval=is_approval,
            ),
        ),
    )


async def test_what_nobody_has_seen_may_be_sent_and_sent_again() -> None:
    signing = await Signing().signed()

    assert await signing.inquire() is None
    assert isinstance(await signing.broadcast(), Accepted)
    assert isinstance(await signing.broadcast(), Accepted)
    assert isinstance(await signing.inquire(), Accepted)


async def test_a_block_is_not_enough_until_no_reorganisation_can_drop_it() -> None:
    signing = await Signing().signed()
    await signing.broadcast()

    signing.chain.mine(FINALITY_DEPTH - 1)
    included = await signing.inquire()
    signing.chain.reorganise(FINALITY_DEPTH - 1)
    dropped = await signing.inquire()
    signing.chain.mine(FINALITY_DEPTH)
    final = await signing.inquire()

    assert isinstance(included, Accepted)
    assert isinstance(dropped, Accepted)
    assert isinstance(final, SwapLanded)
    assert (final.spent.amount, final.spent.account) == (AMOUNT, signing.user.address)
    assert final.gas is not None
    assert (final.gas.asset, final.aside, final.received) == ("ETH", None, None)


async def test_an_approval_moves_nothing_but_its_gas() -> None:
    signing = await Signing(is_approval=True).signed()
    await signing.broadcast()
    signing.chain.mine(FINALITY_DEPTH)

    assert isinstance(await signing.inquire(), ApprovalLanded)


async def test_absence_is_proven_by_what_else_used_its_number_for_good() -> None:
    signing = await Signing().signed()
    rival = await signing.prepared(recipient=MemoryAccount().address)
    signed = signing.chain.accept_signature(
        rival, signing.user.sign(rival.payload), signer=signing.user.address
    )
    await signing.chain.broadcast(signed)

    refused = await signing.broadcast()
    signing.chain.mine(FINALITY_DEPTH - 1)
    before = await signing.inquire()
    signing.chain.mine(1)
    after = await signing.inquire()

    assert isinstance(refused, Unknown)
    assert before is None
    assert isinstance(after, Absent)


@pytest.mark.parametrize(
    ("setback", "kind"),
    [
        (answers.Declined(code="TXN_INSUFFICIENT_BALANCE", reason="no ETH"), Unknown),
        (answers.Unanswered(reason="timeout"), Unknown),
        (answers.NotAttempted(reason="busy", retry_after_seconds=7), NotAttempted),
    ],
)
async def test_a_refusal_proves_nothing(setback: answers.Setback, kind: type) -> None:
    signing = await Signing().signed()
    signing.chain.setbacks["broadcast"] = setback

    assert isinstance(await signing.broadcast(), kind)


@pytest.mark.parametrize("method", ["sighting", "movements"])
async def test_what_cannot_be_read_is_asked_again(method: str) -> None:
    signing = await Signing().signed()
    await signing.broadcast()
    signing.chain.mine(FINALITY_DEPTH)
    signing.chain.setbacks[method] = answers.NotAttempted(reason="down")

    first, second = await signing.inquire(), await signing.inquire()

    assert isinstance(first, Unknown)
    assert isinstance(second, SwapLanded)


async def test_what_failed_on_the_chain_took_its_gas() -> None:
    signing = await Signing().signed()

    class Reverting(MemoryGateway):
        async def sighting(
            self, transaction_hash: str, *, inputs: tuple[str, ...] = ()
        ) -> Sighting:
            del transaction_hash, inputs
            return Sighting(presence=Presence.REVERTED, depth=70, fee=21_000)

    signing.chain = Reverting()

    outcome = await signing.inquire()

    assert isinstance(outcome, LandedWithError)
    assert outcome.gas == Gas(asset="ETH", amount=21_000)


async def test_the_older_it_is_the_seldomer_it_is_asked_for() -> None:
    signing = await Signing().signed()
    await signing.broadcast()

    pauses = []
    for age in (0, 60, 86_400):
        now = NOW + timedelta(seconds=age)
        outcome = await signing.inquire(now)
        assert isinstance(outcome, Accepted)
        pauses.append((outcome.due_at - now).total_seconds())

    assert pauses == [1.0, 6.0, LOOK_SECONDS_MAX]


async def test_a_provider_that_is_not_there_gives_way_to_the_next() -> None:
    signing = await Signing().signed()

    built = await signing.legs.build(signing.stream, NOW)

    assert isinstance(built, Declined)


@pytest.mark.parametrize(
    ("swap", "prepared", "code"),
    [
        (TERMS, {}, None),
        (TERMS, {"value": AMOUNT + 10**15}, None),
        (TERMS, {"value": AMOUNT + 10**15 + 1}, "PRV_RESPONSE_INVALID"),
        (TERMS, {"value": AMOUNT - 1}, "PRV_RESPONSE_INVALID"),
        (replace(TERMS, aside=None), {"value": AMOUNT + 1}, "PRV_RESPONSE_INVALID"),
        (replace(TERMS, source="PAXG"), {"value": 10**15}, None),
        (replace(TERMS, source="PAXG"), {"value": AMOUNT}, "PRV_RESPONSE_INVALID"),
        (replace(TERMS, source="PAXG"), {"value": 0, "is_approval": True}, None),
    ],
)
def test_nothing_is_shown_to_be_signed_but_what_was_asked(
    swap: SwapTerms, prepared: dict[str, object], code: str | None
) -> None:
    plain = TransferPrepared(payload=b"", commitment=b"", fee=10**6, value=AMOUNT)

    wrong = unasked(replace(plain, **prepared), swap)  # type: ignore[arg-type]  # real fields

    assert (wrong.code if wrong else None) == code


@pytest.mark.parametrize(
    ("source", "taken", "aside"),
    [
        ("ETH", {"ETH": AMOUNT}, None),
        ("ETH", {"ETH": AMOUNT + 5}, Gas(asset="ETH", amount=5)),
        ("PAXG", {"PAXG": AMOUNT}, None),
        ("PAXG", {"ETH": 5, "PAXG": AMOUNT}, Gas(asset="ETH", amount=5)),
    ],
)
def test_what_a_provider_takes_aside_is_told_from_the_amount(
    source: str, taken: dict[str, int], aside: Gas | None
) -> None:
    moved = tuple(
        Movement(index=index, asset=asset, address="sender", amount=amount)
        for index, (asset, amount) in enumerate(taken.items())
    )

    assert aside_of(moved, replace(TERMS, source=source)) == aside
