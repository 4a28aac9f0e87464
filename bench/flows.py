"""`make bench-flows`: each flow through the public API, how many complete a second and how many
writing commits one of them costs.

Few of each: the figures show where a flow stands, not what the platform can bear. Providers and
chain are those of the sandbox, which confirm at once and share the machine with the platform; its
time passes for all at once, while everybody waits for it.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec

from bench.commits import CommitCounter
from bench.flow_client import FLOWS, Order
from bench.flow_person import Done
from bench.platform import ROOT, Platform, started
from bench.population import populate
from bench.send_client import Customer
from bench.stats import quantile
from bench.targets import Target, report

ORCHESTRATED_COMMITS_MAX: Final = 6.0
CHOREOGRAPHED_COMMITS_MAX: Final = 8.0
CHOREOGRAPHED: Final = frozenset({"send", "deposit", "buy, payment"})

CLIENTS: Final = 8
EACH: Final = 2
ALONE: Final = 20
_HEADING: Final = f"{'flow':<18}{'a second':>10}{'p50 ms':>10}{'commits':>10}{'target':>8}{'ratio':>8}{'upkeep/s':>10}"
# By then all is committed that came of the ones before: a webhook waits a second for another commit,
# and a watcher of deposits for a look that finds nothing.
_SETTLED_SECONDS: Final = 3.0
_CLIENT_SECONDS_MAX: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One flow: how many completed a second, the seconds and writing commits of one alone, and the
    commits a second that kept the platform going meanwhile, which are not among them."""

    name: str
    rate: float
    alone_seconds: float
    commits: float
    commits_max: float
    upkeep: float

    def __str__(self) -> str:
        return (
            f"{self.name:<18}{self.rate:>10.1f}{self.alone_seconds * 1000:>10.0f}"
            f"{self.commits:>10.2f}{self.commits_max:>8.0f}{self.commits / self.commits_max:>8.2f}"
            f"{self.upkeep:>10.1f}"
        )

    @property
    def target(self) -> Target:
        return Target(f"writing commits, {self.name}", self.commits, self.commits_max)


@dataclass(frozen=True, slots=True)
class Bench:
    platform: Platform
    folder: Path
    counter: CommitCounter

    async def run(self, names: Sequence[str]) -> list[Measured]:
        customers = await populate(self.platform.ready, self.folder / "data", CLIENTS)
        print(_HEADING)
        measured = []
        for name in names:
            measured.append(await self._measure(name, customers))
            print(measured[-1], flush=True)
        return measured

    async def _measure(self, name: str, customers: Sequence[Customer]) -> Measured:
        """The first transaction of each customer is not counted: it makes accounts and caches."""
        self._carry_out(name, customers, 1)
        crowd = self._carry_out(name, customers, EACH)
        await asyncio.sleep(_SETTLED_SECONDS)
        first, began_at = await self.counter.mark(), time.monotonic()
        alone = self._carry_out(name, customers[:1], ALONE)
        await asyncio.sleep(_SETTLED_SECONDS)
        spent = await self.counter.since(first)
        choreographed = name in CHOREOGRAPHED
        return Measured(
            name=name,
            rate=_rate(crowd),
            alone_seconds=quantile(sorted(each.ended_at - each.began_at for each in alone), 0.5),
            commits=spent.writes / ALONE,
            commits_max=CHOREOGRAPHED_COMMITS_MAX if choreographed else ORCHESTRATED_COMMITS_MAX,
            upkeep=spent.upkeep / (time.monotonic() - began_at),
        )

    def _carry_out(self, flow: str, customers: Sequence[Customer], count: int) -> list[Done]:
        """What the client saw, in a process of its own."""
        order, seen = self.folder / "order.json", self.folder / "done.json"
        content = Order(
            url=self.platform.ready.subscriptions,
            sandbox_url=self.platform.ready.sandbox_url,
            flow=flow,
            customers=list(customers),
            count=count,
        )
        order.write_bytes(msgspec.json.encode(content))
        command = [sys.executable, "-m", "bench.flow_client", str(order), str(seen)]
        subprocess.run(command, check=True, cwd=ROOT, timeout=_CLIENT_SECONDS_MAX)
        return msgspec.json.decode(seen.read_bytes(), type=list[Done])


def _rate(done: Sequence[Done]) -> float:
    seconds = max(each.ended_at for each in done) - min(each.began_at for each in done)
    return len(done) / seconds


async def _run(platform: Platform, folder: Path, names: Sequence[str]) -> list[Measured]:
    counter = await CommitCounter.opened(platform.ready.database_url)
    try:
        return await Bench(platform, folder, counter).run(names)
    finally:
        await counter.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.flows")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    parser.add_argument(
        "--only",
        action="append",
        choices=FLOWS,
        help="this flow; a sale needs a purchase before it, a stop a launch",
    )
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="diboas-bench-") as folder,
        started(Path(folder) / "data") as platform,
    ):
        timing = f"{platform.ready.sandbox_url}/control/solana/timing"
        zero = {"confirm_ms": 0, "finalize_ms": 0}
        httpx.post(timing, json=zero, trust_env=False).raise_for_status()
        measured = asyncio.run(_run(platform, Path(folder), options.only or list(FLOWS)))
        reached = report(each.target for each in measured)
    return int(options.check and not reached)


if __name__ == "__main__":
    sys.exit(main())
