from collections.abc import AsyncIterator

import pytest

from domain.provider.ports.onramp import PaymentMethod
from tests.contracts.onramp.subjects import (
    SUBJECTS,
    SandboxSubject,
    Subject,
    coinbase_subject,
    stripe_subject,
)

SANDBOXES = ("coinbase_session", "coinbase_order", "stripe")


@pytest.fixture(params=SUBJECTS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """Every on-ramp in turn."""
    async with SUBJECTS[request.param]() as found:
        yield found


@pytest.fixture
async def stripe() -> AsyncIterator[SandboxSubject]:
    async with stripe_subject() as found:
        yield found


@pytest.fixture
async def coinbase_session() -> AsyncIterator[SandboxSubject]:
    async with coinbase_subject(PaymentMethod.CARD) as found:
        yield found


@pytest.fixture
async def coinbase_order() -> AsyncIterator[SandboxSubject]:
    async with coinbase_subject(PaymentMethod.APPLE_PAY) as found:
        yield found


@pytest.fixture(params=[PaymentMethod.CARD, PaymentMethod.APPLE_PAY], ids=["session", "order"])
async def coinbase(request: pytest.FixtureRequest) -> AsyncIterator[SandboxSubject]:
    """Both ways in which Coinbase is asked."""
    async with coinbase_subject(request.param) as found:
        yield found


@pytest.fixture(params=SANDBOXES)
def sandbox(request: pytest.FixtureRequest) -> SandboxSubject:
    """Every adapter in turn, against its sandbox."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, SandboxSubject)
    return found
