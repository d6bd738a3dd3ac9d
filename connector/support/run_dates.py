"""Which run dates would be late if the job ran next at a given time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

SHOWN = 5


@dataclass(frozen=True)
class RunDates:
    """Run dates of schedule rows that have not run, as days in the job's zone, with the number of rows.

    `last_run` is the day of the last run on record: rows up to it were looked at, and passed over. `is_cut`
    says that more rows were there than were read, `unknown` why none could be read.
    """

    rows: Mapping[date, int] = field(default_factory=dict)
    zone: tzinfo = UTC
    last_run: date | None = None
    is_cut: bool = False
    unknown: str = ""

    def late_for(self, next_run: datetime) -> dict[date, int]:
        """Those that no run has looked at and that have passed on the day of that run, the earliest first."""
        day = next_run.astimezone(self.zone).date()
        return {one: self.rows[one] for one in sorted(self.rows) if one < day and not self._is_over(one)}

    @property
    def passed_over(self) -> int:
        """How many rows stand under days that a run has seen."""
        return sum(count for day, count in self.rows.items() if self._is_over(day))

    def _is_over(self, day: date) -> bool:
        return self.last_run is not None and day <= self.last_run


def late_as_text(dates: RunDates, next_run: datetime) -> str:
    """One clause without a full stop."""
    if dates.unknown:
        return f"which run dates would be late is unknown: {dates.unknown.rstrip('.')}"
    late = dates.late_for(next_run)
    if not late:
        return "no run date would be late"
    shown = [f"{day} ({count} {'row' if count == 1 else 'rows'})" for day, count in late.items()]
    more = f" and {len(shown) - SHOWN} more days" if len(shown) > SHOWN else ""
    least = "at least " if dates.is_cut else ""
    return f"late would be {least}{', '.join(shown[:SHOWN])}{more}"
