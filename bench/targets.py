"""Figures beside what they should be."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached, and what was."""

    name: str
    value: float
    bound: float
    at_most: bool = True

    @property
    def reached(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        verdict = "pass" if self.reached else "MISS"
        return f"{verdict}  {self.name}: {self.value:.2f} (wanted {sign} {self.bound:g})"


def report(targets: Iterable[Target]) -> bool:
    """Print each; whether all were reached."""
    reached = True
    for target in targets:
        print(target, flush=True)
        reached &= target.reached
    return reached
