"""What a GraphQL document may cost before any of it runs.

`schema_extensions()` belongs into every `strawberry.Schema` that is served: it bounds the parser,
adds one rule for depth, aliases, cost, root fields and directives, and caches both parsed and
validated documents. The rule measures each fragment once, whatever the number of its spreads, so
that its work grows with the document's length and never with the length of its expansion.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    VariableNode,
)
from strawberry.extensions import (
    AddValidationRules,
    ParserCache,
    SchemaExtension,
    ValidationCache,
)
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types.execution import ParseOptions

QUERY_LIMIT_CODE = "VAL_QUERY_LIMIT"

SOURCE_LENGTH_MAX = 32_768  # the console's largest document is far below a tenth of it
TOKENS_MAX = 4_000  # the parser takes about 2 µs a token
COMMENTS_MAX = 200
DEFINITIONS_MAX = 60  # bounds how deep chains of fragments lead graphql-core's own rules
NESTING_MAX = 128  # of fields, inline fragments and spreads together: bounds our recursion
CACHED_DOCUMENTS_MAX = 256
PAGE_SIZE_MAX = 100  # what a variable page size is taken for
PAGE_SIZE_DEFAULT = 50  # what a connection without a page size is taken for
SATURATION = 1_000_000  # sums stop here: an expansion of 2^60 needs no exact figure


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLimits:
    """The most of each that one operation may ask for, fragments expanded."""

    depth: int = 16  # the standard introspection query has 15
    aliases: int = 50
    cost: int = 10_000  # fields, times page sizes: about 90 ms of the executor
    root_fields: int = 20
    directives: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a selection amounts to, fragments expanded; sums saturate."""

    depth: int = 0
    aliases: int = 0
    cost: int = 0
    fields: int = 0
    directives: int = 0
    is_page: bool = False

    def __add__(self, other: "Measure") -> "Measure":
        return Measure(
            depth=max(self.depth, other.depth),
            aliases=min(self.aliases + other.aliases, SATURATION),
            cost=min(self.cost + other.cost, SATURATION),
            fields=min(self.fields + other.fields, SATURATION),
            directives=min(self.directives + other.directives, SATURATION),
            is_page=self.is_page or other.is_page,
        )


class Surveyor:
    """Measures the operations of one document. `visits` counts the selections looked at."""

    def __init__(self, document: DocumentNode) -> None:
        self.visits = 0
        self.is_nested_too_deeply = False
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}
        self._open: set[str] = set()

    def measure(self, operation: OperationDefinitionNode) -> Measure:
        own = Measure(directives=len(operation.directives or ()))
        return own + self._selections(operation.selection_set, nesting=0)

    def _selections(self, selection_set: SelectionSetNode | None, *, nesting: int) -> Measure:
        total = Measure()
        if selection_set is None:
            return total
        if nesting >= NESTING_MAX:
            self.is_nested_too_deeply = True
            return total
        for selection in selection_set.selections:
            self.visits += 1
            total += self._selection(selection, nesting=nesting + 1)
        return total

    def _selection(self, node: SelectionNode, *, nesting: int) -> Measure:
        own = Measure(directives=len(node.directives or ()))
        if isinstance(node, FieldNode):
            return own + self._field(node, nesting=nesting)
        if isinstance(node, FragmentSpreadNode):
            return own + self._fragment(node.name.value, nesting=nesting)
        inline = cast("SelectionSetNode | None", getattr(node, "selection_set", None))
        return own + self._selections(inline, nesting=nesting)

    def _field(self, node: FieldNode, *, nesting: int) -> Measure:
        below = self._selections(node.selection_set, nesting=nesting)
        return Measure(
            depth=below.depth + 1,
            aliases=min(below.aliases + (node.alias is not None), SATURATION),
            cost=min(1 + _page_size(node, is_page=below.is_page) * below.cost, SATURATION),
            fields=1,
            directives=below.directives,
            is_page=node.name.value in {"edges", "nodes"},
        )

    def _fragment(self, name: str, *, nesting: int) -> Measure:
        known = self._measured.get(name)
        if known is not None:
            return known
        fragment = self._fragments.get(name)
        if fragment is None or name in self._open:
            return Measure()  # unknown and circular fragments are other rules' findings
        self._open.add(name)
        measured = Measure(directives=len(fragment.directives or ())) + self._selections(
            fragment.selection_set, nesting=nesting
        )
        self._open.remove(name)
        self._measured[name] = measured
        return measured


def _page_size(node: FieldNode, *, is_page: bool) -> int:
    for argument in node.arguments or ():
        if argument.name.value in {"first", "last"}:
            if isinstance(argument.value, IntValueNode):
                return _bounded(argument.value.value)
            if isinstance(argument.value, VariableNode):
                return PAGE_SIZE_MAX
    return PAGE_SIZE_DEFAULT if is_page else 1


def _bounded(digits: str) -> int:
    """A literal page size between 1 and saturation; int() of long literals is slow."""
    return SATURATION if len(digits) > len(str(SATURATION)) else max(1, int(digits))


class OperationLimitsRule(ASTValidationRule):
    """Reports the operations of a document that exceed `limits`."""

    limits = QueryLimits()

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.surveyor = Surveyor(context.document)

    def enter_operation_definition(self, node: OperationDefinitionNode, *_args: object) -> None:
        measured = self.surveyor.measure(node)
        for excess in _excesses(measured, self.limits):
            self.report_error(_limit_error(excess, node))
        if self.surveyor.is_nested_too_deeply:
            self.report_error(_limit_error(f"nesting is above {NESTING_MAX}", node))


def _excesses(measured: Measure, limits: QueryLimits) -> Iterator[str]:
    figures = (
        ("depth", measured.depth, limits.depth),
        ("number of aliases", measured.aliases, limits.aliases),
        ("cost", measured.cost, limits.cost),
        ("number of root fields", measured.fields, limits.root_fields),
        ("number of directives", measured.directives, limits.directives),
    )
    for name, figure, limit in figures:
        if figure > limit:
            reached = "more" if figure >= SATURATION else str(figure)
            yield f"{name} is {reached}, the limit is {limit}"


def _limit_error(excess: str, *nodes: OperationDefinitionNode) -> GraphQLError:
    return GraphQLError(
        f"The operation asks for too much: its {excess}.",
        list(nodes),
        extensions={"code": QUERY_LIMIT_CODE},
    )


class AmbiguousOperationError(CannotGetOperationTypeError):
    def __init__(self) -> None:
        super().__init__(None)

    def as_http_error_reason(self) -> str:
        return "The document has several operations: name one in operationName."


class DocumentLimits(AddValidationRules):
    """Bounds the parser, refuses ambiguous documents, adds the rules to the standard ones."""

    def on_operation(self) -> Iterator[None]:
        # strawberry types one of the parser's options alone; graphql-core takes them all.
        self.execution_context.parse_options = cast(
            "ParseOptions",
            {
                "max_lexical_tokens": TOKENS_MAX,
                "max_comments": COMMENTS_MAX,
                "max_source_length": SOURCE_LENGTH_MAX,
            },
        )
        yield from super().on_operation()

    def on_parse(self) -> Iterator[None]:
        yield
        document = self.execution_context.graphql_document
        if document is None:
            return
        if len(document.definitions) > DEFINITIONS_MAX:
            raise _limit_error(f"number of definitions is above {DEFINITIONS_MAX}")
        operations = [n for n in document.definitions if isinstance(n, OperationDefinitionNode)]
        # Without the name strawberry would run the first of them.
        named = self.execution_context._provided_operation_name is not None  # noqa: SLF001
        if len(operations) > 1 and not named:
            raise AmbiguousOperationError


# At module level: a rule made per request would be a new key of the validation cache each time.
RULES: list[type[ASTValidationRule]] = [OperationLimitsRule]


def schema_extensions(
    rules: Sequence[type[ASTValidationRule]] = tuple(RULES),
) -> list[Callable[[], SchemaExtension]]:
    """The extensions that a served schema is built with; `rules` must outlive the requests."""
    return [
        partial(DocumentLimits, list(rules)),
        partial(ParserCache, maxsize=CACHED_DOCUMENTS_MAX),
        partial(ValidationCache, maxsize=CACHED_DOCUMENTS_MAX),
    ]
