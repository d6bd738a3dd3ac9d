"""`projops verify`: proof that invoicing will run, or what stands against it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.console.call import Call
from connector.console.options import connected_to_environment
from connector.console.output import Layout
from connector.console.words import day

LAYOUT = Layout(
    "projops.verify/1",
    {"check": "checks", "missing_privilege": "missing_privileges", "outdated": "outdated"},
    (
        "code",
        "severity",
        "outcome",
        "message",
        "record",
        "evidence",
        "fix",
        "is_breaking",
        "accepted",
        "privilege",
        "table",
        "checks",
    ),
)
GATE, PIPELINE = "What counts", "For pipelines"
Codes = Annotated[list[str] | None, typer.Option(metavar="CODE", help="A check or a group, as JOB01 or JOB.")]


@connected_to_environment
def verify(
    call: Call,
    only: Codes = None,
    skip: Codes = None,
    is_listing: Annotated[
        bool, typer.Option("--list", help="Show the checks, and which have no answer; make none.")
    ] = False,
    fail_on: Annotated[
        str,
        typer.Option(metavar="error|warning|info", help="The mildest that exits 3.", rich_help_panel=GATE),
    ] = "error",
    strict: Annotated[
        bool, typer.Option("--strict", help="Any unknown exits 3, mild ones too.", rich_help_panel=GATE)
    ] = False,
    allow_unknown: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE=REASON [until DAY]", help="Let this check be unknown.", rich_help_panel=GATE
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(help="Failures in this file do not count until their last day.", rich_help_panel=GATE),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(help="Write today's failures there; needs --reason and --until.", rich_help_panel=GATE),
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why what fails today is accepted.", rich_help_panel=GATE)
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="The last day on which it is.", rich_help_panel=GATE),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT=FILE",
            help="Write junit, sarif, markdown, json or jsonl to a file as well.",
            rich_help_panel=PIPELINE,
        ),
    ] = None,
    ci: Annotated[
        str,
        typer.Option(
            metavar="auto|github|azure-devops|none",
            help="Annotations and summary of a build service; auto looks where it runs.",
            rich_help_panel=PIPELINE,
        ),
    ] = "auto",
) -> None:
    """Check whether invoicing will run: the environment, the job, its workflows, its runs, what is due.

    Exits 3 when a check of severity error failed or could not be judged. Changes nothing.

    Examples:

      projops verify

      projops verify --list

      projops verify --only JOB --only RUN01 -o json

      projops verify --report junit=verify.xml --report sarif=verify.sarif

      projops verify --write-baseline known.toml --reason "Cleaned up in spring" --until 2027-03-31

      projops verify --baseline known.toml --strict --allow-unknown "WF03=roles may not be read here"
    """
    from connector.console.acceptance import acceptance_of, gate_of
    from connector.console.acceptance import write_baseline as write_known
    from connector.console.check_list import LAYOUT as LIST
    from connector.console.check_list import list_as_json, list_as_text
    from connector.console.memory import history_of
    from connector.console.output import Envelope
    from connector.console.pipeline import build_of, destinations, tell_build, write_reports
    from connector.console.rows_read import rows_read
    from connector.job.read import check_project_operations
    from connector.verification.checks import needs_of, select
    from connector.verification.read import read_evidence
    from connector.verification.report import as_json, as_text
    from connector.verification.verify import verify as verify_evidence

    checks = select(only or (), skip or ())
    if is_listing:
        call.show(
            LIST,
            Envelope(LIST.schema, None, None),
            stream=lambda: LIST.stream_of(list_as_json(checks)),
            text=lambda: list_as_text(checks),
        )
        return
    gate = gate_of(fail_on, strict, allow_unknown or [], baseline)
    acceptance = acceptance_of(write_baseline, reason, None if until is None else day(until))
    files = destinations(report or [])
    build = build_of(ci, call.form)
    with call.connected() as (connection, settings):
        check_project_operations(connection.client, connection.tables)
        with rows_read(call.voice) as told:
            evidence = read_evidence(
                connection.client,
                connection.tables,
                sleep=connection.environment(settings.rules).sleep,
                needs=needs_of(checks),
                rules=connection.rules_here(settings.rules),
                desired=settings.job,
                told=told,
            )
            found = verify_evidence(evidence, checks, gate)
        envelope = connection.envelope(LAYOUT.schema)
        write_reports(files, found, LAYOUT, envelope)
        call.show(
            LAYOUT,
            envelope,
            stream=lambda: LAYOUT.stream_of(as_json(found)),
            text=lambda: as_text(found),
        )
        tell_build(build, found)
        with history_of(settings, call.voice) as history:
            history.verify(connection, found)
        if acceptance is not None:
            call.voice.say(write_known(*acceptance, found, gate.baseline))
            return
    raise typer.Exit(found.exit_code)
