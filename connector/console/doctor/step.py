"""A step of the diagnosis, and going through steps until one fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from connector.errors import ProjopsError

V = TypeVar("V")


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class Step(Generic[V]):
    """`look` says what it found, or raises what is wrong: the error's hint is the way out.

    A step with `is_needed` False leaves the ones after it in reach when it fails.
    """

    name: str
    look: Callable[[V], str]
    is_needed: bool = True


@dataclass(frozen=True)
class StepResult:
    name: str
    outcome: Outcome
    detail: str = ""
    hint: str = ""


def examine(steps: Iterable[Step[V]], visit: V) -> Iterator[StepResult]:
    """Take the steps in order; after one that failed, those that need it are not reached."""
    is_blocked = False
    for step in steps:
        if is_blocked:
            yield StepResult(step.name, Outcome.NOT_REACHED)
            continue
        try:
            yield StepResult(step.name, Outcome.OK, step.look(visit))
        except ProjopsError as error:
            is_blocked = step.is_needed
            yield StepResult(step.name, Outcome.FAILED, error.message, error.hint)
