"""What Relay asks of types and lists."""

import strawberry


@strawberry.interface(description="Anything that can be asked for by its global identifier.")
class Node:
    id: strawberry.ID


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None
