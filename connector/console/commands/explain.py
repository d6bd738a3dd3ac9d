"""`projops explain`: the story of one contract line."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from connector.console import words
from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Layout

LAYOUT = Layout(
    "projops.explain/1",
    {"line": "lines", "transaction": "transactions"},
    (
        "contract_line",
        "line_name",
        "name",
        "class",
        "billing_type",
        "day",
        "amount",
        "currency",
        "taken",
        "invoice_run_date",
        "reason",
        "rule",
        "found",
        "way_out",
        "until",
        "expected_on",
        "invoice",
        "source",
        "source_id",
    ),
)


@connected_to_environment
def explain(
    call: Call,
    what: Annotated[
        str,
        typer.Argument(metavar="LINE|CONTRACT", help="A contract line or contract: id, number or name."),
    ],
    on: Annotated[
        date | None, typer.Option(parser=words.day, metavar="DATE", help="The day of the run; else today.")
    ] = None,
) -> None:
    """Tell why a contract line is invoiced or not: schedule, transactions, reasons, the next run.

    A name may be a part of one, as long as it fits one contract or line only. "Today" is the
    environment's.

    Examples:

      projops explain "Implementation work"

      projops explain Adatum --on 2020-10-05

      projops explain 5b0e… -o csv
    """
    with call.connected() as (connection, settings):
        from connector.console.explanation import explanation_of
        from connector.runner.story_json import as_stream
        from connector.runner.story_text import as_text

        found = explanation_of(connection, settings, what, on)
        call.show(
            LAYOUT,
            connection.envelope(LAYOUT.schema),
            stream=lambda: as_stream(found),
            text=lambda: as_text(found),
        )
