"""What is the twin's own: setbacks that tests and the simulator set."""

import pytest

from domain.provider.ports.answers import Declined, NotAttempted, Setback, Unanswered
from domain.shared.assets import BTC, ETH, Chain
from infrastructure.chains.memory import MemoryAccount, MemoryGateway


@pytest.mark.parametrize(
    "setback",
    [
        Declined(code="PRV_DECLINED", reason="no"),
        NotAttempted(reason="busy", retry_after_seconds=3),
        Unanswered(reason="silence"),
    ],
)
async def test_a_setback_is_answered_once(setback: Setback) -> None:
    gateway, owner = MemoryGateway(), MemoryAccount().address
    gateway.setbacks["balance"] = setback

    assert await gateway.balance(owner, ETH) == setback
    assert await gateway.balance(owner, ETH) == 0


async def test_it_can_be_any_chain() -> None:
    gateway, owner = MemoryGateway(chain=Chain.BITCOIN), MemoryAccount().address
    gateway.fund(owner, BTC, 5)

    assert await gateway.balance(owner, BTC) == 5
    assert isinstance(await gateway.balance(owner, ETH), Declined)
