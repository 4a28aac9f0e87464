"""Finding what was lost on a channel, from the dense offsets, before anything is filtered."""

from enum import Enum, auto

from infrastructure.db.positions import Position


class Verdict(Enum):
    """What a frame says about its channel."""

    NEXT = auto()
    OLD = auto()
    GAP = auto()


class ChannelTracker:
    """What one process has seen of one channel.

    All events up to `position` were handed on. `offset` is the last one's number, None while it
    is not known: the next frame then tells it, for a fresh subscription misses nothing.
    """

    def __init__(self, position: Position) -> None:
        self.position = position
        self.offset: int | None = None
        # The frame that showed a gap: after the refill the numbers follow it, also where the
        # publisher's numbering was opened anew.
        self._anchor: tuple[int, Position] | None = None

    def see(self, offset: int, position: Position) -> Verdict:
        """Judge an event's frame: only after NEXT is it counted as handed on."""
        if position <= self.position:
            return Verdict.OLD
        if self.offset is not None and offset != self.offset + 1:
            self._anchor = (offset, position)
            return Verdict.GAP
        self.offset, self.position = offset, position
        return Verdict.NEXT

    def beat(self, offset: int, position: Position) -> Verdict:
        """Judge a heartbeat: NEXT where nothing is missing up to its position."""
        if position <= self.position:
            return self._adopt(offset, position)
        if self.offset is not None and offset != self.offset:
            self._anchor = (offset, position)
            return Verdict.GAP
        self.offset, self.position = offset, position
        return Verdict.NEXT

    def _adopt(self, offset: int, position: Position) -> Verdict:
        if self.offset is None and position == self.position:
            self.offset = offset
        return Verdict.OLD

    def absorb(self, position: Position) -> bool:
        """Count an event that was read from the log; False where it was handed on before."""
        if position <= self.position:
            return False
        if self._anchor is not None and position > self._anchor[1]:
            self.offset, self._anchor = self._anchor[0], None
        if self.offset is not None:
            self.offset += 1
        self.position = position
        return True

    def settle(self, head: Position) -> None:
        """All events up to `head` have been absorbed."""
        if self._anchor is not None:
            self.offset, self._anchor = self._anchor[0], None
        self.position = max(self.position, head)

    def skip(self, head: Position) -> None:
        """What lies before `head` is left to the subscribers' own replays."""
        self.position = max(self.position, head)
        self.offset, self._anchor = None, None
