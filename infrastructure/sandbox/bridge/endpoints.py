"""Webhook endpoints of the simulated Bridge: a new one is disabled until it is switched on, and
the last one that is active is sent to."""

from typing import Final, Literal

import msgspec
from starlette.requests import Request

from infrastructure.sandbox.bridge.bodies import refused
from infrastructure.sandbox.frame.server import Answer, read_body
from infrastructure.sandbox.frame.webhooks import WebhookSender
from infrastructure.sandbox.frame.world import World

_COLLECTION: Final = "bridge_webhook"
_WRONG: Final = {"code": "invalid_parameters", "message": "Malformed or invalid field values"}


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str
    event_epoch: Literal["webhook_creation", "beginning_of_time"] = "webhook_creation"
    event_categories: list[str] = []


class EndpointStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    status: Literal["active", "disabled"]


class Endpoint(msgspec.Struct, kw_only=True):
    id: str
    url: str
    status: str
    event_categories: list[str]
    public_key: str


class Endpoints:
    def __init__(self, world: World, sender: WebhookSender, provider: str, public_key: str) -> None:
        self._world = world
        self._sender = sender
        self._provider = provider
        self._public_key = public_key

    async def create(self, request: Request) -> Answer:
        asked = await read_body(request, NewEndpoint, wrong=_WRONG)
        endpoint = Endpoint(
            id=f"wep_{self._world.memory.number('bridge webhook'):08d}",
            url=asked.url,
            status="disabled",
            event_categories=asked.event_categories,
            public_key=self._public_key,
        )
        self._world.memory.put(_COLLECTION, endpoint.id, endpoint)
        return Answer(status=201, body=endpoint)

    async def list(self, _request: Request) -> Answer:
        found = list(self._world.memory.all(_COLLECTION, Endpoint))
        return Answer(body={"count": len(found), "data": found})

    async def update(self, request: Request) -> Answer:
        asked = await read_body(request, EndpointStatus, wrong=_WRONG)
        endpoint = self._world.memory.get(_COLLECTION, request.path_params["webhook"], Endpoint)
        if endpoint is None:
            raise refused(404, "not_found", "no such webhook")
        endpoint.status = asked.status
        self._world.memory.put(_COLLECTION, endpoint.id, endpoint)
        if endpoint.status == "active":
            self._sender.send_to(self._provider, endpoint.url)
        return Answer(body=endpoint)
