"""The roles of the platform as processes of their own, started the way an operator starts them."""

import asyncio
import contextlib
import itertools
import secrets
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from solders.pubkey import Pubkey

from bench.platform import Ready, User, command, environment
from infrastructure.chains.solana.addresses import USDC_DECIMALS, associated_token_account
from infrastructure.chains.solana.keys import load_or_create_keypair
from infrastructure.chains.solana.rpc import SolanaRpc
from infrastructure.cli.demo_seed import fund_platform, seed
from infrastructure.cli.provider_keys import connections, split
from infrastructure.cli.ready import read_addresses, write_json
from infrastructure.embedded.ports import free_port
from infrastructure.embedded.process import Child, ChildCommand, start, wait_until
from infrastructure.http import HttpClient
from infrastructure.settings import load_settings

READY_SECONDS_MAX: Final = 30.0
COMMAND_SECONDS_MAX: Final = 30.0
POLL_SECONDS: Final = 0.02
_STOP_SECONDS_MAX: Final = 10.0
_HOST: Final = "127.0.0.1"
# What each says once it works.
_SAYS: Final = {"sandbox": "solana_rpc_url: "}


@dataclass(frozen=True, slots=True)
class Process:
    """One role; what it says is in its log, both streams of it."""

    role: str
    child: Child
    log_file: Path

    @property
    def said(self) -> str:
        return self.log_file.read_text()

    @property
    def is_ready(self) -> bool:
        assert self.child.exit_code is None, self.said
        return _SAYS.get(self.role, f"diboas {self.role}: ready") in self.said

    def has_ended(self) -> bool:
        return self.child.exit_code is not None


class Deployment:
    """Processes that share a database, a Redis, a chain and their settings."""

    def __init__(self, folder: Path, *, redis_url: str) -> None:
        self._folder = folder
        self._processes: list[Process] = []
        self._numbers = itertools.count(1)
        self._sandbox_port = free_port(_HOST)
        fee_payer_file = folder / "keys" / "fee_payer.json"
        load_or_create_keypair(fee_payer_file)
        jwt_secret = secrets.token_urlsafe(48)
        (folder / "keys" / "jwt_secret").write_text(jwt_secret)
        self._settings = {
            "REDIS_URL": redis_url,
            "DIBOAS_JWT_SECRET": jwt_secret,
            "DIBOAS_HOST": _HOST,
            "DIBOAS_PORT": str(free_port(_HOST)),
            "DIBOAS_SOLANA_RPC_URLS": f"{self.sandbox_url}/solana",
            "DIBOAS_SANDBOX_URL": self.sandbox_url,
            "DIBOAS_FEE_PAYER_KEYPAIR_FILE": str(fee_payer_file),
            "DIBOAS_PROVIDERS_FILE": str(folder / "keys" / "providers.json"),
        }

    @property
    def sandbox_url(self) -> str:
        return f"http://{_HOST}:{self._sandbox_port}"

    def use_database(self, *, app_url: str, admin_url: str) -> None:
        """What starts from now on works with this database."""
        self._settings |= {"DATABASE_URL": app_url, "DATABASE_ADMIN_URL": admin_url}

    def start(self, role: str, *arguments: str, program: Sequence[str] = ()) -> Process:
        """A role; `program` in place of `diboas`. Await `ready` before relying on it."""
        log_file = self._folder / "logs" / f"{role}-{next(self._numbers)}.log"
        child = start(
            ChildCommand(
                name=role,
                arguments=[*(program or command()), role, *arguments],
                log_file=log_file,
                environment=environment(**self._settings),
                directory=Path("/"),
            )
        )
        process = Process(role, child, log_file)
        self._processes.append(process)
        return process

    def start_sandbox(self) -> Process:
        """Returns when its credentials are where the other roles look for them."""
        data_dir, ready_file = self._folder / "sandbox", self._folder / "sandbox.ready.json"
        options = ("--port", str(self._sandbox_port), "--data-dir", str(data_dir))
        process = self.start("sandbox", *options, "--ready-file", str(ready_file))
        assert wait_until(
            lambda: process.is_ready and ready_file.exists(), deadline_seconds=READY_SECONDS_MAX
        ), process.said
        _addresses, keys = split(read_addresses(ready_file))
        providers_file = Path(self._settings["DIBOAS_PROVIDERS_FILE"])
        write_json(providers_file, connections(self.sandbox_url, keys))
        return process

    async def ready(self, *processes: Process) -> None:
        """Returns when all of them work; of none named, all that were started."""
        async with asyncio.timeout(READY_SECONDS_MAX):
            for process in processes or self._processes:
                while True:
                    if process.is_ready:
                        break
                    await asyncio.sleep(POLL_SECONDS)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        return subprocess.run(
            [*command(), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            env=environment(**self._settings),
            cwd="/",
        )

    def stop(self, *processes: Process, number: signal.Signals = signal.SIGTERM) -> dict[str, int]:
        """Ends them, the one that was started last first; of none named, all. Their exit codes."""
        codes = {}
        for process in reversed(processes or tuple(self._processes)):
            code = process.child.stop(number, deadline_seconds=_STOP_SECONDS_MAX)
            codes[process.log_file.stem] = code
            self._processes.remove(process)
        return codes

    async def seed(self) -> Ready:
        """The demo users with their first money, booked; for that, wallet's worker has to run."""
        settings = load_settings(environment(**self._settings))
        await fund_platform(settings)
        users = await seed(settings, self._folder)
        place = f"{settings.host}:{settings.port}/graphql"
        return Ready(
            graphql=f"http://{place}",
            subscriptions=f"ws://{place}",
            database_url=settings.database_url,
            redis_url=settings.redis_url,
            sandbox_url=settings.sandbox_url,
            solana_rpc_url=settings.solana_rpc_urls[0],
            users=[
                User(user.username, user.token, dict(user.addresses), Path(user.keypair_file))
                for user in users
            ],
        )


@contextlib.contextmanager
def deployed(folder: Path, *, app_url: str, admin_url: str, redis_url: str) -> Iterator[Deployment]:
    """A chain, and whatever is started beside it; at the end all of it stops in order, or the test
    fails, and nothing of it runs."""
    deployment = Deployment(folder, redis_url=redis_url)
    deployment.use_database(app_url=app_url, admin_url=admin_url)
    try:
        deployment.start_sandbox()
        yield deployment
        for name, code in deployment.stop().items():
            assert code == 0, (folder / "logs" / f"{name}.log").read_text()
    finally:
        deployment.stop(number=signal.SIGKILL)


async def on_the_chain(ready: Ready) -> dict[str, Decimal]:
    """The USDC of each demo user, as the node tells."""
    held = {}
    async with HttpClient() as client:
        rpc = SolanaRpc(client, (ready.solana_rpc_url,))
        for user in ready.users:
            account = associated_token_account(Pubkey.from_string(user.addresses["solana"]))
            units = await rpc.token_balance(account, "processed")
            held[user.username] = Decimal(units or 0).scaleb(-USDC_DECIMALS)
    return held
