from collections.abc import AsyncIterator

import pytest

from tests.contracts.offramp.subjects import (
    SUBJECTS,
    SandboxSubject,
    Subject,
    bridge_subject,
    due_subject,
)


@pytest.fixture(params=SUBJECTS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """Every off-ramp in turn."""
    async with SUBJECTS[request.param]() as found:
        yield found


@pytest.fixture(params=["bridge", "due"])
async def ramp(request: pytest.FixtureRequest) -> AsyncIterator[SandboxSubject]:
    """Every adapter before its sandbox in turn."""
    make = bridge_subject if request.param == "bridge" else due_subject
    async with make() as found:
        yield found


@pytest.fixture
async def bridge() -> AsyncIterator[SandboxSubject]:
    async with bridge_subject() as found:
        yield found


@pytest.fixture
async def due() -> AsyncIterator[SandboxSubject]:
    async with due_subject() as found:
        yield found
