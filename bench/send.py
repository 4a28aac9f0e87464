"""`make bench-send`: whole sends through the public API, by a client in a process of its own.

The sandbox confirms at once, so what is measured is the platform; the runtime that executes the
transfers, the database and the client share the machine with it.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec

from bench.commits import CommitCounter, Commits
from bench.cpu import spent
from bench.platform import ROOT, Platform, started
from bench.population import populate
from bench.send_client import Customer, Order, Sent
from bench.stats import quantile
from bench.targets import Target, report
from infrastructure.db.pool import create_pool
from resolvers.ids import Kind, decode

RATE_MIN: Final = 60.0
COMMITS_MAX: Final = 6.0
DELIVERY_P99_MS_MAX: Final = 50.0

CLIENTS: Final = 64
SENDS_EACH: Final = 12
WARM_UP_EACH: Final = 2
ALONE: Final = 50
IDLE: Final = 100
AMOUNT_USDC: Final = 5
_PAUSE_SECONDS: Final = 0.1
_SETTLED_SECONDS: Final = 3.0
_CLIENT_SECONDS_MAX: Final = 300.0
_RECORDED: Final = """
    SELECT stream_id, sequence, extract(epoch FROM recorded_at)::float8 AS at
    FROM outbox WHERE stream_id = ANY($1)
"""


@dataclass(frozen=True, slots=True)
class Bench:
    platform: Platform
    folder: Path

    async def run(self) -> list[Target]:
        ready = self.platform.ready
        customers = await populate(ready, self.folder / "data", CLIENTS)
        self._send(customers, WARM_UP_EACH)
        before = spent(self.platform)
        crowd = self._send(customers, SENDS_EACH)
        _say_rate(crowd)
        _say_cpu(len(crowd), spent(self.platform) - before)
        alone, commits = await self._alone(customers[:1])
        _say_commits(alone, commits)
        delivered = await self._delivery(self._send(customers[:1], IDLE, pause=_PAUSE_SECONDS))
        _say_delivery(delivered)
        return [
            Target("sends a second", _rate(crowd), RATE_MIN, at_most=False),
            Target("writing commits a send, alone", commits.writes / ALONE, COMMITS_MAX),
            Target("delivery p99 ms, idle", quantile(delivered, 0.99), DELIVERY_P99_MS_MAX),
        ]

    async def _alone(self, customers: Sequence[Customer]) -> tuple[list[Sent], Commits]:
        """Sends one after another, and the commits that they cost."""
        counter = await CommitCounter.opened(self.platform.ready.database_url)
        await asyncio.sleep(_SETTLED_SECONDS)
        first, began_at = await counter.mark(), time.monotonic()
        sent = self._send(customers, ALONE)
        await asyncio.sleep(_SETTLED_SECONDS)
        spent, seconds = await counter.since(first), time.monotonic() - began_at
        await counter.close()
        print(f"commits a second that keep the platform going: {spent.upkeep / seconds:.1f}")
        return sent, spent

    async def _delivery(self, sent: Sequence[Sent]) -> list[float]:
        """Milliseconds from when each event was recorded, which is before its commit, to when it
        arrived, in order of size."""
        pool = await create_pool(self.platform.ready.database_url, size_max=1)
        streams = [decode(Kind.TRANSACTION, each.transaction_id) for each in sent]
        rows = await pool.fetch(_RECORDED, streams)
        await pool.close()
        recorded = {(row["stream_id"], row["sequence"]): row["at"] for row in rows}
        return sorted(
            (event.arrived_at - recorded[stream, event.sequence]) * 1000
            for stream, each in zip(streams, sent, strict=True)
            for event in each.events
        )

    def _send(self, customers: Sequence[Customer], sends: int, *, pause: float = 0.0) -> list[Sent]:
        """What the client saw, in a process of its own."""
        order, seen = self.folder / "order.json", self.folder / "sent.json"
        content = Order(
            url=self.platform.ready.subscriptions,
            customers=list(customers),
            sends=sends,
            amount=AMOUNT_USDC,
            pause_seconds=pause,
        )
        order.write_bytes(msgspec.json.encode(content))
        command = [sys.executable, "-m", "bench.send_client", str(order), str(seen)]
        subprocess.run(command, check=True, cwd=ROOT, timeout=_CLIENT_SECONDS_MAX)
        return msgspec.json.decode(seen.read_bytes(), type=list[Sent])


def _rate(sent: Sequence[Sent]) -> float:
    seconds = max(each.ended_at for each in sent) - min(each.began_at for each in sent)
    return len(sent) / seconds


def _say_rate(sent: Sequence[Sent]) -> None:
    times = sorted(each.ended_at - each.began_at for each in sent)
    print(
        f"{CLIENTS} clients: {len(sent)} sends, {_rate(sent):.1f} a second, "
        f"p50 {quantile(times, 0.5):.2f} s, p99 {quantile(times, 0.99):.2f} s"
    )


def _say_cpu(sends: int, milliseconds: Counter[str]) -> None:
    each = ", ".join(f"{name} {spent / sends:.1f}" for name, spent in sorted(milliseconds.items()))
    print(f"CPU ms a send: {each}; together {milliseconds.total() / sends:.1f}")


def _say_commits(sent: Sequence[Sent], commits: Commits) -> None:
    times = sorted(each.ended_at - each.began_at for each in sent)
    print(
        f"1 client: {_rate(sent):.1f} a second, p50 {quantile(times, 0.5) * 1000:.0f} ms; "
        f"writing commits a send: {commits.writes / len(sent):.2f}"
    )


def _say_delivery(delivered: Sequence[float]) -> None:
    print(
        f"delivery of {len(delivered)} events: p50 {quantile(delivered, 0.5):.1f} ms, "
        f"p99 {quantile(delivered, 0.99):.1f} ms, at most {delivered[-1]:.1f} ms"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.send")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="diboas-bench-") as folder,
        started(Path(folder) / "data") as platform,
    ):
        timing = f"{platform.ready.sandbox_url}/control/solana/timing"
        zero = {"confirm_ms": 0, "finalize_ms": 0}
        httpx.post(timing, json=zero, trust_env=False).raise_for_status()
        reached = report(asyncio.run(Bench(platform, Path(folder)).run()))
    return int(options.check and not reached)


if __name__ == "__main__":
    sys.exit(main())
