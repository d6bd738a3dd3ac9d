"""When a change of health is told: once, also across restarts and lost answers. Pure; no request, no file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from connector.model.job_chain import HEALTHY, Diagnosis
from connector.support.report import next_step_of

UNREACHABLE: Final = "unreachable"
"""What a watch says in place of a health when it could not look."""
BLIND_LOOKS: Final = 2
"""How many looks in a row have to fail before that is told: one lost connection is no news."""
_EVENTS: Final = uuid.UUID("5c1f5cf6-6d3c-5d0e-9a53-0d4f2a0a7b11")


@dataclass(frozen=True)
class Seen:
    """One look. `health` is a word of Health, or UNREACHABLE."""

    health: str
    sentence: str
    at: datetime
    next_step: str = ""
    next_run: datetime | None = None

    @property
    def is_healthy(self) -> bool:
        return self.health in HEALTHY


@dataclass(frozen=True)
class Event:
    """A change of health. `previous` is the health that was told before, None for the first.

    `id` is the same however often one event is sent: a receiver can tell a repetition by it.
    """

    id: str
    environment: str
    profile: str
    previous: str | None
    seen: Seen


@dataclass(frozen=True)
class Memory:
    """What a watch keeps between two looks.

    `told` is the health that was told last. `pending` was to be told and is not known to have arrived.
    `blind` counts the looks in a row that failed.
    """

    told: str | None = None
    pending: Event | None = None
    blind: int = 0


def seen_of(diagnosis: Diagnosis) -> Seen:
    return Seen(
        diagnosis.health.value,
        diagnosis.sentence,
        diagnosis.now,
        next_step_of(diagnosis),
        diagnosis.next_run,
    )


def after_look(memory: Memory, seen: Seen, environment: str, profile: str = "") -> Memory:
    """The memory after a look; its `pending` is what has to be told now, None when nothing has.

    Running, sleeping and overdue are one health here: a job that goes on by itself is no news every night.
    """
    blind = memory.blind + 1 if seen.health == UNREACHABLE else 0
    if 0 < blind < BLIND_LOOKS:
        return replace(memory, blind=blind)
    if memory.told is not None and _condition(memory.told) == _condition(seen.health):
        return Memory(memory.told, None, blind)
    pending = memory.pending
    if pending is None or _condition(pending.seen.health) != _condition(seen.health):
        name = f"{environment}\n{memory.told}\n{seen.health}\n{_iso(seen.at)}"
        pending = Event(str(uuid.uuid5(_EVENTS, name)), environment, profile, memory.told, seen)
    return Memory(memory.told, pending, blind)


def after_telling(memory: Memory) -> Memory:
    """The pending event has arrived."""
    told = memory.told if memory.pending is None else memory.pending.seen.health
    return Memory(told, None, memory.blind)


def event_as_json(event: Event) -> dict[str, Any]:
    """projops.watch: what is posted. `text` is for receivers that show one line and nothing else."""
    seen = event.seen
    name = event.profile or event.environment
    return {
        "id": event.id,
        "environment": event.environment,
        "profile": event.profile or None,
        "at": _iso(seen.at),
        "health": seen.health,
        "previous": event.previous,
        "is_healthy": seen.is_healthy,
        "sentence": seen.sentence,
        "next_step": seen.next_step,
        "next_run": None if seen.next_run is None else _iso(seen.next_run),
        "text": " ".join(part for part in (f"{name}:", seen.sentence, seen.next_step) if part),
    }


def memory_as_json(memory: Memory) -> dict[str, Any]:
    pending = None if memory.pending is None else event_as_json(memory.pending)
    return {"told": memory.told, "blind": memory.blind, "pending": pending}


def memory_of(kept: dict[str, Any]) -> Memory:
    """The reverse of `memory_as_json`. Raises KeyError, TypeError, ValueError for what is none."""
    told, blind, pending = kept["told"], kept["blind"], kept["pending"]
    if not (told is None or isinstance(told, str)) or not isinstance(blind, int):
        raise TypeError
    return Memory(told, None if pending is None else _event_of(pending), blind)


def _event_of(kept: dict[str, Any]) -> Event:
    run = kept["next_run"]
    seen = Seen(
        str(kept["health"]),
        str(kept["sentence"]),
        datetime.fromisoformat(kept["at"]),
        str(kept["next_step"]),
        None if run is None else datetime.fromisoformat(run),
    )
    return Event(kept["id"], kept["environment"], kept["profile"] or "", kept["previous"], seen)


def _condition(health: str) -> str:
    return "healthy" if health in HEALTHY else health


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
