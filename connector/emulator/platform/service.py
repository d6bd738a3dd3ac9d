"""The asynchronous service: carries out what is due, in order of time, the clock standing at each event.

One instance per state file; the workflow plug-ins decide, this writes. A run's contracts are worked
through one transaction each; the job says `work` until all of them are done, so that a run that was
killed goes on when the file is opened again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.emulator.platform.instance import advance, finish_work, workflow_of
from connector.emulator.platform.job_purge import purge_jobs
from connector.emulator.platform.runs import run_contracts
from connector.emulator.platform.system_jobs import Job, Phase, create_job, open_jobs
from connector.emulator.platform.words import JobState
from connector.emulator.store import Image, Store, Transaction
from connector.errors import StateFileError, UsageError
from connector.hooks import Plugins


@dataclass(frozen=True)
class Event:
    at: datetime
    job: Job


class AsynchronousService:
    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self._store: Store | None = None
        self._lock = threading.RLock()
        self._is_ending = False

    @property
    def store(self) -> Store:
        assert self._store is not None, "attach the store first"
        return self._store

    def attach(self, store: Store) -> None:
        self._store = store

    def end(self) -> None:
        """Carry out nothing more: a move of the clock under way stops where it stands."""
        self._is_ending = True

    def wake(self, tx: Transaction) -> None:
        """Have the service look for work as soon as this transaction is committed."""
        if self.run_due not in tx.after_commit:
            tx.after_commit.append(self.run_due)

    def run_due(self) -> None:
        """Carry out all that is due at the standing clock."""
        if self._store is not None:
            self.run_until(None)

    def run_until(self, to: datetime | None) -> None:
        """Carry out all that is due up to `to`, then let the clock stand there; None: do not move it.

        Raises UsageError when `to` lies in the past, StateFileError when the emulator ends meanwhile.
        """
        with self._lock:
            if to is not None:
                with self.store.snapshot() as tx:
                    _refuse_going_back(tx, to)
            while not self._is_ending and self._carry_out_next(to):
                pass
            if to is not None:
                self._refuse_ending()
                with self.store.transaction() as tx:
                    tx.set_now(to)
                    purge_jobs(tx)

    def run_for(self, span: timedelta) -> None:
        """`run_until` a time span from now; of several such moves at once each adds its own."""
        with self._lock:
            self.run_until((self.store.now + span).replace(microsecond=0))

    def restore(self, image: Image) -> None:
        """Put another state in the place of this one, between two steps of whatever is under way."""
        with self._lock:
            self.store.restore(image)
            self.run_due()

    def duplicate_chain(self, workflow: str | None = None) -> str:
        """Start a second chain on the batch job of the live one; the id of its first system job.

        Raises UsageError when no job is open, PluginError for a workflow that nobody brings.
        """
        if workflow is not None:
            workflow_of(self.plugins, workflow)
        with self._lock:
            with self.store.transaction() as tx:
                jobs = open_jobs(tx)
                if not jobs:
                    raise UsageError("No workflow is running, so no chain can be doubled.", "Start it first.")
                last = jobs[-1]
                id = create_job(tx, workflow or last.progress.workflow, last.batch_job, last.owner)
            self.run_due()
            return id

    def _refuse_ending(self) -> None:
        if self._is_ending:
            raise StateFileError(
                f"The emulator ends; its clock stands at {self.store.now.isoformat()}.",
                "Move it on once the emulator is served again: the jobs go on from there.",
            )

    def _carry_out_next(self, to: datetime | None) -> bool:
        with self.store.transaction() as tx:
            event = next_event(tx, to or tx.now)
            if event is None:
                return False
            if event.at > tx.now:
                tx.set_now(event.at)
                purge_jobs(tx)
            if event.job.progress.phase is not Phase.WORK:
                advance(tx, event.job, self.plugins)
                return True
        run_contracts(self.store, self.plugins, event.job)
        with self.store.transaction() as tx:
            finish_work(tx, event.job)
        return True


def next_event(tx: Transaction, horizon: datetime) -> Event | None:
    """The earliest thing to do up to `horizon`; of several at one time the job that was made first."""
    events = [Event(at, job) for job in open_jobs(tx) if (at := _due_at(job, tx.now)) is not None]
    due = [event for event in events if event.at <= horizon]
    return min(due, key=lambda event: event.at, default=None)


def _due_at(job: Job, now: datetime) -> datetime | None:
    """When this job wants to go on; None when it does not by itself."""
    progress = job.progress
    if progress.held_in == job.state:
        return None
    if job.state == JobState.READY or progress.phase is Phase.WORK:
        return now
    if job.state == JobState.SUSPENDED:
        is_waiting = job.postpone_until is not None and not job.has_error and not progress.is_stalled
        return max(job.postpone_until, now) if is_waiting and job.postpone_until else None
    return max(progress.until, now) if progress.until else now


def _refuse_going_back(tx: Transaction, to: datetime) -> None:
    if to < tx.now:
        raise UsageError(
            f"The clock stands at {tx.now.isoformat()} and cannot be set back to {to.isoformat()}.",
            "Start a new state file to begin earlier.",
        )
