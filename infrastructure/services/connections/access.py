"""What every adapter is opened with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from infrastructure.guard.guards import Guards
from infrastructure.http import HttpClient


@dataclass(frozen=True, slots=True)
class Access:
    """Without `guards` every call is made."""

    http: HttpClient
    clock: Callable[[], datetime]
    guards: Guards | None = None

    def client(self, name: str, nodes: Sequence[str] = ()) -> HttpClient:
        """The client through which the provider of that name, or a chain's nodes, are called."""
        if self.guards is None:
            return self.http
        guard = self.guards.of_nodes(name, nodes) if nodes else self.guards.of(name)
        return self.http.guarded(guard)
