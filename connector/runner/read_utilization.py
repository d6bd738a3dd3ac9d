"""The approved hours of the last seven days, with the names of the roles (rule J9)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from connector.dataverse import DataverseClient, Query, eq, quote
from connector.model.actual import TransactionClass, TransactionType
from connector.model.column_date import day_in, midnight_in
from connector.model.tables import Tables
from connector.model.utilization import DAYS, RecordedHours, UtilizationEstimate, UtilizationWeek
from connector.runner.read_drafts import read_by_ids


def estimated_utilization(
    client: DataverseClient,
    tables: Tables,
    estimate: UtilizationEstimate,
    week_capacity_h: int,
    today: date,
    zone: ZoneInfo,
) -> UtilizationWeek:
    """The seven days before `today`, in the zone of whoever runs the job. Two requests or a few pages.

    Raises DataverseError where actuals or roles cannot be read.
    """
    first, last = today - timedelta(days=DAYS), today - timedelta(days=1)
    hours = _hours(client, tables, first, today, zone)
    capacity = Decimal(week_capacity_h)
    roles, left_out = estimate.estimate(hours, capacity)
    known = sorted(role.role for role in roles if role.role)
    found = read_by_ids(client, tables.resource_role, "id", known)
    names = {role.id: role.name for role in found if role.name}
    return UtilizationWeek(first, last, capacity, roles, names, left_out)


def _hours(
    client: DataverseClient, tables: Tables, first: date, end: date, zone: ZoneInfo
) -> list[RecordedHours]:
    """A day more is read on both sides: what a day is depends on how the column keeps it."""
    table, actual = tables.recorded_hours, tables.actual
    start = quote(midnight_in(zone, first - timedelta(days=1)))
    stop = quote(midnight_in(zone, end + timedelta(days=1)))
    day = table.property_of("document_date")
    kinds = (
        eq(actual.property_of("transaction_type"), int(TransactionType.UNBILLED_SALES)),
        eq(actual.property_of("transaction_class"), int(TransactionClass.TIME)),
        f"{day} ge {start} and {day} lt {stop}",
    )
    return [
        row
        for row in client.list(table, Query(filter=" and ".join(kinds)))
        if row.document_date is not None and first <= day_in(zone, row.document_date) < end
    ]
