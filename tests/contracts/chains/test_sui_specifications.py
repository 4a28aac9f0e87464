"""What the adapter asks of Sui's GraphQL service, and what the sandbox serves of it, against
schemas: the sandbox's own always, the published one where ../shared is present."""

from functools import cache
from typing import Final

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    parse,
    validate,
)

from infrastructure.chains.sui import rpc
from infrastructure.sandbox.sui.schema import SCHEMA
from tests.contracts.published import published

DOCUMENTS: Final = {
    "BALANCE": rpc.BALANCE,
    "COINS": rpc.COINS,
    "GAS_PRICE": rpc.GAS_PRICE,
    "SIGHTING": rpc.SIGHTING,
    "MOVEMENTS": rpc.MOVEMENTS,
    "OBJECTS": rpc.OBJECTS,
    "TIP": rpc.TIP,
    "AFFECTED": rpc.AFFECTED,
    "TOGETHER": rpc.affected_together(rpc.AFFECTED_ADDRESSES_MAX),
    "USERS": rpc.USERS,
    "EXECUTE": rpc.EXECUTE,
}
# The published service's bounds on a request, of its schema's own descriptions.
DOCUMENT_BYTES_MAX: Final = 5_000


@cache
def published_schema() -> GraphQLSchema:
    return build_schema(published("chains/sui/sui-graphql-schema.graphql").read_text())


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_the_sandbox_serves_what_is_asked(name: str) -> None:
    assert validate(SCHEMA, parse(DOCUMENTS[name])) == []
    assert len(DOCUMENTS[name]) < DOCUMENT_BYTES_MAX


@pytest.mark.parametrize("name", list(DOCUMENTS))
def test_the_published_schema_serves_what_is_asked(name: str) -> None:
    assert validate(published_schema(), parse(DOCUMENTS[name])) == []


def test_all_documents_are_checked() -> None:
    written = {
        name: value
        for name, value in vars(rpc).items()
        if isinstance(value, str) and value.startswith(("query ", "mutation "))
    }

    assert written == {name: text for name, text in DOCUMENTS.items() if name != "TOGETHER"}


def test_the_sandbox_serves_only_what_is_published_schema() -> None:
    """The same names, arguments, types and nullability; fewer of them."""
    real = published_schema()
    for name, kind in SCHEMA.type_map.items():
        if name.startswith("__"):
            continue
        other = real.type_map[name]
        assert type(other) is type(kind), name
        if isinstance(kind, GraphQLEnumType):
            assert isinstance(other, GraphQLEnumType)
            assert set(kind.values) == set(other.values)
        if isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            assert isinstance(other, GraphQLObjectType | GraphQLInputObjectType)
            for field, ours in kind.fields.items():
                assert str(ours.type) == str(other.fields[field].type), f"{name}.{field}"
        if isinstance(kind, GraphQLObjectType) and isinstance(other, GraphQLObjectType):
            for field, described in kind.fields.items():
                theirs = other.fields[field].args
                for argument, ours_there in described.args.items():
                    place = f"{name}.{field}({argument})"
                    assert str(ours_there.type) == str(theirs[argument].type), place
