"""Rates and latencies of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """What was done in one go, in how long, and how long each took that waited for it."""

    done: int
    seconds: float
    latencies_seconds: Sequence[float]

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.done / self.seconds


@dataclass(frozen=True, slots=True)
class Summary:
    """Several samples: the median of their rates, and the latencies of all together."""

    rate: float
    p50_ms: float
    p99_ms: float
    count: int


def summary(samples: Sequence[Sample]) -> Summary:
    latencies = sorted(second for sample in samples for second in sample.latencies_seconds)
    return Summary(
        rate=median(sample.rate for sample in samples),
        p50_ms=quantile(latencies, 0.50) * 1e3,
        p99_ms=quantile(latencies, 0.99) * 1e3,
        count=sum(sample.done for sample in samples),
    )


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """The value that `fraction` of the others do not exceed (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))]
