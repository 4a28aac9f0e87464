"""Files that are generated from code: `python -m tools.generated --check | --write`.

Each generator is a function without arguments that returns the whole file. It is named by its
import path, so that one broken import spoils no other file.
"""

import argparse
import difflib
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

ROOT: Final = Path(__file__).resolve().parent.parent
_DIFFERENCES_SHOWN_MAX: Final = 20

GENERATORS: Final[Mapping[str, str]] = {
    "schema/schema.graphql": "schema.sdl:sdl",
    "docs/asyncapi.json": "tools.asyncapi:document",
    "docs/state-machine.md": "tools.state_machine:page",
}


def generate(path: str) -> str:
    """What the file at `path` shall hold, ending in one newline."""
    module, _, function = GENERATORS[path].partition(":")
    generator = cast("Callable[[], str]", getattr(importlib.import_module(module), function))
    return generator().rstrip() + "\n"


def stale(path: str) -> list[str]:
    """The first differences between the file and what it shall hold; none when it is current."""
    file = ROOT / path
    found = file.read_text(encoding="utf-8") if file.exists() else ""
    lines = difflib.unified_diff(
        found.splitlines(), generate(path).splitlines(), path, "generated", lineterm=""
    )
    return list(lines)[:_DIFFERENCES_SHOWN_MAX]


def write(path: str) -> None:
    file = ROOT / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(generate(path), encoding="utf-8")


def check_all() -> int:
    """Print what is not current; the exit code."""
    code = 0
    for path in GENERATORS:
        try:
            differences = stale(path)
        except ImportError as error:
            differences = [f"its generator cannot be imported: {error}"]
        if differences:
            print(f"{path} is not current: run `make generated`", *differences, sep="\n")
            code = 1
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools.generated", description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="fail when a file is not current")
    mode.add_argument("--write", action="store_true", help="write every file")
    if parser.parse_args(arguments).check:
        return check_all()
    for path in GENERATORS:
        write(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
