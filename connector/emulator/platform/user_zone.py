"""The time zone in which the job reckons: that of the user under whom it runs (rule L7)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from connector.emulator.store import Transaction
from connector.model.invoicing_rules import InvoicingRules
from connector.model.time_zone import zone_of

UTC_ZONE = ZoneInfo("UTC")


def zone_of_user(tx: Transaction, user: str, rules: InvoicingRules) -> ZoneInfo:
    """usersettings.timezonecode by way of timezonedefinition; UTC for a user without settings."""
    if rules.time_zone:
        return ZoneInfo(rules.time_zone)
    settings = tx.get("usersettings", user)
    code = settings["timezonecode"] if settings else None
    found = tx.find("timezonedefinition", {"timezonecode": code}) if code is not None else []
    zone = zone_of(str(found[0]["standardname"])) if found else None
    return zone or UTC_ZONE
