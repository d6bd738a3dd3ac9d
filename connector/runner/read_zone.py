"""The time zone of "the day" of a run (rule L7)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from connector.dataverse import DataverseClient
from connector.job.zone import UnknownZone, read_zone_of_user, zone_of_setting
from connector.model.invoicing_rules import InvoicingRules
from connector.model.tables import Tables
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
        return RunZone(zone_of_setting(rules.time_zone), "the setting time_zone")
    zone = read_zone_of_user(client, tables, user or client.who_am_i().user_id)
    if isinstance(zone, UnknownZone):
        return RunZone(ZoneInfo("UTC"), f"{zone.reason}: {WAY_OUT}", is_known=False)
    who = "the user who runs the job" if user else "the signed-in user, who would run the job"
    return RunZone(zone, f"the settings of {who}")
