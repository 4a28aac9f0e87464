"""What every adapter is opened with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from infrastructure.http import HttpClient


@dataclass(frozen=True, slots=True)
class Access:
    http: HttpClient
    clock: Callable[[], datetime]

    def client(self, _name: str, _nodes: Sequence[str] = ()) -> HttpClient:
        """The client through which the provider of that name is spoken to."""
        return self.http
