"""`projops serve`: one chain of durable runs for an environment, kept going by any number of workers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from connector.console.durable.here import Here, State, new_run_id, take_up
from connector.console.durable.retention import prune_runs
from connector.console.durable.take_over import hand_over
from connector.console.voice import Voice
from connector.errors import DataverseError, Refused, StateUnusable
from connector.job.look import look
from connector.runner.durable.chain import (
    begin_sleeping,
    check_alone,
    first_request,
    now_at,
    seconds_until,
    sleeping_text,
)
from connector.runner.durable.dbos_engine.steering import Steering
from connector.runner.durable.engine import Kind, Part
from connector.runner.durable.facts import DurableRequest, request_of
from connector.runner.durable.progress import progress_line
from connector.runner.durable.run import why
from connector.state.leases import Holder
from connector.state.runs import ENDED, RunRow, RunState

TICK_S = 1.0
TRY_AGAIN_S = 60.0
PRUNE_EVERY_S = 24 * 3600.0


@dataclass
class Served:
    """This worker while it serves. `start_with` is the workflow that begins a chain where there is none.

    `take_over_after` None: what dead workers left stays until somebody resumes it.
    """

    here: Here
    steer: Steering
    request: DurableRequest
    start_with: str
    keep: timedelta
    voice: Voice
    is_emulator: bool
    take_over_after: timedelta | None = None
    _said: str = ""
    _pruned_s: float | None = None
    _again_s: dict[str, float] = field(default_factory=dict)

    @property
    def state(self) -> State:
        return self.here.state

    def serve(self) -> None:
        """Until the process is asked to end. Raises Refused where the environment has a chain of its own,
        and what stands in the way for good."""
        check_alone(look(self.here.site.look_at).diagnosis)
        self._ensure_chain()
        while True:
            self._tick()
            if self.here.site.stopping.wait(TICK_S):
                return

    def left(self) -> Iterator[str]:
        """What is done and what is left, for the end."""
        for row in self.open_runs():
            yield progress_line(self.state.progress(row))
            if text := sleeping_text(request_of(row.request)):
                yield f"  {text}; the next projops serve goes on with it."

    def health(self) -> dict[str, object]:
        """For a host that asks: whether a run is open and nothing stands in its way."""
        try:
            rows = self.open_runs()
        except StateUnusable as error:
            return {"is_well": False, "message": why(error)}
        troubles = {run: why(error) for run, error in self.here.worker.failed.items()}
        return {
            "is_well": bool(rows) and not troubles,
            "worker": self.here.worker_id,
            "environment": self.here.environment,
            "runs": [{"id": row.id, "state": row.state, "message": row.message} for row in rows],
            "troubles": troubles,
        }

    def open_runs(self) -> list[RunRow]:
        """The runs of the chain that have not ended: one, unless something is wrong."""
        return [
            row
            for row in self.state.runs.rows(self.here.environment)
            if row.state not in ENDED and request_of(row.request).is_chained
        ]

    def _ensure_chain(self) -> None:
        """Go on with the chain that is there, or begin one. One worker at a time looks and begins."""
        name = f"chain/{self.here.environment}"
        while isinstance(found := self.state.leases.take(name, self.here.worker_id), Holder):
            self.here.site.wait(TICK_S)
        try:
            rows = self.open_runs()
            for row in rows:
                self._go_on(row)
            if not rows:
                self._begin()
        finally:
            self.state.leases.release([found])

    def _go_on(self, row: RunRow) -> None:
        if row.state is RunState.SLEEPING:
            request = request_of(row.request)
            self.here.worker.begin(
                Part(Kind.CALLER, row.id), seconds_until(request.due, self.here.site.client.now)
            )
        else:
            take_up(self.here, self.steer, row)

    def _begin(self) -> None:
        site = self.here.site
        request = first_request(site, self.request, self.start_with)
        id = f"{new_run_id().replace('run-', 'job-')}-1"
        after_s = begin_sleeping(site, self.state.runs, id, request)
        kind = Kind.PLAN if request.due is None else Kind.CALLER
        self.here.worker.begin(Part(kind, id), after_s)

    def _tick(self) -> None:
        self._try_again()
        if self.is_emulator:
            self._wake_those_due()
        if self.take_over_after is not None:
            for part in hand_over(self.state, self.steer, self.take_over_after):
                self.voice.say(f"{part.id}, left by {part.worker}, is taken over.")
        if self._pruned_s is None or time.monotonic() - self._pruned_s > PRUNE_EVERY_S:
            self._pruned_s = time.monotonic()
            prune_runs(self.state, self.keep)
        rows = self.open_runs()
        if not rows:
            self._raise_end()
        self._tell(rows[0])

    def _try_again(self) -> None:
        """An environment or a database that is away is waited for; anything else ends this worker."""
        for run, error in list(self.here.worker.failed.items()):
            if not isinstance(error, (DataverseError, StateUnusable)):
                self.state.runs.tell(run, RunState.FAILED, why(error))
                raise error
            now = time.monotonic()
            if run not in self._again_s:
                self.voice.warn(f"{run}: {why(error)} Tried again in {TRY_AGAIN_S:.0f} s.")
            if now >= self._again_s.setdefault(run, now + TRY_AGAIN_S):
                del self.here.worker.failed[run], self._again_s[run]
                mine = [part for part in self.steer.left(run) if part.worker == self.here.worker_id]
                self.steer.resume([part for part in mine if part.is_taken])

    def _wake_those_due(self) -> None:
        """An emulator's clock was moved: the engine's timer knows nothing of it."""
        sleeping = {part.id.partition("/")[0]: part for part in self.steer.unended() if part.is_sleeping}
        if not sleeping:
            return
        now = now_at(self.here.site)
        for row in self.open_runs():
            due = request_of(row.request).due
            if row.id in sleeping and seconds_until(due, now) == 0:
                self.steer.delay(sleeping[row.id].id, 0)

    def _raise_end(self) -> None:
        """The chain has ended: a guard said no to its last run, or somebody canceled it."""
        rows = self.state.runs.rows(self.here.environment)
        last = next((row for row in rows if request_of(row.request).is_chained), None)
        reason = last.message if last is not None and last.message else "Its last run was canceled."
        raise Refused(f"The chain has ended. {reason}", "projops serve begins another one.")

    def _tell(self, row: RunRow) -> None:
        """Whenever it is another one or in another state, not each second."""
        key = f"{row.id} {row.state}"
        if key != self._said:
            self._said = key
            asleep = sleeping_text(request_of(row.request)) if row.state is RunState.SLEEPING else ""
            self.voice.say(f"{row.id}: {asleep or row.state}")
