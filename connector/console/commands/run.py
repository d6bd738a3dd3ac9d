"""`projops run`: what the invoice job would create, and, when told to, creating it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

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
) -> None:
    """Show what the invoice job creates on a day, and why the rest is not invoiced.

    With --apply the draft invoices are created. "Now" and "today" are the environment's.

    Examples:

      projops run --on 2020-10-05

      projops run -o jsonl --contract 5b0e…

      projops run --apply --contract 5b0e…
    """
    if contract and all_contracts:
        raise UsageError("--contract and --all-contracts exclude each other.", "Give one of them.")
    with call.connected({"run": {"create_with": create_with}}) as (connection, settings):
        from connector.console.invoice_run import InvoiceRunOfCall
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
    if shown.stopped_by is not None:
        raise shown.stopped_by
    if shown.failures:
        raise typer.Exit(PartlyDone.exit_code)
    if not apply and shown.totals.invoices:
        call.voice.say("Nothing was created; --apply does it.")


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
