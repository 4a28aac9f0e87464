"""What the command line calls, by name: a command loads what it runs and nothing else.

By name also because `infrastructure` imports neither `schema` nor `resolvers`; the command line
and `bootstrap` are where the halves meet.
"""

import argparse
import asyncio
import importlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol, cast

from infrastructure.settings import Settings, StartupError


class RunRoles(Protocol):
    """Runs roles until `stop` is set; calls `ready` when all of them work."""

    def __call__(
        self,
        settings: Settings,
        *,
        roles: frozenset[str],
        contexts: frozenset[str],
        ready: Callable[[], None],
        stop: asyncio.Event,
    ) -> Awaitable[None]: ...


class DemoUser(Protocol):
    """A demo user as the ready file names them; `addresses` by chain in lower case."""

    @property
    def username(self) -> str: ...
    @property
    def token(self) -> str: ...
    @property
    def addresses(self) -> Mapping[str, str]: ...
    @property
    def keypair_file(self) -> Path | str: ...


Seed = Callable[[Settings, Path], Awaitable[Sequence[DemoUser]]]
Demo = Callable[[argparse.Namespace, Path], int]
"""Does what the options say, with a ready file, and shows each step; the exit code."""

_RUN_ROLES: Final = "infrastructure.bootstrap:run_roles"
_FUND_PLATFORM: Final = "infrastructure.cli.demo_seed:fund_platform"
_SEED: Final = "infrastructure.cli.demo_seed:seed"
_DEMO: Final = "infrastructure.cli.demo:demo"
_UPGRADE: Final = "infrastructure.db.migrate:upgrade"
_AFTER_RESTORE: Final = "infrastructure.db.migrate:open_generation"
_VERIFY: Final = "infrastructure.db.verify:run"
_SDL: Final = "schema.sdl:sdl"


def run_roles() -> RunRoles:
    return cast("RunRoles", _load(_RUN_ROLES))


def seed() -> Seed:
    return cast("Seed", _load(_SEED))


def fund_platform() -> Callable[[Settings], Awaitable[None]]:
    return cast("Callable[[Settings], Awaitable[None]]", _load(_FUND_PLATFORM))


def demo() -> Demo:
    return cast("Demo", _load(_DEMO))


def upgrade() -> Callable[[str], None]:
    """Brings the database of an owner's URL to the newest schema."""
    return cast("Callable[[str], None]", _load(_UPGRADE))


def after_restore() -> Callable[[str], int]:
    """Opens a new generation of the event log in a database that came from a dump; its number."""
    return cast("Callable[[str], int]", _load(_AFTER_RESTORE))


def verify() -> Callable[[str], Coroutine[None, None, int]]:
    """Checks every invariant in the database of a URL and prints what it finds; the exit code."""
    return cast("Callable[[str], Coroutine[None, None, int]]", _load(_VERIFY))


def sdl() -> Callable[[], str]:
    """The GraphQL schema in its definition language."""
    return cast("Callable[[], str]", _load(_SDL))


def _load(name: str) -> object:
    module_name, _, attribute = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise StartupError(f"this build has no {module_name}") from None
    found: object = getattr(module, attribute)
    return found
