"""`projops utilization`: how much of their time roles worked billably, as an estimate."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Layout

LAYOUT = Layout(
    "projops.utilization/1",
    {"role": "roles"},
    ("role", "name", "resources", "billable_h", "recorded_h", "capacity_h", "percent"),
)


@connected_to_environment
def utilization(
    call: Call,
    capacity: Annotated[
        int | None, typer.Option(min=1, max=168, metavar="HOURS", help="A resource's week; else the setting.")
    ] = None,
) -> None:
    """Estimate the billable utilization of each role in the last seven days.

    It mirrors the workflow UpdateRoleUtilization, whose formula is not public, and writes nothing.

    Examples:

      projops utilization

      projops utilization --capacity 38 -o csv
    """
    with call.connected() as (connection, settings):
        from connector.hooks import load_plugins
        from connector.model.column_date import day_in
        from connector.model.process import UPDATE_ROLE_UTILIZATION
        from connector.runner.read_utilization import estimated_utilization
        from connector.runner.read_zone import read_zone
        from connector.runner.report_utilization import utilization_as_json, utilization_as_text

        client, tables = connection.client, connection.tables
        estimate = load_plugins().utilization_estimate(UPDATE_ROLE_UTILIZATION)
        zone = read_zone(client, tables, settings.rules).zone
        hours = capacity or settings.rules.week_capacity_h
        today = day_in(zone, connection.now)
        week = estimated_utilization(client, tables, estimate, hours, today, zone)
        call.show(
            LAYOUT,
            connection.envelope(LAYOUT.schema),
            stream=lambda: LAYOUT.stream_of(utilization_as_json(week)),
            text=lambda: utilization_as_text(week),
        )
