"""`projops report FILE.html`: the page as one file, for an e-mail or a ticket."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Layout

LAYOUT = Layout("projops.report/1", {}, ())


@connected_to_environment
def report(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE.html", help="The file to write.")],
    rows: Annotated[
        int, typer.Option(min=50, max=100_000, help="What each table holds at most; sums are of all.")
    ] = 200,
) -> None:
    """Write what `projops console` shows into one file that needs nothing else.

    Examples:

      projops report october.html

      projops report october.html --rows 10000
    """
    from connector.console.extras import needs_console_extra
    from connector.console.written_file import write_lines

    with needs_console_extra():
        from connector.console.page.readings import (
            read_findings,
            read_history,
            read_job,
            read_work,
        )
        from connector.console.page.report import ReportSeen, report_html

        import_charts()
    with call.connected() as (connection, settings):
        job = read_job(connection, settings, call.voice)
        seen = ReportSeen(
            job=job,
            work=read_work(connection, settings, job, None),
            findings=read_findings(connection, settings),
            history=read_history(settings),
        )
        write_lines(file, [report_html(seen, settings.require_url(), job.zone, rows)])
        call.show(
            LAYOUT,
            connection.envelope(LAYOUT.schema),
            stream=lambda: LAYOUT.stream_of({"file": str(file)}),
            text=lambda: [f"The report is {file}."],
        )


def import_charts() -> None:
    """So that what is missing is said before anything is read."""
    import connector.console.page.drawing  # noqa: F401
