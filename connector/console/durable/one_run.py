"""`projops run --apply --durable` and `projops runs resume`: one run, gone through by this process."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import typer
from msgspec.structs import replace

from connector.console.call import Call
from connector.console.connection import Connection
from connector.console.durable.health import HealthPort
from connector.console.durable.here import (
    Here,
    State,
    at_work,
    connected_until,
    environment_name,
    followed,
    new_run_id,
    opened,
    take_up,
)
from connector.console.durable.reviewing import keep_reviewed
from connector.console.durable.serving import Served
from connector.console.durable.stopping import asked_to_end
from connector.console.output import Envelope, Item, Layout
from connector.console.voice import Voice
from connector.errors import PartlyDone, Refused, UsageError
from connector.job.look import look
from connector.model.process import PROCESS_RUNNER
from connector.runner.durable.engine import Kind, Part
from connector.runner.durable.facts import DurableRequest, as_facts, frozen_of, request_of
from connector.runner.durable.progress import progress_json, progress_line, run_text
from connector.runner.guard import check_chain, check_records, check_scope
from connector.runner.read import is_emulator
from connector.runner.wording import several
from connector.settings import Settings
from connector.state.runs import ENDED, RunRow, RunState

LAYOUT = Layout(
    "projops.durable_run/1",
    {"invoice": "invoices", "failed": "failures"},
    (
        "contract",
        "contract_name",
        "id",
        "customer",
        "currency",
        "invoice_run_date",
        "state",
        "total",
        "reason",
        "message",
    ),
)
TELL_EVERY_S = 1.0


def run_durably(
    call: Call,
    settings: Settings,
    request: DurableRequest,
    *,
    is_all_contracts: bool = False,
    digest: str | None = None,
) -> None:
    """Begin a run and go through it. Raises what stops it; it can be resumed then. With a digest it does
    what was reviewed and nothing else; Refused where that is not what would be done now."""
    with (
        asked_to_end() as stopping,
        connected_until(settings, call.voice, stopping) as connection,
        at_work(connection, settings, stopping) as here,
    ):
        request = checked(connection, request, is_all_contracts=is_all_contracts)
        id = new_run_id()
        if digest is not None:
            keep_reviewed(connection, settings, request, here.state.runs.reviews, id, digest)
            request = replace(request, is_reviewed=True)
        here.state.runs.begin(id, here.environment, PROCESS_RUNNER, as_facts(request))
        here.worker.begin(Part(Kind.PLAN, id))
        call.voice.say(f"The run is {id}; if it is cut off: projops runs resume {id}")
        row = _gone_through(here, id, call.voice)
        _show(call, here.state, row, connection)
    _end(row)


def serve_durably(
    call: Call,
    settings: Settings,
    request: DurableRequest,
    *,
    is_all_contracts: bool,
    keep: timedelta,
    take_over_after: timedelta | None,
    health: HealthPort,
) -> None:
    """Serve until the process is asked to end; what is left is said then."""
    with (
        asked_to_end() as stopping,
        connected_until(settings, call.voice, stopping) as connection,
        at_work(connection, settings, stopping) as here,
    ):
        request = checked(connection, request, is_all_contracts=is_all_contracts)
        served = Served(
            here,
            request,
            settings.job.start_with,
            keep,
            call.voice,
            connection.is_emulator,
            float(settings.run.patience_s),
            take_over_after,
        )
        with health.telling(served.health) as address:
            call.voice.say(f"Serving {here.environment} as {here.worker_id}. Ctrl-C ends it.")
            if address:
                call.voice.say(f"Health: {address}")
            served.serve()
        for line in served.left():
            call.voice.warn(line)


def checked(
    connection: Connection, request: DurableRequest, *, is_all_contracts: bool = False
) -> DurableRequest:
    """The request with what is known of this environment. Raises Refused for what a guard stands against."""
    is_ours = is_emulator(connection.client)
    if request.is_by_records:
        check_records(is_emulator=is_ours)
    check_scope(request.contracts, is_all_contracts=is_all_contracts, is_emulator=is_ours)
    rules = connection.rules_here(request.rules)
    diagnosis = look(connection.environment(rules)).diagnosis
    check_chain(diagnosis, guard_min=request.guard_min, is_beside_chain=request.is_beside_chain)
    user = diagnosis.chains[0].last.owner if diagnosis.chains else None
    return replace(request, rules=rules, user=user)


def resume(call: Call, settings: Settings, id: str) -> None:
    """Go on with a run that was cut off, canceled or failed."""
    with opened(settings) as state:
        row = state.require(id)
    check_resumable(row)
    if row.environment != environment_name(settings):
        raise UsageError(
            f"The run {id} belongs to {row.environment}, and DATAVERSE_URL leads elsewhere.",
            "Resume it with the settings of that environment.",
        )
    with (
        asked_to_end() as stopping,
        connected_until(settings, call.voice, stopping) as connection,
        at_work(connection, settings, stopping) as here,
    ):
        take_up(here, row)
        row = _gone_through(here, id, call.voice)
        _show(call, here.state, row, connection)
    _end(row)


def retry_failed(call: Call, settings: Settings, id: str) -> None:
    """The contracts of a run that failed, as a run of its own, for the day of the first."""
    with opened(settings) as state:
        row = state.require(id)
        failed = tuple(contract for contract, _ in state.runs.writes.outcomes(id, is_failed=True))
    if not failed:
        raise Refused(f"No contract of the run {id} failed.")
    request, frozen = request_of(row.request), frozen_of(row.frozen)
    call.voice.say(f"{several(len(failed), 'contract')} of {id} for {frozen.on}.")
    run_durably(
        call,
        settings,
        replace(request, on=frozen.on, contracts=failed, limit=None, is_chained=False, is_reviewed=False),
    )


def check_resumable(row: RunRow) -> None:
    """Raises Refused for a run that is over."""
    if row.state in ENDED and row.state is not RunState.CANCELED:
        raise Refused(
            f"The run {row.id} has ended ({row.state}): nothing of it is left.",
            "What failed is tried again with projops runs retry-failed.",
        )


def _gone_through(here: Here, id: str, voice: Voice) -> RunRow:
    """Raises KeyboardInterrupt and errors after what was done is said."""
    tell = _Told(voice, here.state)
    try:
        return followed(here, id, tell)
    except BaseException:
        row = here.state.runs.find(id)
        if row is not None:
            voice.warn(progress_line(here.state.progress(row)))
            voice.warn(f"What was done is kept; go on with: projops runs resume {id}")
        raise


@dataclass
class _Told:
    """Says how far a run is, now and then, where a person looks at it."""

    voice: Voice
    state: State
    _last: float = field(default=0.0)

    def __call__(self, row: RunRow) -> None:
        """The figures of a long run are many rows: they are added up only when they are said."""
        if sys.stderr.isatty() and time.monotonic() - self._last > TELL_EVERY_S:
            self._last = time.monotonic()
            self.voice.say(progress_line(self.state.progress(row)))


def _show(call: Call, state: State, row: RunRow, connection: Connection) -> None:
    show_run(call, state, row, connection.envelope(LAYOUT.schema))


def show_run(call: Call, state: State, row: RunRow, envelope: Envelope) -> None:
    """One run with its invoices and failures."""
    progress = state.progress(row)

    def stream() -> Iterator[Item]:
        yield {"kind": "result", **progress_json(progress)}
        for contract, facts in state.runs.writes.outcomes(row.id):
            named = {"contract": contract, "contract_name": facts["name"]}
            yield from ({"kind": "invoice", **named, **one} for one in facts["invoices"])
            yield from ({"kind": "failed", **named, **one} for one in facts["failures"])

    def text() -> Iterator[str]:
        yield from run_text(progress)
        for contract, facts in state.runs.writes.outcomes(row.id, is_failed=True):
            for one in facts["failures"]:
                yield f"  ! {facts['name']} ({contract}): {one['message']}"

    call.show(LAYOUT, envelope, stream=stream, text=text)


def _end(row: RunRow) -> None:
    if row.state is RunState.REFUSED:
        raise Refused(row.message, "Nothing was created.")
    if row.state is RunState.CANCELED:
        raise Refused(f"The run {row.id} was canceled.", f"projops runs resume {row.id} goes on with it.")
    if row.state is RunState.PARTLY:
        raise typer.Exit(PartlyDone.exit_code)
