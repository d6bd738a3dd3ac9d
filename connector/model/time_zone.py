"""timezonedefinition: from a user's time zone code to a zone that Python can reckon with.

The environment itself says which Windows zone a code means (timezonedefinition.standardname);
Unicode's table, as tzlocal packages it, says which IANA zone that is.
"""

from __future__ import annotations

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
    """The IANA zone of a Windows zone name ("W. Europe Standard Time"), None when it has none.

    Unicode's table calls UTC Etc/UTC; people call it UTC.
    """
    name = win_tz.get(standard_name)
    return ZoneInfo(name.removeprefix("Etc/") if name == "Etc/UTC" else name) if name else None
