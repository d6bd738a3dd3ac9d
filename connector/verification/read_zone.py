"""Whose midnight counts: the time zone of a user, as a zone that Python can reckon with (rule L7)."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.dataverse import DataverseClient, Query, eq, guid
from connector.errors import SettingsError
from connector.model.tables import Tables
from connector.model.time_zone import zone_of
from connector.verification.evidence import NotRead

_WAY_OUT = "the setting time_zone can name it"


def zone_of_user(client: DataverseClient, tables: Tables, user: str) -> ZoneInfo:
    """From usersettings.timezonecode by way of timezonedefinition. Raises NotRead where that ends."""
    for field in ("user_settings", "time_zone_definition"):
        if not tables.has(field):
            raise NotRead(f"The environment has no table {getattr(tables, field).logical_name}; {_WAY_OUT}.")
    by_user = Query(filter=eq("systemuserid", guid(user)), top=1)
    code = next((item.time_zone_code for item in client.list(tables.user_settings, by_user)), None)
    if code is None:
        raise NotRead(f"The time zone of the user {user} is not known; {_WAY_OUT}.")
    by_code = Query(filter=eq("timezonecode", code), top=1)
    name = next((item.standard_name for item in client.list(tables.time_zone_definition, by_code)), None)
    zone = zone_of(name) if name else None
    if zone is None:
        raise NotRead(f"The time zone {name or code} of the user {user} has no known rules; {_WAY_OUT}.")
    return zone


def named_zone(name: str) -> ZoneInfo:
    """The IANA zone of a setting. Raises SettingsError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"time_zone = {name!r} is no time zone."
        raise SettingsError(message, "Give an IANA name such as Europe/Berlin.") from error
