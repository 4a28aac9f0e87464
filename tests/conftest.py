"""Fixtures of every test: one embedded PostgreSQL and Valkey for all xdist workers.

The pytest process that starts the workers owns the servers: it starts them when the first test
that wants one is about to run, and stops them at its own end. Workers ask it for the address
through a file lock, so `tests/unit` alone starts nothing. Each test gets its own database, copied
from a template that was migrated once.
"""

import contextlib
import fcntl
import importlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from infrastructure.embedded.postgres import EmbeddedPostgres
from infrastructure.embedded.valkey import EmbeddedValkey

_TESTS: Final = Path(__file__).parent
_TEMPLATE: Final = "diboas_template"
_APP_ROLE: Final = "diboas_app"
_OWNER_ROLE: Final = "diboas_owner"
_ROOT_VARIABLE: Final = "DIBOAS_TEST_ROOT"
_SHARING: Final = frozenset(
    Path("tests/integration") / name
    for name in ("api", "chains", "demo", "inbound", "matrix", "payments")
)
"""The folders whose tests share one running platform: tests/integration/conftest.py."""
_SERVER_FIXTURES: Final = frozenset(
    {"postgres_server", "postgres_admin_url", "empty_database", "database", "valkey_url"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A migrated database of one test alone. `admin_url` is the superuser's, `owner_url` the
    migrations', `app_url` what the application runs as."""

    name: str
    admin_url: str
    owner_url: str
    app_url: str


# ------------------------------------------------------------------ who owns the servers


class Servers(msgspec.Struct, frozen=True):
    """Where the shared servers are: what workers learn from the file."""

    postgres_data_dir: str
    valkey_url: str


class _Owner:
    """The servers in the process that owns them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._postgres = EmbeddedPostgres(
            root / "postgres", durable=False, settings={"max_connections": "200"}
        )
        self._valkey = EmbeddedValkey(root / "valkey")

    def start(self) -> None:
        self._postgres.start()
        self._valkey.start()
        servers = Servers(str(self._postgres.data_dir), self._valkey.url)
        (self.root / "servers.json").write_bytes(msgspec.json.encode(servers))

    def stop(self) -> None:
        self._valkey.stop()
        self._postgres.stop()
        shutil.rmtree(self.root, ignore_errors=True)


_OWNER_KEY: Final = pytest.StashKey[_Owner]()


_FOLDER_KEY: Final = pytest.StashKey[Path]()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not _is_worker(config):
        _open_folder(config)
        _start_servers(config)


def _open_folder(config: pytest.Config) -> None:
    """Each run its own: who begins one closes pytest's common folder to everybody else, and a
    server that runs as another user is shut out of its data."""
    if config.option.basetemp is None:
        config.stash[_FOLDER_KEY] = Path(tempfile.mkdtemp(prefix="diboas-run-"))
        config.option.basetemp = str(config.stash[_FOLDER_KEY])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What failed leaves its files."""
    folder = session.config.stash.get(_FOLDER_KEY, None)
    if folder is not None and not session.testsfailed:
        shutil.rmtree(folder, ignore_errors=True)


def _start_servers(config: pytest.Config) -> None:
    """The owner decides from the paths that were asked for: the servers take half a second, so
    they start before the workers do unless unit tests alone were asked for."""
    if config.option.collectonly or not _wants_servers(config):
        return
    # Short, because a Unix socket's path may have 107 characters alone.
    owner = _Owner(Path(tempfile.mkdtemp(prefix="diboas-test-")))
    config.stash[_OWNER_KEY] = owner
    os.environ[_ROOT_VARIABLE] = str(owner.root)
    owner.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    owner = config.stash.get(_OWNER_KEY, None)
    if owner is not None:
        os.environ.pop(_ROOT_VARIABLE, None)
        owner.stop()


def _wants_servers(config: pytest.Config) -> bool:
    unit = (_TESTS / "unit", _TESTS / "house")
    paths = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    return not paths or any(
        not any(path.is_relative_to(folder) for folder in unit) for path in paths
    )


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # untyped library
    """Each test goes to the worker that is free; those that share a platform stay together."""

    def _split_scope(self, nodeid: str) -> str:
        folder = Path(nodeid.split("::", maxsplit=1)[0]).parent
        return folder.name if folder in _SHARING else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def _place(item: pytest.Item) -> tuple[bool, str]:
    """What takes long begins early; who shares a platform stays together."""
    folder = item.path.parent.relative_to(_TESTS.parent)
    shares = folder in _SHARING
    is_quick = not shares and item.get_closest_marker("slow") is None
    return is_quick, folder.name if shares else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests reach no network and no server; the bound is the folder, not the author."""
    items.sort(key=_place)
    for item in items:
        if item.path.is_relative_to(_TESTS / "unit"):
            if item.get_closest_marker("enable_socket") is None:
                item.add_marker(pytest.mark.disable_socket)
            fixtures = _SERVER_FIXTURES & set(getattr(item, "fixturenames", ()))
            if fixtures:
                raise pytest.UsageError(f"{item.nodeid} is a unit test and wants {fixtures}")


# ------------------------------------------------------------------ what tests ask for


@pytest.fixture(scope="session")
def servers() -> Servers:
    root = os.environ.get(_ROOT_VARIABLE)
    if root is None:
        pytest.fail("the servers were not started: a test outside tests/unit was not asked for")
    return msgspec.json.decode((Path(root) / "servers.json").read_bytes(), type=Servers)


@pytest.fixture(scope="session")
def postgres_server(servers: Servers) -> EmbeddedPostgres:
    """The shared server, for its `url` and `execute`; never start or stop it in a test."""
    return EmbeddedPostgres(Path(servers.postgres_data_dir), durable=False)


@pytest.fixture(scope="session")
def postgres_admin_url(postgres_server: EmbeddedPostgres) -> str:
    """The superuser's URL of the maintenance database."""
    return postgres_server.url("postgres")


@pytest.fixture(scope="session")
def valkey_url(servers: Servers, worker_id: str) -> str:
    """A Valkey shared by all tests of a worker: channels are shared by the workers too, so a test
    that cares takes channel names of its own."""
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    return servers.valkey_url.removesuffix("/0") + f"/{number % 16}"


@pytest.fixture
def valkey_server(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey of this test alone, which it may kill and restart."""
    with EmbeddedValkey(tmp_path / "valkey") as server:
        yield server


@pytest.fixture(scope="session")
def database_template(postgres_server: EmbeddedPostgres) -> str:
    """The name of the migrated database that others are copied from, made by the first worker."""
    with _locked(Path(postgres_server.data_dir).parent / "template.lock"):
        if not _has_database(postgres_server, _TEMPLATE):
            draft = f"{_TEMPLATE}_draft"
            postgres_server.execute(f"DROP DATABASE IF EXISTS {draft}")
            postgres_server.execute(f"CREATE DATABASE {draft}")
            _upgrade()(postgres_server.url(draft))
            postgres_server.execute(f"ALTER DATABASE {draft} RENAME TO {_TEMPLATE}")
    return _TEMPLATE


_numbers = itertools.count(1)


@pytest.fixture
def database(
    postgres_server: EmbeddedPostgres, database_template: str, worker_id: str
) -> Iterator[Database]:
    """A migrated, empty database of this test alone."""
    with _own_database(postgres_server, worker_id, template=database_template) as found:
        yield found


@pytest.fixture
def empty_database(postgres_server: EmbeddedPostgres, worker_id: str) -> Iterator[Database]:
    """A database of this test alone without any table: for tests of the migrations."""
    with _own_database(postgres_server, worker_id, template="template0") as found:
        yield found


@contextlib.contextmanager
def _own_database(server: EmbeddedPostgres, worker_id: str, *, template: str) -> Iterator[Database]:
    name = f"test_{worker_id}_{next(_numbers)}"
    # FILE_COPY of a small template is several times faster than a copy through the WAL.
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield Database(
        name=name,
        admin_url=server.url(name),
        owner_url=server.url(name, user=_OWNER_ROLE),
        app_url=server.url(name, user=_APP_ROLE),
    )
    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _has_database(server: EmbeddedPostgres, name: str) -> bool:
    return server.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == "1"


def _upgrade() -> Callable[[str], None]:
    """Looked up late: unit tests must not pay for SQLAlchemy and Alembic."""
    upgrade: Callable[[str], None] = importlib.import_module("infrastructure.db.migrate").upgrade
    return upgrade


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
