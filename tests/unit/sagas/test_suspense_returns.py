"""What is in suspense is gone when the chain shows that it went back to whoever sent it, once."""

from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from domain.contracts.suspense_events import SuspenseReturnClaimed, SuspenseReturnRefuted
from domain.provider.effects import EffectKind
from domain.provider.ended_by_person import brought_another
from domain.provider.leg import NO_EFFECT
from domain.provider.payment_outcomes import WrongDelivery
from domain.provider.ports.chain import Credit
from domain.provider.suspense_returns import LOOK, PATIENCE, claim_return, is_looked_for
from domain.shared.assets import Chain
from domain.shared.ids import EffectId
from domain.shared.unit import EffectState
from domain.wallet.suspense import suspended_in
from infrastructure.sagas.effects import EffectInHand
from infrastructure.sagas.suspense import SuspenseEffects
from tests.unit.domain.deposit.journey import DELIVERED, Payment
from tests.unit.domain.send.journey import ALICE_WALLET, START, TAKEN

SUSPENSE, AMOUNT = f"suspense:{ALICE_WALLET}:USDC", 98_000_000
BACK = Credit(
    transaction_hash="back",
    index=2,
    asset="USDC",
    address="sender-account",
    amount=AMOUNT,
    senders=("alice-address", DELIVERED.account),
)


@dataclass
class World:
    """What the transaction `back` left addresses with; not final where None."""

    final: dict[str, list[Credit]] | None = field(default_factory=dict)
    asked: list[tuple[Chain, str, str]] = field(default_factory=list)

    async def credits(self, chain: Chain, address: str, hash_: str) -> list[Credit] | None:
        self.asked.append((chain, address, hash_))
        return None if self.final is None else self.final.get(address, [])


@pytest.fixture
def payment() -> Payment:
    """In suspense, and said to be back where it came from."""
    deposit = Payment().initiate().opened()
    return claimed(deposit.checked(replace(DELIVERED, senders=("exchange", "sanctioned"))))


def claimed(payment: Payment, by: str = "back") -> Payment:
    waiting = suspended_in(payment.stream)[0]
    claim = SuspenseReturnClaimed(
        effect_id=NO_EFFECT,
        asset=waiting.asset,
        amount=waiting.amount,
        transaction_hash=by,
        resolved_by="olga",
        reason="asked by the authority",
    )
    payment.decide(lambda stream, facts: claim_return(stream, claim, facts))
    return payment


async def looked(payment: Payment, world: World) -> Payment:
    effect = EffectInHand(
        id=EffectId(UUID(int=1)),
        stream_id=payment.stream.id,
        kind=EffectKind.SUSPENSE_LOOK,
        key="key",
        attempt=payment.stream.count(SuspenseReturnClaimed),
        epoch=1,
        request={"transaction": payment.stream.known(SuspenseReturnClaimed).transaction_hash},
        maybe_executed=False,
        written_here=True,
    )
    look = SuspenseEffects(world).handlers()[EffectKind.SUSPENSE_LOOK]
    handler = await look(effect, payment.stream)
    assert handler is not None
    payment.decide(handler)
    return payment


async def test_what_went_back_is_in_suspense_no_more(payment: Payment) -> None:
    world = World({"sanctioned": [BACK]})
    await looked(payment, world)

    assert world.asked == [
        (Chain.SOLANA, "exchange", "back"),
        (Chain.SOLANA, "sanctioned", "back"),
    ]
    assert payment.posted[SUSPENSE] == 0
    assert payment.posted["chain:SOLANA:USDC"] == AMOUNT
    assert payment.types[-1] == "SuspenseReturned"
    assert payment.row["funds_location"] == "RETURNED"
    (claim,) = payment.units[-1].claims
    assert (claim.signature, claim.account) == ("back", DELIVERED.account)
    assert payment.units[-1].effects_moved[0].state is EffectState.DONE
    assert not is_looked_for(payment.stream)


@pytest.mark.parametrize(
    "credit",
    [
        replace(BACK, amount=AMOUNT - 1),
        replace(BACK, asset="SOL"),
        replace(BACK, senders=("somebody else",)),
    ],
    ids=["less", "another asset", "another account"],
)
async def test_what_the_chain_does_not_show_stays_in_suspense(
    payment: Payment, credit: Credit
) -> None:
    await looked(payment, World({"sanctioned": [credit]}))

    assert payment.posted[SUSPENSE] == AMOUNT
    assert payment.types[-1] == "SuspenseReturnRefuted"
    # It may be said again, of another transaction
    await looked(claimed(payment, by="other"), World({"exchange": [BACK]}))
    assert payment.posted[SUSPENSE] == 0


async def test_what_is_not_final_is_looked_up_again_for_a_day(payment: Payment) -> None:
    await looked(payment, World(None))
    assert payment.units[-1].effects_moved[0].due_at == START + LOOK
    assert is_looked_for(payment.stream)

    await looked(payment.at(START + PATIENCE), World(None))

    assert "final" in payment.stream.known(SuspenseReturnRefuted).why
    assert payment.posted[SUSPENSE] == AMOUNT


async def test_a_transaction_proves_it_once(payment: Payment) -> None:
    payment.rejections = [TAKEN]
    await looked(payment, World({"sanctioned": [BACK]}))

    assert payment.types[-1] == "SuspenseReturnRefuted"
    assert payment.posted[SUSPENSE] == AMOUNT


async def test_a_payment_that_brought_something_else_goes_on_when_that_is_back() -> None:
    seen = replace(DELIVERED, asset="SOL", amount=7, account="alice-address", senders=("provider",))
    payment = Payment().initiate().opened()
    payment.checked(WrongDelivery(reason="delivered SOL instead", due_at=START, instead=seen))
    back = replace(BACK, asset="SOL", amount=7, senders=("alice-address",))

    await looked(claimed(payment), World({"provider": [back]}))

    assert not brought_another(payment.stream)
    assert payment.posted[f"suspense:{ALICE_WALLET}:SOL"] == 0
    payment.checked(replace(DELIVERED, transaction_hash="other"))
    assert payment.types[-1] == "DepositTransactionCompleted"
