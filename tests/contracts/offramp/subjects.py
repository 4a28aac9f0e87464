"""What the suite runs against: each off-ramp, with what its users, banks and chain do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Protocol

import msgspec

from domain.provider.ports.answers import NotAttempted, Unanswered
from domain.provider.ports.offramp import OffRampProvider, WithdrawalOpened, WithdrawalState
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.bridge.adapter import BridgeOffRamp
from infrastructure.providers.bridge.calls import BridgeSettings
from infrastructure.providers.due.adapter import DueOffRamp
from infrastructure.providers.due.calls import DueSettings
from infrastructure.providers.memory.offramp import MemoryOffRamp, Scripted
from infrastructure.sandbox.bridge import server as bridge_server
from infrastructure.sandbox.bridge.signing import new_private_pem
from infrastructure.sandbox.due import server as due_server
from infrastructure.sandbox.frame.faults import FaultKind
from tests.contracts.offramp.wishes import CUSTOMER
from tests.contracts.worlds import BASE_URL, NOON, PLATFORM_URL, ProviderWorld, provider_world

TIMEOUT_SECONDS = 0.2
HANG_MS = 5_000


class Subject(Protocol):
    """`cancels`: whether it has such a call; `tells_refund`: whether it tells a refund's hash."""

    name: str
    cancels: bool
    tells_refund: bool
    unknown_reference: str

    @property
    def adapter(self) -> OffRampProvider: ...

    def now(self) -> datetime: ...

    async def fund(self, opened: WithdrawalOpened, *, amount: int | None = None) -> None:
        """The user's USDC comes, all of it unless said otherwise."""
        ...

    async def settle(self, reference: str) -> None:
        """Time goes by until nothing more happens by itself."""
        ...

    async def send_back(self, reference: str) -> None:
        """The bank returns what it got."""
        ...

    async def say(self, reference: str, status: str) -> None: ...

    def break_initiation(self, *, executed: bool) -> None:
        """The next initiation is not answered."""
        ...

    def break_reads(self) -> None: ...

    async def messages(self, reference: str) -> list[tuple[Mapping[str, str], bytes]]:
        """What was sent about a withdrawal so far."""
        ...


@dataclass(slots=True, kw_only=True)
class SandboxSubject:
    """An adapter before its sandbox server. `initiation` is the operation that opens."""

    name: str
    adapter: OffRampProvider
    world: ProviderWorld
    cancels: bool
    tells_refund: bool
    initiation: str
    unknown_reference: str
    local_reference: Callable[[str], str] = field(default=lambda reference: reference)

    def now(self) -> datetime:
        return self.world.world.clock.now()

    async def fund(self, opened: WithdrawalOpened, *, amount: int | None = None) -> None:
        order = {} if amount is None else {"amount": amount}
        await self.simulate(opened.reference, "receive", order)

    async def settle(self, reference: str) -> None:  # noqa: ARG002 - all move on together
        self.world.skip(days=1)

    async def send_back(self, reference: str) -> None:
        await self.simulate(reference, "return", {"reason": "account_closed"})

    async def say(self, reference: str, status: str) -> None:
        await self.simulate(reference, "state", {"state": status})

    def break_initiation(self, *, executed: bool) -> None:
        kind: FaultKind = "timeout_after_executing" if executed else "timeout_before_executing"
        self.world.fault(
            kind, self.name, operations=[self.initiation], remaining=1, hang_ms=HANG_MS
        )

    def break_reads(self) -> None:
        self.world.fault("outage", self.name)

    async def messages(
        self,
        reference: str,  # noqa: ARG002 - there are none about others
    ) -> list[tuple[Mapping[str, str], bytes]]:
        """Sending takes a few turns of the event loop."""
        for _ in range(50):
            await asyncio.sleep(0)
        return [(received.headers, received.body) for received in self.world.received]

    async def simulate(self, reference: str, what: str, order: Mapping[str, object]) -> None:
        path = f"/_simulate/transfers/{self.local_reference(reference)}/{what}"
        answer = await self.post(path, order)
        assert answer.status == 200, answer.body

    async def post(self, path: str, order: Mapping[str, object]) -> HttpResponse:
        url = f"{BASE_URL}/{self.name}{path}"
        return await self.world.client.request("POST", url, content=msgspec.json.encode(order))


@dataclass(slots=True, kw_only=True)
class MemorySubject:
    adapter: MemoryOffRamp
    name: str = "memory"
    cancels: bool = True
    tells_refund: bool = True
    unknown_reference: str = "unknown"

    def now(self) -> datetime:
        return self.adapter.now()

    async def fund(self, opened: WithdrawalOpened, *, amount: int | None = None) -> None:
        self.adapter.receive(opened.reference, transaction_hash="deposit", amount=amount)

    async def settle(self, reference: str) -> None:
        """What the simulator would say next."""
        status = await self.adapter.check_withdrawal_status(reference)
        assert not isinstance(status, NotAttempted)
        if getattr(status, "state", None) is WithdrawalState.FUNDS_RECEIVED:
            self.adapter.become(reference, WithdrawalState.FIAT_PAID)
        elif getattr(status, "state", None) is WithdrawalState.RETURNED:
            self.adapter.become(
                reference, WithdrawalState.REFUNDED, refund_transaction_hash="refund"
            )

    async def send_back(self, reference: str) -> None:
        self.adapter.become(reference, WithdrawalState.RETURNED, failure="account_closed")

    async def say(self, reference: str, status: str) -> None:  # noqa: ARG002 - it has no words
        self.adapter.become(reference, WithdrawalState.UNRECOGNISED)

    def break_initiation(self, *, executed: bool) -> None:
        lost = Scripted(setback=Unanswered(reason="lost"), executed=executed)
        self.adapter.script("initiate_crypto_to_fiat", lost)

    def break_reads(self) -> None:
        away = Scripted(setback=NotAttempted(reason="away"))
        for operation in ("quote", "check_withdrawal_status", "find_withdrawal"):
            self.adapter.script(operation, away)
        self.adapter.is_healthy = False

    async def messages(self, reference: str) -> list[tuple[Mapping[str, str], bytes]]:
        return [self.adapter.message(reference)]


async def know_customer(client: HttpClient, name: str) -> None:
    """The customer in whose name the tests order is known there."""
    url = f"{BASE_URL}/{name}/_simulate/customers/{CUSTOMER}"
    answer = await client.request("POST", url, content=b'{"status": "active"}')
    assert answer.status == 200, answer.body


@cache
def webhook_key() -> str:
    """One for all tests: making RSA keys takes time."""
    return new_private_pem()


@asynccontextmanager
async def bridge_subject() -> AsyncIterator[SandboxSubject]:
    mount = partial(bridge_server.mount, new_webhook_key=webhook_key)
    async with provider_world(mount, timeout_seconds=TIMEOUT_SECONDS) as world:
        world.sender.send_to("bridge", f"{PLATFORM_URL}bridge")
        told = world.world.credentials()
        settings = BridgeSettings(
            base_url=f"{BASE_URL}/bridge/v0",
            api_key=told["bridge.api_key"],
            webhook_public_keys=(told["bridge.webhook_public_key"],),
            timeout_seconds=TIMEOUT_SECONDS,
        )
        subject = SandboxSubject(
            name="bridge",
            adapter=BridgeOffRamp(world.client, settings, now=world.world.clock.now),
            world=world,
            cancels=True,
            tells_refund=True,
            initiation="create_transfer",
            unknown_reference="transfer_none",
        )
        await know_customer(world.client, subject.name)
        yield subject


@asynccontextmanager
async def due_subject() -> AsyncIterator[SandboxSubject]:
    async with provider_world(due_server.mount, timeout_seconds=TIMEOUT_SECONDS) as world:
        world.sender.send_to("due", f"{PLATFORM_URL}due")
        told = world.world.credentials()
        settings = DueSettings(
            base_url=f"{BASE_URL}/due",
            api_key=told["due.api_key"],
            quote_account=told["due.quote_account"],
            webhook_public_keys=(told["due.webhook_public_key"],),
            timeout_seconds=TIMEOUT_SECONDS,
        )
        subject = SandboxSubject(
            name="due",
            adapter=DueOffRamp(world.client, settings),
            world=world,
            cancels=False,
            tells_refund=False,
            initiation="create_transfer",
            unknown_reference="customer_1/tf_none",
            local_reference=lambda reference: reference.partition("/")[2],
        )
        await know_customer(world.client, subject.name)
        yield subject


@asynccontextmanager
async def memory_subject() -> AsyncIterator[MemorySubject]:
    start = datetime.fromtimestamp(NOON, UTC)
    ticks = iter(range(1_000_000))
    yield MemorySubject(
        adapter=MemoryOffRamp(now=lambda: start + timedelta(milliseconds=next(ticks)))
    )


SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[Subject]]] = {
    "bridge": bridge_subject,
    "due": due_subject,
    "memory": memory_subject,
}
