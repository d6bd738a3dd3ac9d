"""`projops run`: what the invoice job would create, and, when told to, creating it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from connector.console import words
from connector.console.call import Call
from connector.console.options import Apply, Digest, connected_to_environment
from connector.console.output import Layout
from connector.errors import PartlyDone, UsageError

if TYPE_CHECKING:
    from connector.console.connection import Connection
    from connector.model.job_chain import Diagnosis
    from connector.settings import Settings

LAYOUT = Layout(
    "projops.run/1",
    {"invoice": "invoices", "skipped": "skipped", "failed": "failed", "on_apply": "on_apply"},
    (
        "contract",
        "contract_name",
        "contract_line",
        "name",
        "customer",
        "customer_name",
        "currency",
        "invoice_run_date",
        "state",
        "id",
        "total",
        "reason",
        "until",
        "count",
        "amount",
        "message",
        "lines",
    ),
)


@connected_to_environment
def run(
    call: Call,
    on: Annotated[
        date | None, typer.Option(parser=words.day, metavar="DATE", help="The day of the run; else today.")
    ] = None,
    apply: Apply = False,
    digest: Digest = None,
    contract: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this contract; may be given several times.")
    ] = None,
    all_contracts: Annotated[
        bool, typer.Option("--all-contracts", help="With --apply: every contract that is due.")
    ] = False,
    create_with: Annotated[
        Literal["action", "records"] | None,
        typer.Option(help="By the platform's action, or record by record (emulator only)."),
    ] = None,
    beside_chain: Annotated[
        bool, typer.Option("--beside-chain", help="Although the environment's own job runs or is due.")
    ] = False,
    first: Annotated[
        date | None,
        typer.Option("--from", parser=words.day, metavar="DATE", help="Every run date from this day on …"),
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", parser=words.day, metavar="DATE", help="… to this day.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --from and --to: a page with charts, too.")
    ] = None,
    compare: Annotated[
        date | None,
        typer.Option(parser=words.day, metavar="DATE", help="What the platform created, beside our plan."),
    ] = None,
    durable: Annotated[
        bool, typer.Option("--durable", help="With --apply: a run that can be resumed (docs/durable.md).")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="With --durable: the first N contracts only.")
    ] = None,
    max_requests_per_minute: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Send at most so many requests in a minute.")
    ] = None,
) -> None:
    """Show what the invoice job creates on a day, and why the rest is not invoiced.

    With --apply the draft invoices are created. "Now" and "today" are the environment's.

    Examples:

      projops run --on 2020-10-05

      projops run -o jsonl --contract 5b0e…

      projops run --apply --contract 5b0e…

      projops run --from 2020-10-05 --to 2020-11-16 --html october.html

      projops run --compare 2020-10-05

      projops run --apply --durable --all-contracts
    """
    if contract and all_contracts:
        raise UsageError("--contract and --all-contracts exclude each other.", "Give one of them.")
    if first or last or html or compare:
        _check_alone(
            on=on,
            apply=apply,
            digest=digest,
            create_with=create_with,
            beside_chain=beside_chain,
            all_contracts=all_contracts,
            durable=durable,
        )
        _look(call, Asked(first, last, html), compare, tuple(contract or ()))
        return
    given = {"create_with": create_with, "max_requests_per_minute": max_requests_per_minute}
    if durable or limit:
        _check_durable(apply=apply, durable=durable, is_partial=bool(digest and limit))
        settings = call.settings({"run": given})
        _run_durably(call, settings, on, contract or [], limit, digest, (all_contracts, beside_chain))
        return
    with call.connected({"run": given}) as (connection, settings):
        from connector.console.invoice_run import InvoiceRunOfCall, kept
        from connector.job.look import look
        from connector.runner.guard import next_wake

        diagnosis = look(connection.environment(settings.rules)).diagnosis
        if apply:
            _guard(connection, settings, diagnosis, contract or [], all_contracts, beside_chain)
        until = None if beside_chain else next_wake(diagnosis)
        this = InvoiceRunOfCall(connection, settings, on, tuple(contract or ()), _starter(diagnosis), until)
        if digest is not None:
            this.check_digest(digest)
        shown = this.applied() if apply else this.previewed()
        envelope = connection.envelope(LAYOUT.schema)
        call.show(LAYOUT, envelope, stream=shown.stream, text=shown.text, is_acting=apply)
        kept(connection, settings, call.voice, shown)
        if apply and shown.stopped_by is None:
            _say_next_run(call, settings, connection.now)
    if shown.stopped_by is not None:
        raise shown.stopped_by
    if shown.failures:
        raise typer.Exit(PartlyDone.exit_code)
    if not apply and shown.totals.invoices:
        call.voice.say("Nothing was created; --apply does it.")


def _check_durable(*, apply: bool, durable: bool, is_partial: bool) -> None:
    """Raises UsageError for options that do not go with a durable run."""
    if not durable:
        raise UsageError("--limit is for durable runs.", "Add --durable, or name contracts with --contract.")
    if not apply:
        raise UsageError("--durable is for a run that creates: it wants --apply.", "A preview needs none.")
    if is_partial:
        raise UsageError(
            "--digest cannot stand beside --limit: what was reviewed is a whole plan.",
            "Leave one of them out, or name contracts with --contract at both times.",
        )


def _run_durably(
    call: Call,
    settings: Settings,
    on: date | None,
    contracts: list[str],
    limit: int | None,
    digest: str | None,
    insisting: tuple[bool, bool],
) -> None:
    from connector.console.durable.door import durable_extra

    with durable_extra():
        from connector.console.durable.one_run import run_durably
    from connector.runner.durable.facts import DurableRequest
    from connector.settings import CreateWith

    is_all_contracts, is_beside_chain = insisting
    request = DurableRequest(
        rules=settings.rules,
        on=on,
        contracts=tuple(contracts),
        is_by_records=settings.run.create_with is CreateWith.RECORDS,
        limit=limit,
        is_beside_chain=is_beside_chain,
        guard_min=settings.run.guard_min,
    )
    run_durably(call, settings, request, is_all_contracts=is_all_contracts, digest=digest)


def _check_alone(**others: object) -> None:
    """Raises UsageError for options that belong to another kind of run."""
    given = [f"--{name.replace('_', '-')}" for name, value in others.items() if value]
    if given:
        raise UsageError(
            f"{' and '.join(given)} cannot stand beside --from, --to, --html or --compare.",
            "Those only look: a period with --from and --to, a day that has passed with --compare.",
        )


class Asked(NamedTuple):
    """The options of a period, as far as they were given."""

    first: date | None
    last: date | None
    html: Path | None


def _look(call: Call, asked: Asked, compare: date | None, contracts: tuple[str, ...]) -> None:
    if compare is None:
        _show_period(call, asked, contracts)
        return
    if any(asked):
        raise UsageError(
            "--compare cannot stand beside --from, --to or --html.",
            "It looks at one day that has passed.",
        )
    _show_comparison(call, compare, contracts)


def _show_period(call: Call, asked: Asked, contracts: tuple[str, ...]) -> None:
    first, last, html = asked
    if first is None or last is None:
        raise UsageError(
            "A period has two ends: --from and --to are given together.",
            "For example --from 2020-10-05 --to 2020-11-16.",
        )
    from connector.runner.look_ahead import Period

    period = Period(first, last)
    with call.connected() as (connection, settings):
        from connector.console.range_run import LAYOUT as RANGE
        from connector.console.range_run import RangeRun, page_class
        from connector.job.look import look

        if html is not None:
            page_class()
        diagnosis = look(connection.environment(settings.rules)).diagnosis
        user, next_run = _starter(diagnosis), diagnosis.next_run
        this = RangeRun(connection, settings, period, contracts, user, next_run, html)
        envelope = connection.envelope(RANGE.schema)
        call.show(RANGE, envelope, stream=this.stream, text=this.text, is_acting=html is not None)
    if html is not None:
        call.voice.say(f"The page is {html}.")
    if this.calendar.failed:
        raise typer.Exit(PartlyDone.exit_code)


def _show_comparison(call: Call, on: date, contracts: tuple[str, ...]) -> None:
    with call.connected() as (connection, settings):
        from connector.console.memory import history_of
        from connector.console.parity_run import LAYOUT as COMPARISON
        from connector.console.parity_run import comparison_of
        from connector.job.look import look

        user = _starter(look(connection.environment(settings.rules)).diagnosis)
        this = comparison_of(connection, settings, on, contracts, user)
        call.show(COMPARISON, connection.envelope(COMPARISON.schema), stream=this.stream, text=this.text)
        with history_of(settings, call.voice) as history:
            history.compare(connection, this.score, is_emulator=connection.is_emulator)


def _say_next_run(call: Call, settings: Settings, ended_at: datetime) -> None:
    """In line nobody waits for it (rule J6)."""
    from connector.hooks import load_plugins
    from connector.model.time_text import moment
    from connector.runner.recurring import next_run_after

    at = next_run_after(load_plugins(), settings.rules, ended_at, ended_at)
    if at is not None:
        call.voice.say(
            f"The next run would be at {moment(at)}, as ProcessRunCaller has it; this command does not wait."
        )


def _guard(
    connection: Connection,
    settings: Settings,
    diagnosis: Diagnosis,
    contracts: list[str],
    is_all_contracts: bool,
    is_beside_chain: bool,
) -> None:
    """Raises Refused for what must not be created here and now."""
    from connector.runner.guard import check_chain, check_records, check_scope
    from connector.runner.read import is_emulator
    from connector.settings import CreateWith

    is_ours = is_emulator(connection.client)
    if settings.run.create_with is CreateWith.RECORDS:
        check_records(is_emulator=is_ours)
    check_scope(contracts, is_all_contracts=is_all_contracts, is_emulator=is_ours)
    check_chain(diagnosis, guard_min=settings.run.guard_min, is_beside_chain=is_beside_chain)


def _starter(diagnosis: Diagnosis) -> str | None:
    """The user under whom the job runs: its days are days in that user's time zone (rule L7)."""
    return diagnosis.chains[0].last.owner if diagnosis.chains else None
