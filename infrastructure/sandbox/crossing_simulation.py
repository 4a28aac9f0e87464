"""The simulator's side of a bridge: what the outside world does to its orders. Without
authentication.

/_simulate/deposit      POST {"id", "tx_hash"}: that transaction paid the order
/_simulate/outcome      POST {"id", "outcome"}: how it ends, the next time that it is asked for
/_simulate/status       POST {"id", "status", "substatus"}: said whatever is true
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from infrastructure.sandbox.crossings import Crossing, Crossings
from infrastructure.sandbox.frame.server import (
    Answer,
    Operation,
    ProviderError,
    provider_routes,
    read_body,
)
from infrastructure.sandbox.frame.world import World


class DepositOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    tx_hash: str


class OutcomeOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    outcome: str


class StatusOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    status: str
    substatus: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """In the provider's words: the body for what is not understood, an outcome that it does not
    have, an order that it does not know."""

    unreadable: object
    no_outcome: Callable[[], ProviderError]
    not_found: Callable[[], ProviderError]


class Simulation:
    """`outcomes` are those that the provider can have."""

    def __init__(
        self,
        world: World,
        provider: str,
        crossings: Crossings,
        *,
        outcomes: frozenset[str],
        refusals: Refusals,
    ) -> None:
        self._world = world
        self._provider = provider
        self._crossings = crossings
        self._outcomes = outcomes
        self._refusals = refusals
        self._told = f"{provider}_told"

    def routes(self) -> list[Route]:
        """Below the provider's base path."""
        named = {"deposit": self.deposit, "outcome": self.outcome, "status": self.tell}
        operations = [
            Operation(
                name=f"simulate_{name}",
                method="POST",
                path=f"/_simulate/{name}",
                carry_out=carry_out,
            )
            for name, carry_out in named.items()
        ]
        return provider_routes(self._world, self._provider, operations, authorise=_anybody)

    def told(self, identifier: str) -> StatusOrder | None:
        """What is to be said of an order, whatever is true."""
        return self._world.memory.get(self._told, identifier, StatusOrder)

    async def deposit(self, request: Request) -> Answer:
        order = await read_body(request, DepositOrder, wrong=self._refusals.unreadable)
        return self._found(self._crossings.pay(order.id, order.tx_hash))

    async def outcome(self, request: Request) -> Answer:
        order = await read_body(request, OutcomeOrder, wrong=self._refusals.unreadable)
        if order.outcome not in self._outcomes:
            raise self._refusals.no_outcome()
        return self._found(self._crossings.end_with(order.id, order.outcome))

    async def tell(self, request: Request) -> Answer:
        order = await read_body(request, StatusOrder, wrong=self._refusals.unreadable)
        self._world.memory.put(self._told, order.id, order)
        return self._found(self._crossings.get(order.id))

    def _found(self, crossing: Crossing | None) -> Answer:
        if crossing is None:
            raise self._refusals.not_found()
        return Answer(body=crossing)


def _anybody(_request: Request, _body: bytes) -> None:
    """The simulation's own endpoints are for whoever runs the sandbox."""
