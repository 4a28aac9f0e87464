"""Switches that make the node misbehave: set over /control, applied to JSON-RPC calls."""

from typing import Literal

import msgspec

Kind = Literal[
    "latency",
    "error",
    "drop_broadcasts",
    "timeout_before_executing",
    "timeout_after_executing",
    "rate_limit",
]


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`methods=None` is every method; `remaining=None` until cleared.

    `latency` waits `latency_ms`. `error` answers HTTP `http_status` if set, else the JSON-RPC error
    `code` and `message`; neither executes. `drop_broadcasts` answers a signature and forgets the
    transaction. The timeouts hold the answer for `hang_ms`, then answer HTTP 504.
    `rate_limit` answers 429 with Retry-After.
    """

    kind: Kind
    methods: list[str] | None = None
    remaining: int | None = None
    latency_ms: int = 0
    http_status: int | None = None
    code: int = -32603
    message: str = "Internal error"
    retry_after_seconds: int = 1
    hang_ms: int = 30_000


class Faults:
    """Of two faults of one kind that fit a call, the one set last applies."""

    def __init__(self) -> None:
        self._set: list[Fault] = []

    def all(self) -> list[Fault]:
        return list(self._set)

    def add(self, fault: Fault) -> None:
        self._set.append(fault)

    def clear(self) -> None:
        self._set.clear()

    def take(self, kind: Kind, method: str) -> Fault | None:
        """The fault that applies to this call, counted off."""
        for index in range(len(self._set) - 1, -1, -1):
            fault = self._set[index]
            if fault.kind != kind or not (fault.methods is None or method in fault.methods):
                continue
            if fault.remaining is not None:
                self._count_off(index, fault, fault.remaining)
            return fault
        return None

    def _count_off(self, index: int, fault: Fault, remaining: int) -> None:
        if remaining <= 1:
            del self._set[index]
        else:
            self._set[index] = msgspec.structs.replace(fault, remaining=remaining - 1)
