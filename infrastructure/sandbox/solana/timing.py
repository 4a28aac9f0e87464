"""The chain's time: slots, block heights, commitment and blockhashes, all computed when asked.

Nothing ticks: a slot is a function of the wall clock and one stored anchor, and a blockhash a
function of the chain's seed and a slot. So an idle sandbox does nothing, the chain goes on over a
restart, and a blockhash handed out before a `kill -9` is still known after it.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Literal

import msgspec
from solders.hash import Hash

Commitment = Literal["processed", "confirmed", "finalized"]

# Main-net skips slots, so a block's height lags its slot; whoever confuses the two shall notice.
SLOT_MINUS_HEIGHT: Final = 21_907_343
GENESIS_SLOT: Final = 435_888_000
SLOTS_PER_EPOCH: Final = 432_000
# The cache of computed blockhashes is bounded by the longest validity that can be set.
BLOCKHASH_SLOTS_MAX: Final = 10_000
# Ten thousand times the usual: a transaction of most work then costs fourteen SOL.
PRIORITY_MICRO_LAMPORTS_MAX: Final = 10_000_000


class Timing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast the chain is: milliseconds, and for how many slots a blockhash is valid; and how
    crowded: what providers offer for priority, in micro-lamports for a unit of work."""

    confirm_ms: int = 400
    finalize_ms: int = 1600
    slot_ms: int = 400
    blockhash_slots: int = 150
    priority_micro_lamports: int = 1_000

    def __post_init__(self) -> None:
        if not 0 <= self.confirm_ms <= self.finalize_ms:
            raise ValueError("0 <= confirm_ms <= finalize_ms expected")
        if self.slot_ms < 1 or not 1 <= self.blockhash_slots <= BLOCKHASH_SLOTS_MAX:
            raise ValueError("slot_ms >= 1 and 1 <= blockhash_slots <= 10000 expected")
        if not 0 <= self.priority_micro_lamports <= PRIORITY_MICRO_LAMPORTS_MAX:
            raise ValueError(
                f"priority_micro_lamports from 0 to {PRIORITY_MICRO_LAMPORTS_MAX} expected"
            )


class Anchor(msgspec.Struct, frozen=True):
    """At `unix_seconds` the chain was in `slot`."""

    slot: int
    unix_seconds: float


class ChainClock:
    def __init__(
        self, *, seed: bytes, anchor: Anchor, timing: Timing, wall_clock: Callable[[], float]
    ) -> None:
        self.timing = timing
        self.anchor = anchor
        self.now = wall_clock
        self._seed = seed
        self._hashes: OrderedDict[int, Hash] = OrderedDict()
        self._slots_by_hash: dict[Hash, int] = {}
        self._newest = anchor.slot

    def slot(self, commitment: Commitment = "processed") -> int:
        """The newest slot of that commitment; it never goes back, whatever the wall clock does."""
        lags_ms = {
            "processed": 0,
            "confirmed": self.timing.confirm_ms,
            "finalized": self.timing.finalize_ms,
        }
        if self._slot_before(0) < self._newest:
            # The wall clock was set back: hold the chain where it was.
            self.anchor = Anchor(self._newest, self.now())
        self._newest = self._slot_before(0)
        return self._slot_before(lags_ms[commitment])

    def level(self, slot: int) -> Commitment:
        """How committed a transaction of `slot` is by now."""
        if slot <= self.slot("finalized"):
            return "finalized"
        return "confirmed" if slot <= self.slot("confirmed") else "processed"

    def reached(self, slot: int, commitment: Commitment) -> bool:
        return slot <= self.slot(commitment)

    def advance(self, slots: int) -> None:
        """Lets `slots` pass at once."""
        self.anchor = Anchor(self.anchor.slot + slots, self.anchor.unix_seconds)

    def retime(self, timing: Timing) -> None:
        """A new pace from now on; the present slot stays."""
        self.anchor = Anchor(self.slot(), self.now())
        self.timing = timing

    def blockhash(self, slot: int) -> Hash:
        known = self._hashes.get(slot)
        if known is None:
            digest = hashlib.sha256(self._seed + slot.to_bytes(8, "little")).digest()
            known = self._hashes[slot] = Hash.from_bytes(digest)
            self._slots_by_hash[known] = slot
            if len(self._hashes) > 2 * BLOCKHASH_SLOTS_MAX:
                _slot, oldest = self._hashes.popitem(last=False)
                del self._slots_by_hash[oldest]
        return known

    def last_valid_height(self, slot: int) -> int:
        return block_height(slot) + self.timing.blockhash_slots

    def is_recent(self, blockhash: Hash) -> bool:
        """Whether a transaction with that blockhash may land in the present slot."""
        now = self.slot()
        oldest = now - self.timing.blockhash_slots
        slot = self._slots_by_hash.get(blockhash)
        if slot is None:
            # Possibly handed out before a restart: compute what has not been asked for since.
            for candidate in range(oldest, now + 1):
                self.blockhash(candidate)
            slot = self._slots_by_hash.get(blockhash)
        return slot is not None and oldest <= slot <= now

    def _slot_before(self, milliseconds: int) -> int:
        # To the microsecond: below it a float of Unix seconds is noise, and noise moves a floor.
        elapsed_ms = round((self.now() - self.anchor.unix_seconds) * 1000, 3) - milliseconds
        return self.anchor.slot + math.floor(elapsed_ms / self.timing.slot_ms)


def block_height(slot: int) -> int:
    return slot - SLOT_MINUS_HEIGHT
