"""The style of this repository, as far as a machine can read it."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
CODE: Final = ("app.py", "schema", "resolvers", "domain", "infrastructure", "bench", "tools")
FILE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 70
CONTEXTS: Final = ("wallet", "transaction", "provider", "compliance")

# Put together, so that this file passes its own test.
UNFINISHED: Final = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))
REGISTRY_HOSTS: Final = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.(com|org)", "/work" + "/"))
)


def python_files(*places: str) -> list[Path]:
    found: list[Path] = []
    for place in places:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return found


def text_files() -> Iterator[Path]:
    """Everything that is written by hand or checked in, but for binaries."""
    kinds = {".py", ".md", ".toml", ".lock", ".in", ".ini", ".json", ".graphql", ".mako", ".sql"}
    places = (*CODE, "alembic", "tests", "docs", "requirements", ".ci", "deploy")
    for place in places:
        path = ROOT / place
        yield from (path,) if path.is_file() else (p for p in path.rglob("*") if p.is_file())
    yield from (p for p in ROOT.iterdir() if p.is_file() and (p.suffix in kinds or not p.suffix))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """What a file imports, as dotted names, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def reaches(path: Path, *modules: str) -> set[str]:
    return {
        name for name in imports(path) for module in modules if f"{name}.".startswith(f"{module}.")
    }


def test_files_are_short() -> None:
    long = {
        relative(path): lines
        for path in python_files(*CODE, "tests")
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX
    }
    assert not long


def test_functions_are_short() -> None:
    long = {
        f"{relative(path)}:{node.name}": lines
        for path in python_files(*CODE, "tests")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert not long


def test_nothing_is_left_for_later_and_no_host_of_a_registry_is_named() -> None:
    found = {}
    for path in text_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for pattern in (UNFINISHED, REGISTRY_HOSTS):
            if path.suffix == ".lock" and pattern is UNFINISHED:
                continue
            if match := pattern.search(text):
                found[relative(path)] = match.group()
    assert not found


def test_money_is_never_a_float() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in python_files("domain")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name) and node.id == "float"
    ]
    assert not found


def test_every_ignored_lint_rule_has_its_reason() -> None:
    bare = []
    inside = False
    for line in (ROOT / "pyproject.toml").read_text().splitlines():
        if re.match(r'^(ignore|"[^"]+\*\*[^"]*") = \[', line):
            inside = True
        elif line.startswith("]"):
            inside = False
        elif inside and re.match(r'\s+"', line) and "#" not in line:
            bare.append(line.strip())
    assert not bare


def test_every_exception_in_code_has_its_reason() -> None:
    """`noqa` and `type: ignore` name their rule and say why: behind it, or in the line above."""
    mark = re.compile(r"#\s*(?:noqa|type:\s*ignore)")
    reasoned = re.compile(
        r"#\s*(?:noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\])\W+\w+.*"
    )
    bare = []
    for path in python_files(*CODE):
        above = ""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = mark.search(line)
            explained = found and (reasoned.match(line[found.start() :]) or "#" in above)
            if found and not explained:
                bare.append(f"{relative(path)}:{number}")
            above = line
    assert not bare


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_imports_no_other(context: str) -> None:
    others = [f"domain.{other}" for other in CONTEXTS if other != context]
    found = {
        relative(p): names
        for p in python_files(f"domain/{context}")
        if (names := reaches(p, *others))
    }
    assert not found


def test_infrastructure_imports_neither_schema_nor_resolvers() -> None:
    found = {
        relative(p): names
        for p in python_files("infrastructure")
        if (names := reaches(p, "schema", "resolvers"))
    }
    assert not found


def test_schema_and_resolvers_reach_no_infrastructure() -> None:
    outside = ("infrastructure", "sqlalchemy", "asyncpg", "alembic", "redis", "httpx")
    found = {
        relative(p): names
        for p in python_files("schema", "resolvers")
        if (names := reaches(p, *outside))
    }
    assert not found


def test_no_server_code_imports_the_demo_devices_keys() -> None:
    clients = (ROOT / "infrastructure" / "cli", ROOT / "infrastructure" / "demo")
    found = {
        relative(path): names
        for path in python_files("app.py", "schema", "resolvers", "domain", "infrastructure")
        if not any(path.is_relative_to(client) for client in clients)
        if (names := reaches(path, "infrastructure.demo"))
    }
    assert not found


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {re.split(r"[<>=~!; \[]", requirement, maxsplit=1)[0] for requirement in wanted}
    page = (ROOT / "docs" / "dependencies.md").read_text()
    explained = set(re.findall(r"^\| ([a-z0-9-]+) \| .{10,} \|$", page, re.MULTILINE))
    assert names == explained - {"package"}


def test_the_folder_of_migrations_is_no_package() -> None:
    """As a package it would shadow the library of the same name."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
