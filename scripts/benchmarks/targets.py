"""What is to be reached: a benchmark says whether it is, and fails only where something was lost."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.figures import Spread


@dataclass(frozen=True)
class Target:
    """`found` is judged by its median; `is_floor` says that more is better."""

    sentence: str
    found: Spread
    wanted: float
    is_floor: bool = True

    @property
    def is_reached(self) -> bool:
        return self.found.median >= self.wanted if self.is_floor else self.found.median <= self.wanted
