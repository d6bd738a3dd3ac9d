"""A column that holds a day, as it really comes: a plain day, or the instant at which it begins somewhere.

Dataverse sends a column of date-only behaviour as `2020-10-05` (Edm.Date) and a user-local or
time-zone-independent one as `2020-10-05T00:00:00Z` (Edm.DateTimeOffset). No document says for every
column which one it is, so both are taken, and what is read from them depends on what came.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from typing import TypeAlias

    ColumnDate: TypeAlias = date
    """A `date`, or a `datetime`, which is one too."""
else:
    from abc import ABC

    class ColumnDate(ABC):  # noqa: B024 - stands for date in the decoder, which knows no union of the two
        @staticmethod
        def from_json(value: object) -> date:
            """Raises ValueError for a text that is neither a day nor an instant."""
            if not isinstance(value, str):
                raise ValueError(f"Expected a day or an instant, got {value!r}")
            found = datetime.fromisoformat(value)
            return found if found.tzinfo is not None else found.date()

    ColumnDate.register(date)


def day_in(zone: ZoneInfo, value: date) -> date:
    """The calendar day of an instant in a zone (rule L7); a plain day is itself everywhere."""
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def day_without_zone(value: date) -> date:
    """The day of a time-zone-independent column, whose instants are midnight of UTC."""
    return value.astimezone(UTC).date() if isinstance(value, datetime) else value


def start_in(zone: ZoneInfo, value: date) -> datetime:
    """The instant itself, or the one at which a plain day begins in the zone, in UTC."""
    return value if isinstance(value, datetime) else midnight_in(zone, value)


def midnight_in(zone: ZoneInfo, day: date) -> datetime:
    """The instant at which `day` begins in a zone, in UTC: how a user-local date is kept."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
