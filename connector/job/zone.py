"""Whose midnight counts: the time zone of the user under whom the job runs (rule L7)."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from connector.dataverse import DataverseClient, Query, eq, guid
from connector.errors import DataverseError, SettingsError
from connector.model.tables import Tables
from connector.model.time_zone import zone_of


@dataclass(frozen=True)
class UnknownZone:
    """Why a user's time zone cannot be told, as a clause without its full stop."""

    reason: str


def read_zone_of_user(client: DataverseClient, tables: Tables, user: str) -> ZoneInfo | UnknownZone:
    """From usersettings.timezonecode, by way of the environment's own timezonedefinition."""
    for field in ("user_settings", "time_zone_definition"):
        if not tables.has(field):
            return UnknownZone(f"the environment has no table {getattr(tables, field).logical_name}")
    try:
        return _read(client, tables, user)
    except DataverseError as error:
        return UnknownZone(f"the time zone of the user {user} cannot be read ({error.message.rstrip('.')})")


def _read(client: DataverseClient, tables: Tables, user: str) -> ZoneInfo | UnknownZone:
    settings, definition = tables.user_settings, tables.time_zone_definition
    by_user = Query(filter=eq(settings.property_of("user"), guid(user)), top=1)
    code = next((item.time_zone_code for item in client.list(settings, by_user)), None)
    if code is None:
        return UnknownZone(f"the user {user} has no time zone")
    by_code = Query(filter=eq(definition.property_of("code"), code), top=1)
    name = next((item.standard_name for item in client.list(definition, by_code)), None)
    zone = zone_of(name) if name else None
    return zone or UnknownZone(f"the time zone {name or code} of the user {user} has no IANA name")


def zone_of_setting(name: str) -> ZoneInfo:
    """The zone that the setting time_zone names. Raises SettingsError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise SettingsError(
            f"time_zone = {name!r} is no time zone.", "Give an IANA name: Europe/Berlin."
        ) from None
