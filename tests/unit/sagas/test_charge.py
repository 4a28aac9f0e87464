"""What a user pays of what the network asks, and when they are asked."""

from dataclasses import replace
from typing import cast

import pytest
from solders.pubkey import Pubkey

from domain.contracts.events import NetworkCost
from domain.contracts.transfer_events import BlockchainTransferRequested, TransferWanted
from domain.provider.effects import Declined, MoreCharged
from domain.provider.leg import NO_EFFECT
from domain.shared.assets import Chain
from domain.shared.stream import Stream
from infrastructure.chains.solana.gateway import SolanaGateway
from infrastructure.chains.solana.model import TransferCost
from infrastructure.sagas.legs import BORNE_MILLIONTHS, charge
from infrastructure.sagas.transfers import TransferLeg
from tests.streams import NOW, stream_of
from tests.unit.domain.send.journey import COST

SHOWN = replace(COST, total_base_units=10_000)
MOST = 10_000 + 10_000 * BORNE_MILLIONTHS // 1_000_000


def cost(total: int) -> NetworkCost:
    return replace(COST, total_base_units=total)


@pytest.mark.parametrize(("asked", "paid"), [(1, 1), (10_000, 10_000), (10_001, 10_000)])
def test_never_more_than_was_shown_is_charged(asked: int, paid: int) -> None:
    assert charge(cost(asked), SHOWN) == cost(paid)


def test_up_to_the_limit_it_is_borne_and_beyond_it_the_user_is_asked() -> None:
    assert charge(cost(MOST), SHOWN) == SHOWN
    assert charge(cost(MOST + 1), SHOWN) == MoreCharged(network_cost=cost(MOST + 1))


def test_nobody_is_asked_for_what_cannot_be_paid() -> None:
    assert isinstance(charge(cost(50_000), SHOWN, payable=50_000), Declined)
    assert isinstance(charge(cost(50_000), SHOWN, payable=50_001), MoreCharged)


class Solana:
    """A chain that asks so much for a transfer."""

    def __init__(self, lamports: int) -> None:
        self._lamports = lamports

    async def transfer_cost(self, _recipient: object) -> TransferCost:
        return TransferCost(
            create_recipient_account=False, rent_lamports=0, network_fee_lamports=self._lamports
        )


def payout(amount: int) -> Stream:
    """A transfer of which a provider waits for all but the cost of before."""
    address = str(Pubkey(bytes(range(32))))
    wanted = TransferWanted(
        sender_address=address,
        recipient_address=address,
        recipient_name="a provider",
        amount=amount,
        platform_fee=0,
        memo=None,
        delivered=amount - COST.total_base_units,
    )
    return stream_of(
        BlockchainTransferRequested(
            effect_id=NO_EFFECT,
            signer_address=address,
            network_cost=COST,
            approval_deadline=NOW,
            chain=Chain.SOLANA,
            transfer=wanted,
        )
    )


async def test_of_what_just_so_much_has_to_arrive_its_user_is_asked_too() -> None:
    """10,000 lamports were 1,500 base units; a hundred times as many are 150,000."""
    leg = TransferLeg(cast("SolanaGateway", Solana(1_000_000)))

    asked = await leg.build(payout(10_000_000), NOW)
    nothing_left = await leg.build(payout(150_000), NOW)

    assert isinstance(asked, MoreCharged)
    assert asked.network_cost.total_base_units == 150_000
    assert nothing_left == Declined(
        code="TXN_COST_ROSE", reason="the network asks more than there is"
    )
