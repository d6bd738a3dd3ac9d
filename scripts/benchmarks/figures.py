"""What was measured, put together: medians, spreads, and ratios round by round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Spread:
    """The middle of several measurements, and how far they lie apart."""

    median: float
    least: float
    most: float


@dataclass(frozen=True)
class Measured:
    """One contender in all rounds: records a second, CPU seconds for 100,000, memory at the end."""

    name: str
    rates: tuple[float, ...]
    cpu_per_100k: tuple[float, ...]
    over_imports_mib: float | None


def spread_of(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))


def ratio_of(one: Measured, other: Measured) -> Spread:
    """`one` over `other`, round by round: what slows a whole round down falls out of it."""
    return spread_of([a / b for a, b in zip(one.rates, other.rates, strict=True)])


# Does one round and says how many records it moved, and what the process said of it.
Round = Callable[[], tuple[int, Mapping[str, Any]]]


def measure(contenders: Mapping[str, Round], rounds: int) -> dict[str, Measured]:
    """All contenders in turn, A B C, A B C, …, so that a drift of the machine meets all of them.

    A first round opens connections and reads metadata, and is not counted.
    """
    for once in contenders.values():
        once()
    said: dict[str, list[tuple[int, Mapping[str, Any]]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, once in contenders.items():
            said[name].append(once())
    return {name: _measured(name, each) for name, each in said.items()}


def _measured(name: str, rounds: Sequence[tuple[int, Mapping[str, Any]]]) -> Measured:
    return Measured(
        name,
        tuple(count / answer["seconds"] for count, answer in rounds),
        tuple(answer["cpu_seconds"] * 100_000 / count for count, answer in rounds),
        rounds[-1][1]["over_imports_mib"],
    )
