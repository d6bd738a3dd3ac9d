"""The acts of the demo, on real HTTP with a real sign-in; only the environment is an emulator."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path

from rich import box
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from connector.console.connection import Connection, connected
from connector.console.demo.comparison import Agreement, Invoiced, Row, compare, documented_days
from connector.console.demo.days import DayByDay, Watcher
from connector.console.demo.facts import Facts, read_facts
from connector.console.demo.stage import DemoFailed, Stage, Stopwatch, environment_of, inherited_environment
from connector.console.voice import Voice
from connector.emulator.ownership import OpenEmulator, open_emulator
from connector.hooks import load_plugins
from connector.settings import load_flags_alone

FIRST, LAST = date(2020, 10, 4), date(2020, 11, 3)
RUN_S = 90
MONTHS = {10: "Oct", 11: "Nov"}
COLOURS = {Agreement.AGREES: "green", Agreement.DIFFERS: "bold red", Agreement.SILENT: "dim"}


def tell() -> int:
    """Play the demo in a temporary folder. Raises DemoFailed, and whatever an act raises."""
    watch = Stopwatch()
    with (
        tempfile.TemporaryDirectory(prefix="projops-demo-", ignore_cleanup_errors=True) as folder,
        open_emulator(Path(folder) / "demo.db") as emulator,
    ):
        # As on the platform: a run takes a while, and the next one comes that much later each day.
        emulator.change_switches(run_duration_s=RUN_S)
        stage = Stage(environment_of(emulator, inherited_environment()), Path(folder))
        _introduce(stage, emulator)
        _sign_in(stage)
        _provision(stage)
        _verify(stage)
        rows, days = _invoice(stage, emulator)
        _stall_and_restart(stage, emulator)
        _sum_up(stage, rows, days, _facts(emulator), watch)
    return 0


def _introduce(stage: Stage, emulator: OpenEmulator) -> None:
    stage.act(1, "An environment to try it on")
    stage.say(
        "A small Dataverse with Project Operations' tables and workflows is listening on this machine, over "
        "HTTPS with a certificate authority of its own. It holds the example of Microsoft's page and eight "
        "other contracts. Its clock stands at 2020-10-03 06:00 UTC, until it is moved."
    )
    stage.show([f"environment   {emulator.url}", f"sign-in       {emulator.authority}"])


def _sign_in(stage: Stage) -> None:
    stage.act(2, "Signing in, and a first look")
    stage.say(
        "Each command below is the real one, in a process of its own. It signs in with msal and a client "
        "secret. The job that creates the invoices does not exist yet."
    )
    stage.projops("status")


def _provision(stage: Stage) -> None:
    stage.act(3, "The implementer sets up the job")
    stage.say("What is missing? Nothing has been changed by the command that tells.")
    stage.projops("verify", "--only", "ENV,JOB,WF,RUN", expected=3)
    stage.say("The plan, then the same with --apply, then the plan again: there is nothing left to do.")
    stage.projops("provision")
    stage.projops("provision", "--apply")
    stage.projops("provision")


def _verify(stage: Stage) -> None:
    stage.act(4, "The pipeline verifies that invoicing will run")
    stage.say(
        "The checks of the job, its workflows and its run pass. What the sample data has wrong on purpose "
        "is named with its fix, and makes the exit code 3."
    )
    stage.projops("verify", expected=3)
    stage.projops("verify", "--only", "JOB,WF,RUN")


def _invoice(stage: Stage, emulator: OpenEmulator) -> tuple[Sequence[Row], DayByDay]:
    stage.act(5, "Finance looks ahead, and the platform's job invoices")
    stage.say("What will be invoiced on 5 October, and why is the rest not?")
    stage.projops("run", "--on", "2020-10-05")
    stage.say(
        "Now the clock moves from 4 October to 3 November 2020, and the platform's own job runs once a day. "
        "Before each day the preview is taken; afterwards the invoices are read."
    )
    days = _watch(stage, emulator)
    documented = documented_days()
    rows = compare(documented, FIRST, LAST, days.created, days.previewed)
    stage.console.print()
    stage.console.print(_table_of(rows))
    stage.console.print(f"Microsoft's page: {documented.source}", style="dim", markup=False, soft_wrap=True)
    if any(row.agreement is Agreement.DIFFERS for row in rows):
        raise DemoFailed("The table differs from Microsoft's page.", "Please report this.")
    stage.say(
        "Agreement counts against the first column: somebody else wrote it. That the other two agree with "
        "each other shows only that they are wired to the same plug-ins."
    )
    return rows, days


def _watch(stage: Stage, emulator: OpenEmulator) -> DayByDay:
    with _connected(emulator) as connection, Progress(console=stage.console) as progress:
        watcher = Watcher(connection, load_plugins(), emulator.move_clock)
        task = progress.add_task("31 days", total=(LAST - FIRST).days + 1)
        return watcher.watch(
            watcher.contract("Adatum"),
            FIRST,
            LAST,
            lambda day: progress.update(task, advance=1, description=day.isoformat()),
        )


def _facts(emulator: OpenEmulator) -> Facts:
    with _connected(emulator) as connection:
        return read_facts(connection)


def _connected(emulator: OpenEmulator) -> AbstractContextManager[Connection]:
    flags = {
        "dataverse_url": emulator.url,
        "tenant_id": emulator.tenant_id,
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
        "authority_host": emulator.authority,
        "ca_file": emulator.ca_file,
    }
    return connected(load_flags_alone(flags), Voice(is_quiet=True))


def _table_of(rows: Sequence[Row]) -> Table:
    title = f"The example's contract in {FIRST.year}: each day's invoices, lines and total in USD"
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False
    )
    for column in ("day", "Microsoft's page", "the job created", "the preview said", ""):
        table.add_column(column, no_wrap=True)
    for first, last in _runs(rows):
        table.add_row(
            _days(first.day, last.day),
            _said(first.documented),
            _said(first.created),
            _said(first.previewed),
            _verdict(first.agreement),
        )
    return table


def _runs(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Neighbouring days that say the same of nothing share a line, within one month."""
    runs: list[tuple[Row, Row]] = []
    for row in rows:
        if runs and _is_like(runs[-1][1], row):
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs


def _is_like(one: Row, other: Row) -> bool:
    is_empty = not (one.created or one.previewed or other.created or other.previewed)
    return is_empty and one.documented == other.documented and one.day.month == other.day.month


def _said(invoices: tuple[Invoiced, ...] | None) -> str:
    if invoices is None:
        return "(silent)"
    if not invoices:
        return "nothing"
    return "\n".join(one.says() for one in invoices)


def _verdict(agreement: Agreement) -> Text:
    """Where the page is silent there is nothing to agree with."""
    shown = "" if agreement is Agreement.SILENT else agreement.value
    return Text(shown, style=COLOURS[agreement])


def _days(first: date, last: date) -> str:
    """5 Oct, or 6 to 18 Oct: neighbouring days share their month."""
    until = "" if first == last else f" to {last.day}"
    return f"{first.day}{until} {MONTHS[first.month]}"


def _stall_and_restart(stage: Stage, emulator: OpenEmulator) -> None:
    stage.act(6, "The job stands still, and support restarts it once")
    stage.say(
        "The defect that Microsoft fixed in April 2026 is switched on for two days: the timer of the "
        "sleeping workflow does not fire."
    )
    emulator.change_switches(stalls_timers=True)
    with emulator.store.snapshot() as tx:
        now = tx.now
    emulator.move_clock(now + timedelta(days=2))
    emulator.change_switches(stalls_timers=False)
    stage.projops("status", "--check", expected=3)
    stage.projops("rerun")
    stage.projops("rerun", "--apply")
    stage.projops("status", "--check")
    stage.say("A second restart would make a second chain, and duplicate invoices. It is refused.")
    stage.projops("rerun", "--apply", expected=4)


def _sum_up(stage: Stage, rows: Sequence[Row], days: DayByDay, facts: Facts, watch: Stopwatch) -> None:
    stage.act(7, "Summary")
    spoken = [row for row in rows if row.documented is not None]
    agreeing = [row for row in spoken if row.agreement is Agreement.AGREES]
    created = sum(len(row.created) for row in rows)
    stage.show(
        [
            f"{len(agreeing)} of {len(spoken)} documented days agree with Microsoft's page; about the other "
            f"{len(rows) - len(spoken)} days it says nothing.",
            f"{created} invoices for the example's contract, {sum(days.others.values())} for "
            f"{len(days.others)} others: {facts.billed} transactions billed, {facts.billed_twice} twice.",
            f"{facts.records} record of the job, {facts.live_chains} live chain.",
            f"{stage.commands} commands, {watch.seconds:.0f} s.",
            "Next: README.md has a first run against a real environment in five steps.",
        ]
    )
    if (facts.records, facts.live_chains, facts.billed_twice) != (1, 1, 0):
        raise DemoFailed("The environment does not end as it should.", "Please report this.")
