"""The blocks of a simulated chain, computed when asked from the world's clock and one stored anchor.

Nothing ticks: a height is a function of the time, and a block's hash a function of the chain's
seed, its height and how often it was reorganised away. So days can pass in a test at no cost, and
the chain goes on over a restart. Time that is skipped brings a limited number of blocks, as if the
others had been missed: who looks at every block would be busy with empty ones for minutes.
"""

import hashlib
import math
import secrets
from datetime import timedelta
from typing import Final

import msgspec

from infrastructure.sandbox.frame.world import World

# The end of a hash names its height, so that nothing needs to be kept of blocks.
_HEIGHT_DIGITS: Final = 8
_HASH_DIGITS: Final = 64
_SEED_BYTES: Final = 16
SKIPPED_BLOCKS_MAX: Final = 128
"""So many blocks at most come with one skip of the clock: on every chain more than finality takes."""


class Anchor(msgspec.Struct, frozen=True):
    """At `unix_seconds` the tip had `height`. `forks` are the heights from which blocks were
    replaced, one for each reorganisation."""

    height: int
    unix_seconds: float
    forks: list[int] = []


def nodes_of(chain: str) -> tuple[str, str]:
    """The names of a chain's two nodes, which are also their paths: they tell of one chain, and
    faults of one are none of the other."""
    return chain, f"{chain}_2"


class BlockClock:
    """The blocks of `chain`, one each `seconds_per_block`, the first of them `first_height`."""

    def __init__(
        self, world: World, chain: str, *, seconds_per_block: float, first_height: int
    ) -> None:
        self._world = world
        self._collection = f"{chain}.blocks"
        self._seconds = seconds_per_block
        self._seed = world.memory.once(
            self._collection, "seed", lambda: secrets.token_hex(_SEED_BYTES)
        )
        if world.memory.get(self._collection, "anchor", Anchor) is None:
            self._put(Anchor(first_height, self.now()))
        world.clock.before_skip(self._miss)

    def now(self) -> float:
        """Unix seconds of the simulated world."""
        return self._world.clock.now().timestamp()

    def tip(self) -> int:
        anchor = self._anchor()
        passed = max(0.0, self.now() - anchor.unix_seconds)
        return anchor.height + math.floor(passed / self._seconds)

    def time_of(self, height: int) -> int:
        """Unix seconds of a block."""
        anchor = self._anchor()
        return math.floor(anchor.unix_seconds + (height - anchor.height) * self._seconds)

    def first_after(self, unix_seconds: float) -> int:
        """The height of the first block that is later than that."""
        anchor = self._anchor()
        passed = max(0.0, unix_seconds - anchor.unix_seconds)
        return anchor.height + math.floor(passed / self._seconds) + 1

    def hash_of(self, height: int) -> str:
        """64 hexadecimal digits."""
        return self._hash(height, sum(fork <= height for fork in self._anchor().forks))

    def find(self, block_hash: str) -> tuple[int, bool] | None:
        """Height, and whether it is in the best chain; None for what never was a block."""
        try:
            height = int(block_hash[-_HEIGHT_DIGITS:], 16)
        except ValueError:
            return None
        versions = sum(fork <= height for fork in self._anchor().forks)
        known = [self._hash(height, version) for version in range(versions + 1)]
        if height > self.tip() or block_hash not in known:
            return None
        return height, block_hash == known[-1]

    def mine(self, count: int) -> int:
        """`count` blocks at once; the height of the first of them."""
        anchor, tip = self._anchor(), self.tip()
        self._put(Anchor(tip + count, self.now(), anchor.forks))
        return tip + 1

    def reorganise(self, depth: int) -> int:
        """Replaces the last `depth` blocks by one more than that; the first replaced height."""
        anchor, tip = self._anchor(), self.tip()
        first = tip - depth + 1
        self._put(Anchor(tip + 1, self.now(), [*anchor.forks, first]))
        return first

    def _miss(self, skipped: timedelta) -> None:
        """The chain stands still for what the skip is longer than its blocks."""
        missed = skipped.total_seconds() - SKIPPED_BLOCKS_MAX * self._seconds
        if missed > 0:
            anchor = self._anchor()
            self._put(Anchor(self.tip(), self.now() + missed, anchor.forks))

    def _hash(self, height: int, version: int) -> str:
        digest = hashlib.sha256(f"{self._seed}:{height}:{version}".encode()).hexdigest()
        return digest[: _HASH_DIGITS - _HEIGHT_DIGITS] + f"{height:0{_HEIGHT_DIGITS}x}"

    def _anchor(self) -> Anchor:
        found = self._world.memory.get(self._collection, "anchor", Anchor)
        if found is None:
            raise LookupError("the chain has no anchor")
        return found

    def _put(self, anchor: Anchor) -> None:
        self._world.memory.put(self._collection, "anchor", anchor)
