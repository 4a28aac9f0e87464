"""What the suite runs against: each on-ramp, with what its users and its world do."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from starlette.routing import BaseRoute

from domain.provider.ports.answers import NotAttempted, Unanswered
from domain.provider.ports.onramp import OnRampProvider, PaymentMethod, PaymentOpened
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.coinbase.adapter import CoinbaseOnRamp
from infrastructure.providers.coinbase.signing import CdpKey
from infrastructure.providers.memory.onramp import MemoryOnRamp
from infrastructure.providers.stripe.adapter import StripeOnRamp
from infrastructure.sandbox.coinbase import server as coinbase_server
from infrastructure.sandbox.frame.faults import FaultKind
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.stripe import server as stripe_server
from tests.contracts.worlds import BASE_URL, NOON, ProviderWorld, provider_world

SOLANA_ADDRESS = "Cq1qjybZgmaYm6imvnmoyQwBnyRPCCKWRRur9MBNT17i"
TIMEOUT_SECONDS = 0.05
HANG_MS = 200


def platform_now() -> datetime:
    """The platform's clock stands too, but is not moved by what is skipped in the sandbox."""
    return datetime.fromtimestamp(NOON, UTC)


class Subject(Protocol):
    """`method` is how its users pay; `repeats` whether a key that comes again is recognised."""

    @property
    def name(self) -> str: ...

    @property
    def adapter(self) -> OnRampProvider: ...

    @property
    def method(self) -> PaymentMethod: ...

    @property
    def repeats(self) -> bool: ...

    @property
    def unknown_reference(self) -> str: ...

    def now(self) -> datetime: ...

    async def pay(self, opened: PaymentOpened) -> None: ...

    async def complete(self, reference: str) -> None: ...

    async def complete_short(self, reference: str) -> None:
        """Nine tenths of what was promised arrive."""
        ...

    async def fail(self, reference: str) -> None: ...

    async def say(self, reference: str, status: str) -> None: ...

    def break_initiation(self, *, executed: bool) -> None:
        """The next initiation is not answered."""
        ...

    def break_reads(self) -> None: ...

    async def messages(self) -> list[tuple[Mapping[str, str], bytes]]:
        """What was sent so far, after somebody has paid."""
        ...

    def sign(self, body: bytes, at: datetime) -> Mapping[str, str]: ...


class MemorySubject:
    name = "memory"
    method = PaymentMethod.CARD
    repeats = True
    unknown_reference = "memory-404"

    def __init__(self) -> None:
        self.adapter = MemoryOnRamp(platform_now)
        self._touched: list[str] = []

    def now(self) -> datetime:
        return platform_now()

    async def pay(self, opened: PaymentOpened) -> None:
        self._touched.append(opened.reference)
        self.adapter.pay(opened.reference)

    async def complete(self, reference: str) -> None:
        self.adapter.deliver(reference)

    async def complete_short(self, reference: str) -> None:
        status = await self.adapter.check_payment_status(reference)
        promised = getattr(status, "asset_amount", 0)
        self.adapter.deliver(reference, amount=promised * 9 // 10)

    async def fail(self, reference: str) -> None:
        self.adapter.fail(reference)

    async def say(self, reference: str, status: str) -> None:
        self.adapter.say(reference, status)

    def break_initiation(self, *, executed: bool) -> None:
        self.adapter.interrupt("initiate", Unanswered(reason="broken"), executed=executed)

    def break_reads(self) -> None:
        for operation in ("quote", "status", "find", "health"):
            self.adapter.interrupt(operation, NotAttempted(reason="broken"))

    async def messages(self) -> list[tuple[Mapping[str, str], bytes]]:
        return [self.adapter.message(reference) for reference in self._touched]

    def sign(self, body: bytes, at: datetime) -> Mapping[str, str]:
        return self.adapter.sign(body, at)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as the adapter sent it, and its answer."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    answer: HttpResponse


class Recorder(HttpClient):
    """Hands on, and remembers."""

    def __init__(self, inner: HttpClient) -> None:
        # Without a client of its own: opening one loads certificates, at 20 ms each.
        self._inner = inner
        self.exchanges: list[Exchange] = []

    async def close(self) -> None:
        """The inner one is closed by whoever opened it."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float | None = None,
        idempotent: bool = False,
    ) -> HttpResponse:
        answer = await self._inner.request(
            method,
            url,
            content=content,
            headers=headers,
            timeout_seconds=timeout_seconds,
            idempotent=idempotent,
        )
        self.exchanges.append(Exchange(method, url, headers or {}, content, answer))
        return answer


@dataclass(slots=True, kw_only=True)
class SandboxSubject:
    """An adapter against its sandbox server, in a world without sockets."""

    name: str
    provider: str
    adapter: OnRampProvider
    method: PaymentMethod
    repeats: bool
    unknown_reference: str
    world: ProviderWorld
    recorder: Recorder
    initiating: str
    reading: list[str]
    simulated: str
    failing: str
    signature: Callable[[str, bytes], Mapping[str, str]]
    deliveries: list[tuple[str, str, str, int]] = field(default_factory=list)

    def now(self) -> datetime:
        return platform_now()

    async def pay(self, opened: PaymentOpened) -> None:
        """As a browser does: the page, then its form."""
        page = await self.world.client.request("GET", opened.redirect_url)
        assert page.status == 200
        assert b"<form method='post'>" in page.body
        answer = await self.world.client.request(
            "POST", opened.redirect_url, content=b"outcome=pay"
        )
        assert answer.status in {200, 303}

    async def complete(self, reference: str) -> None:
        await self.simulate(reference, "complete")

    async def complete_short(self, reference: str) -> None:
        self.world.fault(
            "wrong_amount", self.provider, operations=["deliver"], remaining=1, millionths=900_000
        )
        await self.complete(reference)

    async def fail(self, reference: str) -> None:
        await self.simulate(reference, self.failing)

    async def say(self, reference: str, status: str) -> None:
        await self.simulate(reference, "status", status.encode())

    def break_initiation(self, *, executed: bool) -> None:
        kind: FaultKind = "timeout_after_executing" if executed else "timeout_before_executing"
        self.world.fault(
            kind, self.provider, operations=[self.initiating], remaining=1, hang_ms=HANG_MS
        )

    def break_reads(self) -> None:
        self.world.fault("outage", self.provider, operations=self.reading)

    async def messages(self) -> list[tuple[Mapping[str, str], bytes]]:
        await eventually(lambda: bool(self.world.received))
        return [(message.headers, message.body) for message in self.world.received]

    def sign(self, body: bytes, at: datetime) -> Mapping[str, str]:
        return self.signature(str(int(at.timestamp())), body)

    async def simulate(self, reference: str, action: str, content: bytes | None = None) -> None:
        url = f"{BASE_URL}/{self.provider}/_simulate/{self.simulated}/{reference}/{action}"
        answer = await self.world.client.request("POST", url, content=content)
        assert answer.status == 200


Delivered = list[tuple[str, str, str, int]]


class Minting:
    """Delivers to a list; the hashes count."""

    def __init__(self) -> None:
        self.delivered: Delivered = []

    async def __call__(self, *, asset: str, chain: str, address: str, amount: int) -> str:
        self.delivered.append((asset, chain, address, amount))
        return f"hash-{len(self.delivered)}"


async def eventually(happened: Callable[[], bool]) -> None:
    """Messages are on their way in tasks of their own."""
    for _ in range(200):
        if happened():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it did not happen")


def hex_digest(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def coinbase_adapter(world: ProviderWorld, client: HttpClient) -> CoinbaseOnRamp:
    shared = world.world.credential
    return CoinbaseOnRamp(
        client,
        platform_url=f"{BASE_URL}/coinbase/platform",
        history_url=f"{BASE_URL}/coinbase/onramp/v1",
        key=CdpKey(shared("coinbase", "api_key_id"), shared("coinbase", "api_key_secret")),
        webhook_secret=shared("coinbase", "webhook_secret"),
        us_state="CA",
        clock=platform_now,
        timeout_seconds=TIMEOUT_SECONDS,
    )


def stripe_adapter(world: ProviderWorld, client: HttpClient) -> StripeOnRamp:
    shared = world.world.credential
    return StripeOnRamp(
        client,
        base_url=f"{BASE_URL}/stripe",
        secret_key=shared("stripe", "secret_key"),
        webhook_secret=shared("stripe", "webhook_secret"),
        clock=platform_now,
        timeout_seconds=TIMEOUT_SECONDS,
    )


@asynccontextmanager
async def memory_subject() -> AsyncIterator[Subject]:
    yield MemorySubject()


@asynccontextmanager
async def coinbase_subject(
    method: PaymentMethod, prepare: Callable[[World], object] = id
) -> AsyncIterator[SandboxSubject]:
    """`prepare` comes before the server: for credentials of a test's own."""
    minting = Minting()

    def mounts(world: World, sender: WebhookSender) -> list[BaseRoute]:
        prepare(world)
        return coinbase_server.mount(world, sender, deliver=minting)

    async with provider_world(mounts) as world:
        secret = world.world.credential("coinbase", "webhook_secret")
        world.sender.send_to("coinbase", "http://platform.test/webhooks/coinbase")
        by_order = method is PaymentMethod.APPLE_PAY
        async with Recorder(world.client) as recorder:
            yield SandboxSubject(
                name=f"coinbase-{'order' if by_order else 'session'}",
                provider="coinbase",
                adapter=coinbase_adapter(world, recorder),
                method=method,
                repeats=False,
                unknown_reference="123e4567-e89b-12d3-a456-426614174000",
                world=world,
                recorder=recorder,
                initiating="create_order" if by_order else "create_session",
                reading=["create_order", "create_session", "get_order", "list_transactions"],
                simulated="payments",
                failing="fail",
                signature=lambda at, body: {
                    "x-hook0-signature": f"t={at},v0={hex_digest(secret, f'{at}.'.encode() + body)}"
                },
                deliveries=minting.delivered,
            )


@asynccontextmanager
async def stripe_subject() -> AsyncIterator[SandboxSubject]:
    minting = Minting()

    def mounts(world: World, sender: WebhookSender) -> list[BaseRoute]:
        return stripe_server.mount(world, sender, deliver=minting)

    async with provider_world(mounts) as world:
        secret = world.world.credential("stripe", "webhook_secret")
        world.sender.send_to("stripe", "http://platform.test/webhooks/stripe")
        async with Recorder(world.client) as recorder:
            yield SandboxSubject(
                name="stripe",
                provider="stripe",
                adapter=stripe_adapter(world, recorder),
                method=PaymentMethod.CARD,
                repeats=True,
                unknown_reference="cos_unknown",
                world=world,
                recorder=recorder,
                initiating="create_session",
                reading=["get_quotes", "get_session", "list_sessions"],
                simulated="sessions",
                failing="reject",
                signature=lambda at, body: {
                    "stripe-signature": f"t={at},v1={hex_digest(secret, f'{at}.'.encode() + body)}"
                },
                deliveries=minting.delivered,
            )


SUBJECTS: Mapping[str, Callable[[], AbstractAsyncContextManager[Subject]]] = {
    "memory": memory_subject,
    "coinbase-session": lambda: coinbase_subject(PaymentMethod.CARD),
    "coinbase-order": lambda: coinbase_subject(PaymentMethod.APPLE_PAY),
    "stripe": stripe_subject,
}
