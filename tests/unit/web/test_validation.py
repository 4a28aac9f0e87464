import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from strawberry.schema.schema import validate_document

from infrastructure.web.validation import (
    RULES,
    Measure,
    OperationLimitsRule,
    QueryLimits,
    Surveyor,
    schema_extensions,
)
from tests.unit.web.driver import SCHEMA, Service, codes

LIMITS = QueryLimits()


def bomb(levels: int) -> str:
    """Each fragment spreads the next one twice: 2 to the power of `levels` fields."""
    fragments = [f"fragment f{i} on Query{{...f{i + 1} ...f{i + 1}}}" for i in range(levels)]
    return "{...f0}" + "".join(fragments) + f"fragment f{levels} on Query{{a:hello}}"


def survey(source: str) -> tuple[Measure, Surveyor]:
    document = parse(source)
    surveyor = Surveyor(document)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return surveyor.measure(operation), surveyor


def selections_in(document: DocumentNode) -> int:
    class Counter(Visitor):
        count = 0

        def enter(self, node: Node, *_args: object) -> None:
            if isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode):
                self.count += 1

    counter = Counter()
    visit(document, counter)
    return counter.count


def errors_of(source: str) -> list[GraphQLError]:
    return validate(SCHEMA._schema, parse(source), [OperationLimitsRule])


def test_a_fragment_bomb_is_measured_by_its_length() -> None:
    source = bomb(16)
    assert len(source) <= 622

    measured, surveyor = survey(source)

    assert surveyor.visits == selections_in(parse(source)) == 34
    assert measured.aliases == measured.fields == measured.cost == 2**16


def test_an_absurd_bomb_saturates() -> None:
    measured, surveyor = survey(bomb(58))

    assert measured.cost == 1_000_000
    assert surveyor.visits == 1 + 2 * 58 + 1


def test_the_standard_rules_find_no_more_in_a_bomb() -> None:
    document = parse(bomb(16))

    found = validate_document(SCHEMA._schema, document, (*specified_rules, *RULES))

    assert {(error.extensions or {}).get("code") for error in found} == {"VAL_QUERY_LIMIT"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{ hello }", Measure(depth=1, cost=1, fields=1)),
        ("{ a: hello b: hello }", Measure(depth=1, cost=2, fields=2, aliases=2)),
        ("{ person { friend { name } } }", Measure(depth=3, cost=3, fields=1)),
        ("{ person { friends(first: 5) { name } } }", Measure(depth=3, cost=7, fields=1)),
        ("{ person { friends(last: 5) { name } } }", Measure(depth=3, cost=7, fields=1)),
        ("{ person { friends(first: -5) { name } } }", Measure(depth=3, cost=3, fields=1)),
        (
            "query Q($n: Int!) { person { friends(first: $n) { name } } }",
            Measure(depth=3, cost=102, fields=1),
        ),
        ("{ pets { edges { cursor } } }", Measure(depth=3, cost=101, fields=1)),
        ("{ pets(first: 2) { edges { cursor } } }", Measure(depth=3, cost=5, fields=1)),
        ("{ hello @skip(if: true) @x }", Measure(depth=1, cost=1, fields=1, directives=2)),
        ("query @a { ...F @b } fragment F on Query @c { hello @d }",
         Measure(depth=1, cost=1, fields=1, directives=4)),
        ("{ ... @a { hello ... on Query { b: hello } } }",
         Measure(depth=1, cost=2, fields=2, aliases=1, directives=1)),
        ("{ ...F ...F } fragment F on Query { a: hello }",
         Measure(depth=1, cost=2, fields=2, aliases=2)),
    ],
)  # fmt: skip
def test_measures(source: str, expected: Measure) -> None:
    assert survey(source)[0] == expected


@pytest.mark.parametrize(
    ("source", "excess"),
    [
        ("{ person " + "{ friend " * 15 + "{ name }" + "}" * 15 + "}", "depth is 17"),
        ("{" + "".join(f"person {{ a{i}: name }}" for i in range(20)) + "}", ""),
        ("{ person {" + "".join(f"a{i}: name " for i in range(51)) + "} }", "aliases is 51"),
        ("{ person { friends(first: 10000) { name } } }", "cost is 10002"),
        ("{ person { friends(first: 99999999999999999999) { name } } }", "cost is more"),
        ("{" + "hello " * 21 + "}", "root fields is 21"),
        ("{ hello " + "@a " * 51 + "}", "directives is 51"),
        ("{ ...a } fragment a on Query { hello ...a }", ""),
        ("{ ...unknown }", ""),
        ("{" + "...{" * 150 + "hello" + "}" * 151, "nesting is above 128"),
    ],
)
def test_limits(source: str, excess: str) -> None:
    found = errors_of(source)

    assert len(found) == (1 if excess else 0)
    assert all(excess in error.message for error in found)


def test_every_operation_of_a_document_is_measured() -> None:
    deep = "{ person " + "{ friend " * 15 + "{ name }" + "}" * 15 + "}"

    assert len(errors_of(f"query A {{ hello }} query B {deep} query C {deep}")) == 2


def test_a_long_chain_of_fragments_is_refused() -> None:
    chain = "".join(f"fragment f{i} on Query {{ ...f{i + 1} }}" for i in range(50))

    assert errors_of("{ ...f0 }" + chain + "fragment f50 on Query { hello }") == []
    nested = "".join(
        f"fragment n{i} on Query {{ {'... {' * 100} ...n{i + 1} {'}' * 100} }}" for i in range(50)
    )
    assert len(errors_of("{ ...n0 }" + nested + "fragment n50 on Query { hello }")) == 1


async def test_documents_of_many_definitions_are_refused() -> None:
    many = "{ hello }" + "".join(f"fragment f{i} on Query {{ hello }}" for i in range(60))

    response = await Service().post({"query": many})

    assert response.status_code == 400
    assert codes(response.json()) == ["VAL_QUERY_LIMIT"]


async def test_the_served_bomb_is_refused() -> None:
    response = await Service().post({"query": bomb(16)})

    assert response.status_code == 400
    assert set(codes(response.json())) == {"VAL_QUERY_LIMIT"}


async def test_a_repeated_document_is_parsed_and_validated_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    surveyed = 0
    original = Surveyor.measure

    def counting(self: Surveyor, operation: OperationDefinitionNode) -> Measure:
        nonlocal surveyed
        surveyed += 1
        return original(self, operation)

    monkeypatch.setattr(Surveyor, "measure", counting)
    service = Service()
    for _ in range(3):
        await service.post({"query": "query CountedOnce { hello }"})

    assert surveyed == 1


def test_the_rules_are_the_same_objects_for_every_request() -> None:
    first, second = schema_extensions(), schema_extensions()

    assert [OperationLimitsRule] == RULES
    assert [made().__class__ for made in first] == [made().__class__ for made in second]
    assert getattr(first[0](), "validation_rules") == RULES  # noqa: B009 (typed as its base)
