"""What Relay asks of types and lists."""

from typing import Self, TypeVar

import strawberry

from domain.contracts.views import PageView

Item = TypeVar("Item")


@strawberry.interface(description="Anything that can be asked for by its global identifier.")
class Node:
    id: strawberry.ID


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None

    @classmethod
    def of(cls, page: PageView[Item]) -> Self:
        return cls(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.items[0].cursor if page.items else None,
            end_cursor=page.items[-1].cursor if page.items else None,
        )
