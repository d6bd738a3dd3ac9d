"""Large matrices: all of their cases with `--all`, else a tenth, drawn by a seed that is printed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

SHARE = 10


@dataclass(frozen=True)
class Matrix:
    """Which cases of a matrix a run takes.

    `test` is the name of the test that asks, so that each draws its own.
    """

    is_whole: bool
    seed: int
    test: str

    def sample(self, cases: Sequence[T]) -> list[T]:
        """All cases, or a tenth of them in their order, and at least one where there is any."""
        if self.is_whole or not cases:
            return list(cases)
        drawn = random.Random(f"{self.seed}/{self.test}")
        count = max(1, round(len(cases) / SHARE))
        return [cases[place] for place in sorted(drawn.sample(range(len(cases)), count))]
