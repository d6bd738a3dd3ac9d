"""`projops verify`: proof that invoicing will run, or what stands against it."""

from __future__ import annotations

from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Layout

LAYOUT = Layout(
    "projops.verify/1",
    {"check": "checks"},
    ("code", "severity", "outcome", "message", "record", "evidence", "fix"),
)
Codes = Annotated[list[str] | None, typer.Option(metavar="CODE", help="A check or a group, as JOB01 or JOB.")]


@connected_to_environment
def verify(call: Call, only: Codes = None, skip: Codes = None) -> None:
    """Check whether invoicing will run: the environment, the job, its workflows, its runs, what is due.

    Exits 3 when a check of severity error failed or could not be judged. Changes nothing.

    Examples:

      projops verify

      projops verify --only JOB --only RUN01 -o json
    """
    from connector.verification.checks import needs_of, select
    from connector.verification.read import read_evidence
    from connector.verification.report import as_json, as_text
    from connector.verification.verify import verify as verify_evidence

    checks = select(only or (), skip or ())
    with call.connected() as (connection, settings):
        evidence = read_evidence(
            connection.client,
            connection.tables,
            sleep=connection.environment(settings.rules).sleep,
            needs=needs_of(checks),
            rules=settings.rules,
            desired=settings.job,
        )
        report = verify_evidence(evidence, checks)
        call.show(
            LAYOUT,
            connection.envelope(LAYOUT.schema),
            stream=lambda: LAYOUT.stream_of(as_json(report)),
            text=lambda: as_text(report),
        )
    raise typer.Exit(report.exit_code)
