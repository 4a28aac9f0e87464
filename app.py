"""create_app(parts): the ASGI application, from the API's contract to its routes."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from infrastructure.bootstrap import ApiParts
from infrastructure.web.endpoint import GraphQLEndpoint, ServedSchema
from infrastructure.web.health import health_routes
from infrastructure.web.validation import schema_extensions
from resolvers.context import Ports, context_factory
from schema.root import ROOTS


def create_app(parts: ApiParts) -> Starlette:
    """`/graphql` over HTTP, SSE and WebSocket, `/webhooks/{provider}`, and `/health/live` and
    `/health/ready`."""
    ports = Ports(
        views=parts.views,
        money=parts.movements,
        saved=parts.saved,
        feed=parts.feed,
        sign_in=parts.sign_in,
        texts=parts.texts,
    )
    endpoint = GraphQLEndpoint(
        ServedSchema(**ROOTS, extensions=schema_extensions()),
        make_context=context_factory(ports),
        authenticator=parts.tokens,
        limits=parts.limits,
        allowed_origins=parts.allowed_origins,
    )
    return Starlette(
        routes=[*endpoint.routes(), *parts.webhooks.routes(), *health_routes(parts.checks)],
        middleware=_cross_origin(parts.allowed_origins),
    )


def _cross_origin(origins: tuple[str, ...]) -> list[Middleware]:
    """Browsers of other sites ask first; without any named, they are refused."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
        )
    ]
