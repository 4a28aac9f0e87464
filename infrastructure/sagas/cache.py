"""Streams that were just written, so that the next step need not read them.

A cached stream may be behind: the commit finds out by its sequence, and the reader is asked.
"""

from collections import OrderedDict
from typing import Final

from domain.shared.ids import StreamId
from domain.shared.stream import Stream
from infrastructure.sagas.ports import Streams

STREAMS_MAX: Final = 4_096
"""About 20 MB: a running Send has some dozen events."""


class CachedStreams:
    """Reads through to `source`; what was put last is kept."""

    def __init__(self, source: Streams, *, streams_max: int = STREAMS_MAX) -> None:
        self._source = source
        self._streams_max = streams_max
        self._kept: OrderedDict[StreamId, Stream] = OrderedDict()

    async def stream(self, stream_id: StreamId) -> Stream | None:
        """The stream as known here, or read."""
        kept = self._kept.get(stream_id)
        if kept is not None:
            self._kept.move_to_end(stream_id)
            return kept
        found = await self._source.stream(stream_id)
        if found is not None:
            self.put(found)
        return found

    def put(self, stream: Stream) -> None:
        """Keeps what a commit has just made of the stream."""
        self._kept[stream.id] = stream
        self._kept.move_to_end(stream.id)
        while len(self._kept) > self._streams_max:
            self._kept.popitem(last=False)

    def forget(self, stream_id: StreamId) -> None:
        """The next ask reads."""
        self._kept.pop(stream_id, None)
