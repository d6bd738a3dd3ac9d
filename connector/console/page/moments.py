"""Which time it is there, between two answers of the environment; and the zones that times are shown in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

TOLD_APART_S = 2.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """The environment's now as an answer gave it, and when that was on our own monotonic clock."""

    now: datetime
    seen_s: float


def is_still(first: Pulse, last: Pulse, *, is_emulator: bool) -> bool:
    """Whether the environment's clock stands: an emulator's does, until it is seen to go."""
    passed_s = last.seen_s - first.seen_s
    if passed_s < TOLD_APART_S:
        return is_emulator
    return (last.now - first.now) < timedelta(seconds=passed_s / 2)


@dataclass(frozen=True, slots=True)
class Zones:
    """`here` is the reader's zone, `there` that in which the environment's job has its days."""

    here: tzinfo
    there: tzinfo

    def here_and_there(self, instant: datetime) -> tuple[str, str]:
        """`2026-12-03 07:46`, and the same in the other zone, empty where that says nothing new."""
        mine, theirs = instant.astimezone(self.here), instant.astimezone(self.there)
        if mine.replace(tzinfo=None) == theirs.replace(tzinfo=None):
            return f"{mine:%Y-%m-%d %H:%M}", ""
        day = "" if mine.date() == theirs.date() else f"{theirs:%Y-%m-%d} "
        return f"{mine:%Y-%m-%d %H:%M}", f"{day}{theirs:%H:%M} {self.there}"
