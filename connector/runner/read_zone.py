"""The time zone of "the day": that of the user under whom the job runs (rule L7)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from connector.dataverse import DataverseClient, Query, eq, guid
from connector.errors import DataverseError, SettingsError
from connector.model.invoicing_rules import InvoicingRules
from connector.model.tables import Tables
from connector.model.time_zone import zone_of
from connector.runner.outcome import RunZone

WAY_OUT = "UTC is used; the setting time_zone names another"


def read_zone(
    client: DataverseClient, tables: Tables, rules: InvoicingRules, user: str | None = None
) -> RunZone:
    """The zone of `user` (an id), or of whoever is signed in; the setting `time_zone` outranks both.

    Where it cannot be told the zone is UTC with `is_known` False, and `source` says why. Raises
    SettingsError for a setting that names no zone.
    """
    if rules.time_zone is not None:
        try:
            return RunZone(ZoneInfo(rules.time_zone), "the setting time_zone")
        except (KeyError, ValueError, OSError):
            raise SettingsError(
                f"time_zone = {rules.time_zone!r} is no time zone.", "Give an IANA name: Europe/Berlin."
            ) from None
    try:
        return _zone_of_user(client, tables, user or client.who_am_i().user_id)
    except DataverseError as error:
        return _unknown(f"the time zone of the user cannot be read ({error.message})")


def _zone_of_user(client: DataverseClient, tables: Tables, user: str) -> RunZone:
    if not (tables.has("user_settings") and tables.has("time_zone_definition")):
        return _unknown("the environment shows no time zones of users")
    by_user = Query(filter=eq(tables.user_settings.property_of("user"), guid(user)), top=1)
    code = next((item.time_zone_code for item in client.list(tables.user_settings, by_user)), None)
    if code is None:
        return _unknown(f"the user {user} has no time zone")
    by_code = Query(filter=eq(tables.time_zone_definition.property_of("code"), code), top=1)
    name = next((item.standard_name for item in client.list(tables.time_zone_definition, by_code)), None)
    zone = zone_of(name) if name else None
    if zone is None:
        return _unknown(f"the time zone {name or code} of the user {user} has no IANA name")
    return RunZone(zone, f"the settings of the user {user}")


def _unknown(why: str) -> RunZone:
    return RunZone(ZoneInfo("UTC"), f"{why}: {WAY_OUT}", is_known=False)
