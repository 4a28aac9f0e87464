"""The published contract: the schema in GraphQL's own language."""

import strawberry

from schema.root import ROOTS


def sdl() -> str:
    """The whole SDL, ending in one newline."""
    return strawberry.Schema(**ROOTS).as_str().rstrip() + "\n"
