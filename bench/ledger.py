"""`make bench-ledger`: whole Units through the committer, beside what it could cost at best and
would cost at worst.

Every figure is of the same work: the step of a Send, written durably by an embedded PostgreSQL of
this run. The rounds are interleaved, so that a slow minute of the machine hits all alike.
"""

import argparse
import asyncio
import gc
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from bench.ledger_baseline import LEASE, bare_calls, interactive, owner_pool
from bench.ledger_units import accounts, loads, opening
from bench.stats import Sample, Summary, summary
from domain.shared.unit import Committed, Unit
from infrastructure.collector import spare_collector
from infrastructure.db.committer import Committer
from infrastructure.db.encoding import CALL_UNITS_MAX
from infrastructure.db.invariants import check
from infrastructure.db.migrate import upgrade
from infrastructure.db.pool import connect
from infrastructure.embedded.postgres import EmbeddedPostgres

LANES: Final = 1
CLIENTS: Final = 32
ROUNDS: Final = 4
WARM_UP_UNITS: Final = 3_200
# A server that has run for a while writes into recycled segments of its log; a new one stops some
# 20 ms for each that it makes, twice a second under this load.
SERVER: Final = {"min_wal_size": "1GB", "max_wal_size": "2GB"}
FILL_LOG: Final = """
    DO $$ BEGIN
        FOR segment IN 1..60 LOOP
            PERFORM pg_logical_emit_message(false, 'bench', ''), pg_switch_wal();
        END LOOP;
    END $$
"""
MANY: Final = 4_800  # units of a round at 32 clients
FEW: Final = 600  # at one client, and of the interactive baseline

BARE_SHARE_MIN: Final = 0.8
INTERACTIVE_RATIO_MIN: Final = 4.0
P99_MS_MAX: Final = 20.0
HOT_SHARE_MIN: Final = 0.9


@dataclass(slots=True)
class Bench:
    """What is measured, by its name."""

    url: str
    lanes: int
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))

    async def run(self) -> dict[str, Summary]:
        await self._warm_up()
        for _ in range(ROUNDS):
            await self._round()
        return {name: summary(samples) for name, samples in self.samples.items()}

    async def _warm_up(self) -> None:
        """Opens the accounts, fills the caches and the tables."""
        everything = [opening(account, number) for number, account in enumerate(accounts())]
        await self._committed([everything[n::CLIENTS] for n in range(CLIENTS)])
        for hot in (False, True):
            await self._committed(_work(CLIENTS, WARM_UP_UNITS, hot=hot))

    async def _round(self) -> None:
        for hot, name in ((False, "uniform"), (True, "hot account")):
            self._keep(
                f"committer, {CLIENTS} clients, {name}",
                await self._committed(_work(CLIENTS, MANY, hot=hot)),
            )
            self._keep(f"bare call, {name}", await self._bare(hot=hot))
            self._keep(
                f"committer, 1 client, {name}", await self._committed(_work(1, FEW, hot=hot))
            )
            self._keep(f"interactive, {CLIENTS} clients, {name}", await self._interactive(hot=hot))

    def _keep(self, name: str, sample: Sample) -> None:
        self.samples[name].append(sample)

    async def _committed(self, work: Sequence[Sequence[Unit]]) -> Sample:
        committer = Committer(
            lambda: connect(self.url),
            lanes=self.lanes,
            lease_owner=LEASE[0],
            lease_seconds=LEASE[1],
        )
        await committer.start()

        async def commit(unit: Unit) -> None:
            result = await committer.commit(unit)
            assert isinstance(result, Committed), result

        sample = await _measured(work, commit)
        await committer.close()
        return sample

    async def _bare(self, *, hot: bool) -> Sample:
        """Batches as large as the call takes, one after another."""
        clients = _work(CALL_UNITS_MAX * self.lanes, MANY, hot=hot)
        return await bare_calls(self.url, clients, connections=self.lanes)

    async def _interactive(self, *, hot: bool) -> Sample:
        pool = await owner_pool(self.url, size=CLIENTS)
        sample = await _measured(_work(CLIENTS, FEW, hot=hot), lambda unit: interactive(pool, unit))
        await pool.close()
        return sample


def _work(clients: int, total: int, *, hot: bool) -> list[list[Unit]]:
    return [load.units(total // clients) for load in loads(clients=clients, hot=hot)]


async def _measured(
    work: Sequence[Sequence[Unit]], do: Callable[[Unit], Awaitable[None]]
) -> Sample:
    """Each client does one of its units after another, in a process set up like one that serves:
    what was prepared is no garbage."""
    latencies: list[float] = []

    async def client(units: Sequence[Unit]) -> None:
        for unit in units:
            began = time.perf_counter()
            await do(unit)
            latencies.append(time.perf_counter() - began)

    spare_collector()
    began = time.perf_counter()
    await asyncio.gather(*map(client, work))
    seconds = time.perf_counter() - began
    gc.unfreeze()
    return Sample(sum(map(len, work)), seconds, latencies)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached, and what was."""

    name: str
    value: float
    bound: float
    at_most: bool = False

    @property
    def reached(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        verdict = "pass" if self.reached else "MISS"
        return f"{verdict}  {self.name}: {self.value:.2f} (wanted {sign} {self.bound:g})"


def _targets(results: dict[str, Summary]) -> list[Target]:
    uniform = results[f"committer, {CLIENTS} clients, uniform"]
    hot = results[f"committer, {CLIENTS} clients, hot account"]
    slow = results[f"interactive, {CLIENTS} clients, uniform"]
    bare = results["bare call, uniform"]
    return [
        Target("share of the bare call", uniform.rate / bare.rate, BARE_SHARE_MIN),
        Target("times the interactive rate", uniform.rate / slow.rate, INTERACTIVE_RATIO_MIN),
        Target(f"p99 ms at {CLIENTS} clients", uniform.p99_ms, P99_MS_MAX, at_most=True),
        Target("p99 ms on the hot account", hot.p99_ms, P99_MS_MAX, at_most=True),
        Target("hot account's share of uniform", hot.rate / uniform.rate, HOT_SHARE_MIN),
    ]


async def _broken(url: str) -> int:
    connection = await connect(url)
    try:
        violations = await check(connection)
    finally:
        await connection.close()
    for violation in violations:
        print(f"BROKEN  {violation.invariant}: {violation.detail}")
    return len(violations)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ledger")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    parser.add_argument("--lanes", type=int, default=LANES, help="connections of the committer")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="diboas-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres", settings=SERVER) as server,
    ):
        server.execute(FILL_LOG)
        server.execute("CHECKPOINT")
        server.ensure_database("bench")
        url = server.url("bench")
        upgrade(url)
        bench = Bench(url, options.lanes)
        results = uvloop.run(bench.run())
        broken = uvloop.run(_broken(url))
    print(f"{'units/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'units':>8}")
    for name, each in sorted(results.items()):
        print(f"{each.rate:9.0f} {each.p50_ms:8.2f} {each.p99_ms:8.2f} {each.count:8}  {name}")
    targets = _targets(results)
    print(*targets, sep="\n")
    print(f"committer's lanes: {options.lanes}; latencies of the bare call are of whole batches")
    missed = broken or not all(target.reached for target in targets)
    return 1 if broken or (options.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
