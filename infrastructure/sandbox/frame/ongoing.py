"""What something may still happen to by itself, kept over a restart of the sandbox."""

import logging
from collections.abc import Awaitable, Callable

from infrastructure.sandbox.frame.world import World

logger = logging.getLogger(__name__)


class Ongoing:
    """Identifiers of one kind; `go_on`, a chore of the world, has `look` catch each up with the
    clock."""

    def __init__(self, world: World, kind: str, look: Callable[[str], Awaitable[object]]) -> None:
        self._memory = world.memory
        self._collection = f"{kind}_unsettled"
        self._look = look

    def keep(self, identifier: str, *, settled: bool) -> None:
        """Whether it is still to be looked at."""
        known = self._identifiers()
        if settled == (identifier in known):
            changed = set(known) ^ {identifier}
            self._memory.put(self._collection, "ids", sorted(changed))

    async def go_on(self) -> None:
        """Looks at all of them."""
        for identifier in self._identifiers():
            try:
                await self._look(identifier)
            except Exception:
                # It is tried again with the next look; the others shall not wait for it.
                logger.exception("%s does not go on", identifier)

    def _identifiers(self) -> list[str]:
        return self._memory.get(self._collection, "ids", list[str]) or []
