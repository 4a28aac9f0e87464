"""The simulated providers themselves: keys, time, the chain that they watch, and their memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest
from solders.pubkey import Pubkey
from starlette.applications import Starlette

from domain.provider.ports.answers import Declined, Unanswered
from domain.provider.ports.offramp import (
    OffRampProvider,
    WithdrawalOpened,
    WithdrawalState,
    WithdrawalStatus,
)
from infrastructure.http import HttpClient, HttpResponse
from infrastructure.providers.bridge.adapter import BridgeOffRamp
from infrastructure.providers.bridge.calls import BridgeSettings
from infrastructure.providers.due.adapter import DueOffRamp
from infrastructure.providers.due.calls import DueSettings
from infrastructure.sandbox.bridge import server as bridge_server
from infrastructure.sandbox.due import server as due_server
from infrastructure.sandbox.frame.memory import Memory
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import SandboxClock, World
from tests.contracts.offramp.subjects import (
    SandboxSubject,
    bridge_subject,
    due_subject,
    know_customer,
    webhook_key,
)
from tests.contracts.offramp.wishes import (
    CUSTOMER,
    GB_BANK,
    HUNDRED,
    PIX_BANK,
    SEPA_BANK,
    USER_ADDRESS,
    opened,
    ordered,
    registered,
    status,
)
from tests.contracts.worlds import BASE_URL, NOON, PLATFORM_URL, ProviderWorld, provider_world


@dataclass(slots=True)
class Chain:
    """A chain that a test writes, and that refunds are sent on."""

    deposits: dict[str, list[tuple[str, int, str]]] = field(default_factory=dict)
    refunds: list[tuple[str, int, str]] = field(default_factory=list)

    async def received(self, *, address: str, asset: str) -> list[tuple[str, int, str]]:
        assert asset == "USDC"
        return self.deposits.get(address, [])

    async def send_back(
        self, *, asset: str, amount: int, from_address: str, to_address: str
    ) -> str:
        assert from_address in self.deposits
        self.refunds.append((asset, amount, to_address))
        return f"refund-{len(self.refunds)}"


def adapter(name: str, world: ProviderWorld | World, client: HttpClient) -> OffRampProvider:
    inner = world.world if isinstance(world, ProviderWorld) else world
    told = inner.credentials()
    if name == "bridge":
        bridge = BridgeSettings(base_url=f"{BASE_URL}/bridge/v0", api_key=told["bridge.api_key"])
        return BridgeOffRamp(client, bridge, now=inner.clock.now)
    due = DueSettings(
        base_url=f"{BASE_URL}/due", api_key=told["due.api_key"], quote_account="acct_platform"
    )
    return DueOffRamp(client, due)


async def post(
    subject: SandboxSubject, path: str, body: object, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    told = subject.world.world.credentials()
    keys = {
        "api-key": told.get("bridge.api_key", ""),
        "authorization": f"Bearer {told.get('due.api_key', '')}",
        "due-account-id": CUSTOMER,
    }
    return await subject.world.client.request(
        "POST",
        f"{BASE_URL}/{subject.name}{path}",
        content=msgspec.json.encode(body),
        headers={**keys, **(headers or {})},
    )


# ------------------------------------------------------------------ keys of Bridge


async def test_bridge_wants_a_key_with_each_post(bridge: SandboxSubject) -> None:
    answer = await post(bridge, "/v0/customers", {"type": "individual"})

    assert answer.status == 400


async def test_bridge_answers_a_key_alike_for_a_day(bridge: SandboxSubject) -> None:
    key = {"idempotency-key": "key-1"}
    first = await post(bridge, "/v0/customers", {"type": "individual"}, key)
    bridge.world.skip(hours=24)
    again = await post(bridge, "/v0/customers", {"type": "individual"}, key)
    bridge.world.skip(seconds=1)
    late = await post(bridge, "/v0/customers", {"type": "individual"}, key)

    assert first.status == again.status == 201
    assert first.body == again.body
    assert late.status == 422


async def test_bridge_refuses_a_key_with_another_body(bridge: SandboxSubject) -> None:
    order = await ordered(bridge.adapter)
    await opened(bridge.adapter, order)

    answer = await bridge.adapter.initiate_crypto_to_fiat(replace(order, developer_fee=1))

    assert isinstance(answer, Unanswered)


async def test_bridge_sends_where_an_endpoint_is_switched_on(bridge: SandboxSubject) -> None:
    asked = {"url": f"{PLATFORM_URL}bridge", "event_categories": ["transfer"]}
    made = await post(bridge, "/v0/webhooks", asked, {"idempotency-key": "key-1"})
    endpoint = json.loads(made.body)

    assert endpoint["status"] == "disabled"
    told = bridge.world.world.credentials()
    assert endpoint["public_key"] == told["bridge.webhook_public_key"]
    switched = await bridge.world.client.request(
        "PUT",
        f"{BASE_URL}/bridge/v0/webhooks/{endpoint['id']}",
        content=b'{"status":"active"}',
        headers={"api-key": told["bridge.api_key"]},
    )
    assert json.loads(switched.body)["status"] == "active"


# ------------------------------------------------------------------ time


async def test_bridge_moves_on_with_the_clock(bridge: SandboxSubject) -> None:
    answer = await opened(bridge.adapter, await ordered(bridge.adapter))
    await bridge.fund(answer)

    seen = []
    for seconds in (0, 5, 10, 45):
        bridge.world.skip(seconds=seconds)
        seen.append((await status(bridge.adapter, answer.reference)).state)

    assert seen == [
        WithdrawalState.IN_REVIEW,
        WithdrawalState.FUNDS_RECEIVED,
        WithdrawalState.FIAT_SUBMITTED,
        WithdrawalState.FIAT_PAID,
    ]


async def test_due_moves_on_with_the_clock(due: SandboxSubject) -> None:
    answer = await opened(due.adapter, await ordered(due.adapter))
    await due.fund(answer)

    seen = []
    for seconds in (0, 5, 5, 5, 45):
        due.world.skip(seconds=seconds)
        seen.append((await status(due.adapter, answer.reference)).provider_status)

    assert seen == [
        "funds_received",
        "manual_review",
        "approved",
        "payment_submitted",
        "payment_processed",
    ]


async def test_what_gets_no_funds_at_due_is_cancelled_by_time(due: SandboxSubject) -> None:
    answer = await opened(due.adapter, await ordered(due.adapter))
    assert answer.expires_at is not None

    due.world.skip(minutes=30)

    told = await status(due.adapter, answer.reference)
    assert told.state is WithdrawalState.CANCELLED
    assert answer.expires_at <= due.now()


async def test_each_state_is_announced(ramp: SandboxSubject) -> None:
    answer = await opened(ramp.adapter, await ordered(ramp.adapter))
    await ramp.fund(answer)
    await ramp.settle(answer.reference)
    await ramp.post("/_simulate/tick", {})

    messages = await ramp.messages(answer.reference)

    way = bridge_server.WAY if ramp.name == "bridge" else due_server.WAY
    member = "event_object_status" if ramp.name == "bridge" else None
    told = [json.loads(body) for _, body in messages]
    states = [body[member] if member else body["data"]["status"] for body in told]
    assert sorted(states) == sorted([way.waiting, *(state for state, _ in way.onward)])


@pytest.mark.parametrize("what", ["undeliverable", "refund"])
async def test_whatever_goes_wrong_the_funds_go_back(ramp: SandboxSubject, what: str) -> None:
    answer = await opened(ramp.adapter, await ordered(ramp.adapter))
    await ramp.fund(answer)
    await ramp.simulate(answer.reference, what, {"reason": "closed"})
    await ramp.settle(answer.reference)

    told = await status(ramp.adapter, answer.reference)

    assert told.state is WithdrawalState.REFUNDED


STATES = {
    "bridge": {
        "undeliverable": WithdrawalState.UNDELIVERABLE,
        "returned": WithdrawalState.RETURNED,
        "missing_return_policy": WithdrawalState.REFUNDING,
        "refund_in_flight": WithdrawalState.REFUNDING,
        "refund_failed": WithdrawalState.REFUNDING,
        "error": WithdrawalState.FAILED,
    },
    "due": {
        "approved": WithdrawalState.FUNDS_RECEIVED,
        "failed": WithdrawalState.FAILED,
        "refund_submitted": WithdrawalState.REFUNDING,
        "canceled": WithdrawalState.CANCELLED,
    },
}


@pytest.mark.parametrize(
    ("name", "said", "state"),
    [(name, said, state) for name in STATES for said, state in STATES[name].items()],
)
async def test_each_word_has_its_state(name: str, said: str, state: WithdrawalState) -> None:
    async with bridge_subject() if name == "bridge" else due_subject() as subject:
        answer = await opened(subject.adapter, await ordered(subject.adapter))
        await subject.say(answer.reference, said)

        told = await status(subject.adapter, answer.reference)

    assert (told.state, told.provider_status) == (state, said)
    failed = said in {"undeliverable", "returned", "missing_return_policy", "refund_failed"}
    assert (told.failure == said) is (failed or state is WithdrawalState.FAILED)


# ------------------------------------------------------------------ customers and banks


async def test_a_customer_who_is_not_verified_is_refused(ramp: SandboxSubject) -> None:
    order = await ordered(ramp.adapter)
    await ramp.post(f"/_simulate/customers/{CUSTOMER}", {"status": "under_review"})

    answer = await ramp.adapter.initiate_crypto_to_fiat(order)

    assert isinstance(answer, Declined)
    assert answer.code == "PRV_CUSTOMER_NOT_READY"


@pytest.mark.parametrize(
    ("details", "label"),
    [(SEPA_BANK, "3000"), (GB_BANK, "5678"), (PIX_BANK, "alid")],
)
async def test_each_kind_of_account_is_taken(
    ramp: SandboxSubject, details: object, label: str
) -> None:
    account = await registered(ramp.adapter, details)  # type: ignore[arg-type]  # of the table

    assert account.label == label


async def test_deposit_addresses_are_addresses(ramp: SandboxSubject) -> None:
    answer = await opened(ramp.adapter, await ordered(ramp.adapter))

    assert Pubkey.from_string(answer.deposit_address).is_on_curve()


# ------------------------------------------------------------------ the chain


@pytest.mark.parametrize("name", ["bridge", "due"])
async def test_a_deposit_on_the_chain_is_seen_and_sent_back(name: str) -> None:
    chain = Chain()
    mount = (
        partial(bridge_server.mount, chain=chain, refund=chain, new_webhook_key=webhook_key)
        if name == "bridge"
        else partial(due_server.mount, chain=chain, refund=chain)
    )
    async with provider_world(mount) as world:
        await know_customer(world.client, name)
        provider = adapter(name, world, world.client)
        answer = await opened(provider, await ordered(provider))
        chain.deposits[answer.deposit_address] = [("deposit-1", HUNDRED, USER_ADDRESS)]

        told = await status(provider, answer.reference)
        assert told.deposit_transaction_hash == "deposit-1"
        assert told.state is not WithdrawalState.AWAITING_FUNDS

        identifier = answer.reference.rpartition("/")[2]
        url = f"{BASE_URL}/{name}/_simulate/transfers/{identifier}/return"
        await world.client.request("POST", url, content=b"{}")
        world.skip(days=1)
        told = await status(provider, answer.reference)
        await status(provider, answer.reference)

    assert told.state is WithdrawalState.REFUNDED
    assert chain.refunds == [("USDC", HUNDRED, USER_ADDRESS)]
    assert told.refund_transaction_hash == ("refund-1" if name == "bridge" else None)


async def test_funds_for_a_cancelled_transfer_go_back() -> None:
    chain = Chain()
    mount = partial(bridge_server.mount, chain=chain, refund=chain, new_webhook_key=webhook_key)
    async with provider_world(mount) as world:
        await know_customer(world.client, "bridge")
        provider = adapter("bridge", world, world.client)
        answer = await opened(provider, await ordered(provider))
        cancelled = await provider.cancel_withdrawal(answer.reference, key="cancel-1")
        chain.deposits[answer.deposit_address] = [("deposit-1", HUNDRED, USER_ADDRESS)]
        await status(provider, answer.reference)
        world.skip(days=1)
        told = await status(provider, answer.reference)

    assert isinstance(cancelled, WithdrawalStatus)
    assert cancelled.state is WithdrawalState.CANCELLED
    assert told.state is WithdrawalState.REFUNDED
    assert chain.refunds == [("USDC", HUNDRED, USER_ADDRESS)]


# ------------------------------------------------------------------ restarts


@pytest.mark.parametrize("name", ["bridge", "due"])
async def test_transfers_keys_and_credentials_survive_a_restart(name: str, tmp_path: Path) -> None:
    references, credentials, orders = [], [], []
    for start in range(2):
        memory = Memory(tmp_path)
        world = World(memory=memory, clock=SandboxClock(memory, lambda: NOON))
        async with HttpClient() as outgoing:
            sender = WebhookSender(world, outgoing)
            routes = (
                bridge_server.mount(world, sender, new_webhook_key=webhook_key)
                if name == "bridge"
                else due_server.mount(world, sender)
            )
            transport = httpx.ASGITransport(Starlette(routes=routes))
            async with HttpClient(transport=transport) as client:
                if start == 0:
                    await know_customer(client, name)
                provider = adapter(name, world, client)
                order = await ordered(provider)
                found = await provider.find_withdrawal(order)
                answer = found or await opened(provider, order)
                assert isinstance(answer, WithdrawalOpened)
                references.append(answer)
                credentials.append(world.credentials())
                orders.append(order.bank_account)
            await sender.close()
        memory.close()

    assert references[0] == references[1]
    assert credentials[0] == credentials[1]
    assert orders[0] == orders[1]
