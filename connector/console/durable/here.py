"""Durable runs as commands have them: the state that is meant, a worker of this machine, a run followed.

It needs the extra `durable` and is imported by way of `durable.door`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread

from connector.console.connection import EMBEDDED, Connection, connected
from connector.console.voice import Voice
from connector.dataverse import RetryPolicy
from connector.errors import StateUnusable
from connector.hooks import load_plugins
from connector.runner.durable.dbos_engine.lost import LostParts
from connector.runner.durable.dbos_engine.steering import Left, Steering, steering
from connector.runner.durable.dbos_engine.worker import Worker, working
from connector.runner.durable.engine import Kind, Part, Stopping
from connector.runner.durable.held import HeldLeases
from connector.runner.durable.progress import Progress
from connector.runner.durable.run import DurableRun, figures_so_far, why
from connector.runner.durable.site import Site
from connector.settings import Settings
from connector.state.address import StateAddress, state_address
from connector.state.database import Database
from connector.state.leases import Lease, Leases
from connector.state.runs import ENDED, RunRow, Runs, RunState
from connector.state.slots import is_slot_free, slot

FILE = "runs.db"
BREATH_S = 0.1
LOOK_EVERY_S = 1.0
"""How long a run is waited for without a look at its row, unless a part of it ends in this process."""
BEATS_A_LEASE = 4


def environment_name(settings: Settings) -> str:
    """The same for every worker: the address, or the file of an embedded emulator, which has no other."""
    url = settings.require_url().strip()
    if url.lower().startswith(EMBEDDED):
        return EMBEDDED + str(Path(url[len(EMBEDDED) :]).absolute())
    return url.rstrip("/").lower()


def address_of(settings: Settings) -> StateAddress:
    """Raises SettingsError for a PROJOPS_STATE_URL that cannot be."""
    if settings.state_url is not None:
        return state_address(settings.state_url.get_secret_value())
    return state_address(str(settings.state_folder / FILE))


def slots_of(settings: Settings) -> Path:
    """Where the ids of this machine's workers lie; those of a SQLite file lie beside it."""
    address = address_of(settings)
    if address.path is not None:
        return address.path.with_name(f"{address.path.name}-workers")
    return settings.state_folder / "workers"


@dataclass(frozen=True)
class State:
    """The state as a command has it open."""

    database: Database
    runs: Runs
    leases: Leases
    slots: Path

    def require(self, id: str) -> RunRow:
        """Raises StateUnusable for a run that is not known here."""
        found = self.runs.find(id)
        if found is None:
            raise StateUnusable(f"There is no run {id} in {self.database.address}.", "See projops runs list.")
        return found

    def progress(self, run: RunRow) -> Progress:
        return Progress(run, figures_so_far(self.runs, run.id), self.runs.now())

    def is_dead(self, worker: str, after: timedelta = timedelta(0)) -> bool:
        """Whether a worker can no longer be at work: nobody holds its slot here, or its lease has ended,
        `after` ago at least."""
        if is_slot_free(self.slots, worker):
            return True
        long_ago = (self.runs.now() - after).timestamp()
        holders = self.leases.holders(f"worker/{worker}")
        return all(holder.is_stale and holder.until <= long_ago for holder in holders)


@contextmanager
def opened(
    settings: Settings, *, is_new_allowed: bool = False, stopping: Event | None = None
) -> Iterator[State]:
    """Raises SettingsError and StateUnusable."""
    address = address_of(settings)
    with Database.open(
        address,
        is_new_allowed=is_new_allowed,
        patience_s=float(settings.run.patience_s),
        stopping=stopping,
    ) as database:
        leases = Leases(database, float(settings.run.lease_s))
        yield State(database, Runs(database), leases, slots_of(settings))


@dataclass(frozen=True)
class Here:
    """This process at work on one environment."""

    state: State
    site: Site
    worker: Worker
    steer: Steering
    held: HeldLeases
    worker_id: str
    environment: str


@contextmanager
def connected_until(settings: Settings, voice: Voice, stopping: Event) -> Iterator[Connection]:
    """A connection whose pauses end when the process is asked to end."""

    def sleep(seconds: float) -> None:
        if stopping.wait(seconds):
            raise Stopping

    with connected(settings, voice, RetryPolicy(sleep=sleep)) as connection:
        yield connection


def site_of(connection: Connection, settings: Settings, stopping: Event) -> Site:
    rules = connection.rules_here(settings.rules)
    return Site(
        name=environment_name(settings),
        client=connection.client,
        tables=connection.tables,
        row_definition=connection.definitions.get(connection.tables.invoice_schedule.logical_name),
        plugins=load_plugins(),
        look_at=connection.environment(rules),
        still_at_work_s=0 if connection.is_emulator else settings.run.still_at_work_s,
        stopping=stopping,
    )


@contextmanager
def at_work(connection: Connection, settings: Settings, stopping: Event) -> Iterator[Here]:
    """This process as a worker: it takes up what its former self left, and what is begun from now on."""
    with ExitStack() as stack:
        state = stack.enter_context(opened(settings, is_new_allowed=True, stopping=stopping))
        site = site_of(connection, settings, stopping)
        worker_id = stack.enter_context(slot(state.slots))
        held = HeldLeases(state.leases)
        stack.enter_context(_beating(state, held, worker_id, stopping))
        parts = DurableRun(
            site,
            state.runs,
            state.leases,
            worker_id,
            held,
            contracts_of_chunk=settings.run.contracts_of_chunk,
        )
        # The first worker makes the engine's tables; another that looks meanwhile would see half of them.
        with held.alone("engine", worker_id, site.wait):
            worker = stack.enter_context(
                working(state.database.address, site.name, worker_id, parts, at_once=settings.run.at_once)
            )
        steer = stack.enter_context(steering(state.database.address, site.name))
        # What is under way has to end before the engine does.
        stack.callback(stopping.set)
        yield Here(state, site, worker, steer, held, worker_id, site.name)


@contextmanager
def _beating(state: State, held: HeldLeases, worker_id: str, stopping: Event) -> Iterator[None]:
    """The leases of this process are renewed for as long as the block lasts.

    Raises StateUnusable at its end when another process took the lease of this very worker: only one that
    has the same id can, on a host to which the folder of ids was copied.
    """
    leases = state.leases
    own = leases.take(f"worker/{worker_id}", worker_id)
    assert isinstance(own, Lease)
    over, doubled = Event(), Event()

    def beat() -> None:
        while not over.wait(leases.duration_s / BEATS_A_LEASE):
            try:
                held.renew()
                if leases.renew([own]):
                    doubled.set()
                    stopping.set()
            except StateUnusable:
                continue  # the next write finds out and says so

    thread = Thread(target=beat, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _let_go(leases, own)
        if doubled.is_set():
            raise StateUnusable(
                f"Another process works as {worker_id} too: this one ended.",
                f"Was {state.slots} copied from another host? Delete it on one of them, and start again.",
            )


def _let_go(leases: Leases, own: Lease) -> None:
    try:
        leases.release([own])
    except StateUnusable:
        return  # it ends by itself


def new_run_id(now: datetime | None = None) -> str:
    """`run-20201005-120000-4f2a`: unique, and sorted by time."""
    return f"run-{now or datetime.now(UTC):%Y%m%d-%H%M%S}-{token_hex(2)}"


def followed(here: Here, id: str, tell: Callable[[RunRow], None]) -> RunRow:
    """Wait for the end of a run on which this process is at work; `tell` is called again and again.

    Raises what made this process leave it, and KeyboardInterrupt when it is asked to end.
    """
    runs, lost = here.state.runs, LostParts(here.steer, here.worker, here.worker_id)
    while True:
        ended = here.worker.ended
        row = here.state.require(id)
        if row.state in ENDED:
            return row
        if (error := here.worker.failed.get(id)) is not None:
            here.site.stopping.set()
            runs.tell(id, RunState.FAILED, why(error))
            raise error
        tell(row)
        lost.resume()
        look_at_s = time.monotonic() + LOOK_EVERY_S
        while here.worker.ended == ended and time.monotonic() < look_at_s:
            if here.site.stopping.wait(BREATH_S):
                raise KeyboardInterrupt


def take_up(here: Here, row: RunRow) -> None:
    """Have this process go on with a run: its parts that no living worker has."""
    parts = [part for part in here.steer.left(row.id) if not _is_in_hands(here.state, part)]
    here.state.runs.tell(row.id, RunState.RUNNING if row.frozen is not None else RunState.PLANNED)
    here.steer.resume(parts)
    here.worker.begin(Part(Kind.PLAN, row.id))


def _is_in_hands(state: State, part: Left) -> bool:
    """Whether somebody does it already, or will: what waits in the queue is taken by whoever comes first."""
    if part.state == "ENQUEUED":
        return True
    return part.is_taken and not state.is_dead(part.worker)
