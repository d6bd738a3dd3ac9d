"""timezonedefinition: from a user's time zone code to a zone that Python can reckon with.

The environment itself says which Windows zone a code means (timezonedefinition.standardname);
Unicode's table, as tzlocal packages it, says which IANA zone that is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from msgspec import field
from tzlocal.windows_tz import win_tz

from connector.model.table import Record, Table


class TimeZoneDefinition(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="timezonedefinitionid")
    code: int | None = field(name="timezonecode", default=None)
    standard_name: str | None = field(name="standardname", default=None)


TIME_ZONE_DEFINITION = Table(
    TimeZoneDefinition,
    logical_name="timezonedefinition",
    entity_set="timezonedefinitions",
    key="timezonedefinitionid",
)


def zone_of(standard_name: str) -> ZoneInfo | None:
    """The IANA zone of a Windows zone name ("W. Europe Standard Time"), None when it has none."""
    name = win_tz.get(standard_name)
    return ZoneInfo(name) if name else None


def day_in(zone: ZoneInfo, instant: datetime) -> date:
    """The calendar day of an instant in a zone (rule L7)."""
    return instant.astimezone(zone).date()


def midnight_in(zone: ZoneInfo, day: date) -> datetime:
    """The instant at which `day` begins in a zone, in UTC: how a user-local date is kept."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
