"""Fields with a description, typed: the library's own decorators lose a resolver's type."""

from collections.abc import Callable
from typing import TypeVar, cast

import strawberry

Resolver = TypeVar("Resolver", bound=Callable[..., object])


def described(text: str) -> Callable[[Resolver], Resolver]:
    """A field of a query, a mutation or a type."""
    return cast("Callable[[Resolver], Resolver]", strawberry.field(description=text))


def streamed(text: str) -> Callable[[Resolver], Resolver]:
    """A field of the subscription."""
    return cast("Callable[[Resolver], Resolver]", strawberry.subscription(description=text))
