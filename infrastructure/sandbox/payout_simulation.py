"""The simulator's side of an off-ramp: what the outside world does to a transfer. Without
authentication, and without the provider's faults."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.world import World
from infrastructure.sandbox.payouts import Deposit, Payout, Payouts, Way, transaction_hash

_WRONG: Final = {"error": "unreadable order"}
_UNKNOWN: Final = {"error": "no such transfer"}


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Received(Order, frozen=True):
    """`amount` in base units; by default all that is waited for."""

    amount: int | None = None
    transaction_hash: str | None = None
    from_address: str | None = None


class Turned(Order, frozen=True):
    reason: str | None = None


class Forced(Order, frozen=True):
    state: str


class CustomerStatus(Order, frozen=True):
    status: str


def routes(
    world: World,
    provider: str,
    payouts: Payouts,
    way: Way,
    set_customer: Callable[[str, str], None],
) -> list[Route]:
    """Below the provider's base path."""
    simulation = Simulation(payouts, way, set_customer)
    transfer = "/_simulate/transfers/{transfer}"

    def operation(name: str, path: str, do: Callable[[Request], Awaitable[Answer]]) -> Operation:
        return Operation(name=name, method="POST", path=path, carry_out=do)

    return provider_routes(
        world,
        f"{provider}.simulation",
        [
            operation("receive", f"{transfer}/receive", simulation.receive),
            operation("return", f"{transfer}/return", simulation.send_back),
            operation("undeliverable", f"{transfer}/undeliverable", simulation.undeliverable),
            operation("refund", f"{transfer}/refund", simulation.refund),
            operation("state", f"{transfer}/state", simulation.force),
            operation("customer", "/_simulate/customers/{customer}", simulation.customer),
            operation("tick", "/_simulate/tick", simulation.tick),
        ],
        authorise=_open_to_all,
    )


class Simulation:
    def __init__(
        self, payouts: Payouts, way: Way, set_customer: Callable[[str, str], None]
    ) -> None:
        self._payouts = payouts
        self._way = way
        self._set_customer = set_customer

    async def receive(self, request: Request) -> Answer:
        payout = await self._payout(request)
        order = await read_body(request, Received, wrong=_WRONG)
        if payout.deposit is not None:
            raise ProviderError(409, {"error": "the deposit is there already"})
        deposit = Deposit(
            transaction_hash=order.transaction_hash or transaction_hash(f"deposit {payout.id}"),
            amount=payout.asset_amount if order.amount is None else order.amount,
            from_address=order.from_address or payout.return_address or "",
        )
        return _state(await self._payouts.receive(payout.id, deposit))

    async def send_back(self, request: Request) -> Answer:
        return await self._turn(request, self._way.back)

    async def undeliverable(self, request: Request) -> Answer:
        return await self._turn(request, self._way.undeliverable)

    async def refund(self, request: Request) -> Answer:
        return await self._turn(request, ((self._way.refunded, 0),))

    async def force(self, request: Request) -> Answer:
        order = await read_body(request, Forced, wrong=_WRONG)
        turned = await self._payouts.turn(_identifier(request), ((order.state, 0),))
        return _state(turned)

    async def customer(self, request: Request) -> Answer:
        order = await read_body(request, CustomerStatus, wrong=_WRONG)
        self._set_customer(request.path_params["customer"], order.status)
        return Answer(body={"status": order.status})

    async def tick(self, _request: Request) -> Answer:
        payouts = await self._payouts.all()
        return Answer(body={payout.id: payout.state for payout in payouts})

    async def _turn(self, request: Request, steps: tuple[tuple[str, float], ...]) -> Answer:
        order = await read_body(request, Turned, wrong=_WRONG)
        turned = await self._payouts.turn(_identifier(request), steps, reason=order.reason)
        return _state(turned)

    async def _payout(self, request: Request) -> Payout:
        payout = await self._payouts.find(_identifier(request))
        if payout is None:
            raise ProviderError(404, _UNKNOWN)
        return payout


def _identifier(request: Request) -> str:
    return str(request.path_params["transfer"])


def _state(payout: Payout | None) -> Answer:
    if payout is None:
        raise ProviderError(404, _UNKNOWN)
    return Answer(body={"id": payout.id, "state": payout.state})


def _open_to_all(_request: Request, _body: bytes) -> None:
    """Whoever reaches the sandbox may steer it."""
