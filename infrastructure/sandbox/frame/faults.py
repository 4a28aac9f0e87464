"""Switches that make a provider misbehave: set over /control/faults, applied to its operations."""

from typing import Final, Literal

import msgspec

_MILLION: Final = 1_000_000

FaultKind = Literal[
    "latency",
    "timeout_before_executing",
    "timeout_after_executing",
    "error",
    "rate_limit",
    "outage",
    "malformed_body",
    "wrong_amount",
    "webhook_lost",
    "webhook_duplicated",
    "webhook_delayed",
    "webhook_reordered",
    "webhook_forged",
]


class ProviderFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`operations=None` is every operation; `remaining=None` until cleared.

    `latency` waits `latency_ms`. `error` answers `status` and does nothing else. The timeouts hold
    the answer for `hang_ms`, then break it off with 504: before or after the operation was carried
    out. `outage` refuses everything with 503. `malformed_body` answers a body that is cut off.
    `wrong_amount` scales the amount that the operation answers or delivers by `millionths`.
    Webhooks are lost, sent ten times, held back for `delay_ms`, sent after the next one, or signed
    with a wrong key.
    """

    kind: FaultKind
    provider: str
    operations: list[str] | None = None
    remaining: int | None = None
    latency_ms: int = 0
    status: int = 500
    retry_after_seconds: int = 1
    hang_ms: int = 30_000
    millionths: int = 1_100_000
    delay_ms: int = 5_000


class ProviderFaults:
    """Of two faults of one kind that fit an operation, the one set last applies."""

    def __init__(self) -> None:
        self._set: list[ProviderFault] = []
        self._providers: set[str] = set()

    @property
    def providers(self) -> list[str]:
        """The names that faults can have."""
        return sorted(self._providers)

    def know(self, provider: str) -> None:
        """There is such a provider."""
        self._providers.add(provider)

    def all(self) -> list[ProviderFault]:
        return list(self._set)

    def add(self, fault: ProviderFault) -> None:
        self._set.append(fault)

    def clear(self, provider: str | None = None) -> None:
        self._set = [fault for fault in self._set if provider not in (None, fault.provider)]

    def take(self, kind: FaultKind, provider: str, operation: str) -> ProviderFault | None:
        """The fault that applies to this operation, counted off."""
        for index in range(len(self._set) - 1, -1, -1):
            fault = self._set[index]
            fits = fault.operations is None or operation in fault.operations
            if (fault.kind, fault.provider) != (kind, provider) or not fits:
                continue
            if fault.remaining is not None:
                self._count_off(index, fault, fault.remaining)
            return fault
        return None

    def millionths(self, provider: str, operation: str) -> int:
        """By how many of them `wrong_amount` scales what this operation says; a million without
        such a fault."""
        fault = self.take("wrong_amount", provider, operation)
        return _MILLION if fault is None else fault.millionths

    def scaled(self, amount: int, provider: str, operation: str) -> int:
        """The amount that this operation says, or the wrong one that is set for it."""
        return amount * self.millionths(provider, operation) // _MILLION

    def _count_off(self, index: int, fault: ProviderFault, remaining: int) -> None:
        if remaining <= 1:
            del self._set[index]
        else:
            self._set[index] = msgspec.structs.replace(fault, remaining=remaining - 1)
