"""The platform's roles as processes of a test, which kills them and starts them again."""

import asyncio
import itertools
import re
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec
from solders.keypair import Keypair

from bench.platform import command, environment
from infrastructure.chains.solana.keys import load_or_create_keypair
from infrastructure.chains.solana.rpc import SolanaRpc
from infrastructure.cli.provider_keys import connections, split
from infrastructure.cli.ready import read_addresses, write_json
from infrastructure.demo.funding import Faucet
from infrastructure.embedded.ports import free_port
from infrastructure.embedded.process import Child, ChildCommand, start
from infrastructure.embedded.valkey import EmbeddedValkey
from infrastructure.http import HttpClient
from tests.conftest import Database

API: Final = "api"
WORKER: Final = "worker"
RELAY: Final = "relay"
SANDBOX: Final = "sandbox"

READY_SECONDS_MAX: Final = 30.0
STOP_SECONDS_MAX: Final = 10.0
_POLL_SECONDS: Final = 0.02
_READY: Final = {
    API: "diboas api: ready",
    WORKER: "diboas worker: ready",
    RELAY: "diboas relay: ready",
    SANDBOX: "solana_rpc_url: ",
}
# Who comes late finds the work done by another: that is said in the log and is no defect.
_LATE: Final = frozenset({"CancelledError", "TimeoutError", "TooContendedError"})
_RAISED: Final = re.compile(
    r"^[\w.]*?(\w+(?:Error|Exception|Failed|Unavailable))\b.*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One process of a role."""

    role: str
    child: Child
    log_file: Path


class Fleet:
    """Processes of `folder`. Api and sandbox keep their ports when they are started again."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._settings = dict(settings)
        self._numbers = itertools.count(1)
        self._ports = {role: free_port() for role in (API, SANDBOX)}
        self._ready_file = folder / "sandbox.ready.json"
        self._providers_file = folder / "providers.json"
        self._members: list[Running] = []
        self.killed: list[str] = []

    @property
    def api_place(self) -> str:
        """Host, port and path of the API, without a scheme."""
        return f"127.0.0.1:{self._ports[API]}/graphql"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self._ports[SANDBOX]}"

    @property
    def rpc_url(self) -> str:
        return f"{self.sandbox_url}/solana"

    def running(self, role: str) -> list[Running]:
        """The processes of a role, the oldest first."""
        return [member for member in self._members if member.role == role]

    async def start(self, role: str) -> Running:
        """One more process of the role, once it is ready."""
        log_file = self._folder / "logs" / f"{role}-{next(self._numbers)}.log"
        child = start(
            ChildCommand(
                name=role,
                arguments=[*command(), role, *self._arguments(role)],
                log_file=log_file,
                on_parent_death=signal.SIGKILL,
                environment=environment(
                    DIBOAS_SOLANA_RPC_URLS=self.rpc_url,
                    DIBOAS_PROVIDERS_FILE=str(self._providers_file),
                    **self._settings,
                ),
            )
        )
        member = Running(role=role, child=child, log_file=log_file)
        self._members.append(member)
        async with asyncio.timeout(READY_SECONDS_MAX):
            while _READY[role] not in log_file.read_text():
                assert child.exit_code is None, child.log_tail()
                await asyncio.sleep(_POLL_SECONDS)
        if role == SANDBOX:
            _addresses, keys = split(read_addresses(self._ready_file))
            write_json(self._providers_file, connections(self.sandbox_url, keys))
        return member

    def kill(self, member: Running) -> None:
        """SIGKILL; it has ended when this returns."""
        self._members.remove(member)
        assert member.child.exit_code is None, member.child.log_tail()
        assert member.child.stop(signal.SIGKILL, deadline_seconds=STOP_SECONDS_MAX) == -9
        self.killed.append(member.role)

    def stop(self) -> dict[str, list[int]]:
        """SIGTERM to each in turn, the sandbox last; exit codes by role."""
        codes: dict[str, list[int]] = {}
        for role in (API, RELAY, WORKER, SANDBOX):
            for member in self.running(role):
                self._members.remove(member)
                code = member.child.stop(signal.SIGTERM, deadline_seconds=STOP_SECONDS_MAX)
                codes.setdefault(role, []).append(code)
        return codes

    def defects(self) -> list[str]:
        """What was raised in any process, those that were killed among them, and is none of the
        things that lateness explains."""
        files = sorted((self._folder / "logs").iterdir())
        return [
            f"{file.name}: {raised.group()}"
            for file in files
            for raised in _RAISED.finditer(file.read_text())
            if raised.group(1) not in _LATE
        ]

    def _arguments(self, role: str) -> list[str]:
        if role == API:
            return ["--port", str(self._ports[API])]
        if role == SANDBOX:
            data_dir = self._folder / "sandbox"
            options = ["--port", str(self._ports[SANDBOX]), "--data-dir", str(data_dir)]
            return [*options, "--ready-file", str(self._ready_file)]
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A fleet with what a test needs to reach it. `fee_payer` is its treasury too; the sandbox's
    chain has the pace of `timing`."""

    fleet: Fleet
    client: HttpClient
    timing: Mapping[str, int]
    jwt_secret: str
    fee_payer: Keypair

    @property
    def faucet(self) -> Faucet:
        return Faucet(self.client, self.fleet.sandbox_url, self.fleet.rpc_url)

    @property
    def rpc(self) -> SolanaRpc:
        return SolanaRpc(self.client, (self.fleet.rpc_url,))

    async def start(self, role: str) -> None:
        """One more process of the role, once it is ready."""
        await self.fleet.start(role)
        if role == SANDBOX:
            await self.order("timing", self.timing)

    async def order(self, path: str, body: object, *, method: str = "POST") -> None:
        """An order to the sandbox's control."""
        url = f"{self.fleet.sandbox_url}/control/solana/{path}"
        answer = await self.client.request(method, url, content=msgspec.json.encode(body))
        assert answer.status == httpx.codes.OK, answer.body


@asynccontextmanager
async def platform(
    folder: Path, database: Database, *, timing: Mapping[str, int], workers: int
) -> AsyncIterator[Platform]:
    """One API, one relay and some workers, each in a process of its own, with a chain and a Valkey
    of their own. At the end nothing of it runs, whatever happened."""
    jwt_secret = "secret-of-a-test-" * 4
    fee_payer_file = folder / "fee_payer.json"
    fee_payer = load_or_create_keypair(fee_payer_file)
    async with HttpClient() as client:
        with EmbeddedValkey(folder / "valkey") as valkey:
            settings = {
                "DATABASE_URL": database.app_url,
                "REDIS_URL": valkey.url,
                "DIBOAS_JWT_SECRET": jwt_secret,
                "DIBOAS_FEE_PAYER_KEYPAIR_FILE": str(fee_payer_file),
                "DIBOAS_LOG_LEVEL": "warning",
            }
            opened = Platform(
                fleet=Fleet(folder, settings),
                client=client,
                timing=timing,
                jwt_secret=jwt_secret,
                fee_payer=fee_payer,
            )
            try:
                await opened.start(SANDBOX)
                await opened.faucet.fund_platform(
                    fee_payer=fee_payer.pubkey(), treasury_owner=fee_payer.pubkey()
                )
                roles = (API, RELAY, *[WORKER] * workers)
                await asyncio.gather(*(opened.start(role) for role in roles))
                yield opened
            finally:
                opened.fleet.stop()
