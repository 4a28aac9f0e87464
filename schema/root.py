"""The schema's roots: what a served schema is built with."""

from typing import TypedDict

from resolvers.mutations import Mutation
from resolvers.queries import Query
from resolvers.subscriptions import Subscription


class Roots(TypedDict):
    """The arguments of `strawberry.Schema`."""

    query: type
    mutation: type
    subscription: type


ROOTS: Roots = {"query": Query, "mutation": Mutation, "subscription": Subscription}
