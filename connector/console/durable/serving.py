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
)
from connector.runner.durable.dbos_engine.lost import LostParts
from connector.runner.durable.engine import Kind, Part, Stopping
from connector.runner.durable.facts import DurableRequest, request_of
from connector.runner.durable.progress import progress_line, sleeping_text
from connector.runner.durable.run import why
from connector.state.runs import ENDED, RunRow, RunState

TICK_S = 1.0
PRUNE_EVERY_S = 3600.0
ASK_THE_TIME_EVERY_S = 300.0
"""How often an environment that sleeps is asked whether its instant has come: the engine's timer goes by
another clock, which may have been set. An emulator's is moved at any time, and asked at each tick."""
LONGEST_SILENCE_S = 30.0
"""After so long without a look at the state a worker is not well."""


@dataclass(frozen=True)
class Seen:
    """What the last look at the state showed; `at_s` is monotonic."""

    at_s: float
    runs: tuple[RunRow, ...]


@dataclass
class Served:
    """This worker while it serves. `start_with` is the workflow that begins a chain where there is none.

    What could not go on is tried again after `try_again_s`. `take_over_after` None: what dead workers left
    stays until somebody resumes it.
    """

    here: Here
    request: DurableRequest
    start_with: str
    keep: timedelta
    voice: Voice
    is_emulator: bool
    try_again_s: float
    take_over_after: timedelta | None = None
    trouble: str = ""
    _seen: Seen | None = None
    _said: str = ""
    _pruned_s: float | None = None
    _asked_s: float = field(default_factory=time.monotonic)
    _again_s: dict[str, float] = field(default_factory=dict)

    @property
    def state(self) -> State:
        return self.here.state

    def serve(self) -> None:
        """Until the process is asked to end. Raises Refused where the environment has a chain of its own,
        and what stands in the way for good."""
        here, stopping = self.here, self.here.site.stopping
        lost = LostParts(here.steer, here.worker, here.worker_id)
        check_alone(look(here.site.look_at).diagnosis)
        self._ensure_chain()
        while True:
            try:
                self._tick()
                lost.resume()
                self._tell_trouble("")
            except (StateUnusable, DataverseError) as error:
                if not stopping.is_set():
                    self._tell_trouble(why(error))
            except Stopping:
                return
            if stopping.wait(TICK_S):
                return

    def left(self) -> Iterator[str]:
        """What is done and what is left, for the end."""
        try:
            for row in self._open_runs():
                yield progress_line(self.state.progress(row))
                yield "  The next projops serve goes on with it."
        except StateUnusable as error:
            yield f"What is left cannot be told: {why(error)} The next projops serve goes on with it."

    def health(self) -> dict[str, object]:
        """For a host that asks, at once and from memory: whether a run is open and nothing is in its way."""
        seen = self._seen
        age_s = None if seen is None else time.monotonic() - seen.at_s
        troubles = {run: why(error) for run, error in list(self.here.worker.failed.items())}
        rows = () if seen is None else seen.runs
        is_fresh = age_s is not None and age_s < LONGEST_SILENCE_S
        return {
            "is_well": bool(rows) and is_fresh and not troubles and not self.trouble,
            "worker": self.here.worker_id,
            "environment": self.here.environment,
            "runs": [{"id": row.id, "state": row.state, "message": row.message} for row in rows],
            "seconds_since_look": None if age_s is None else round(age_s, 1),
            "trouble": self.trouble or None,
            "troubles": troubles,
        }

    def _open_runs(self) -> list[RunRow]:
        """The runs of the chain that have not ended: one, unless something is wrong."""
        return [
            row
            for row in self.state.runs.rows(self.here.environment)
            if row.state not in ENDED and request_of(row.request).is_chained
        ]

    def _ensure_chain(self) -> None:
        """Go on with the chain that is there, or begin one. One worker at a time looks and begins."""
        here = self.here
        with here.held.alone(f"chain/{here.environment}", here.worker_id, here.site.wait):
            rows = self._open_runs()
            for row in rows:
                self._go_on(row)
            if not rows:
                self._begin()

    def _go_on(self, row: RunRow) -> None:
        if row.state is RunState.SLEEPING:
            request = request_of(row.request)
            self.here.worker.begin(
                Part(Kind.CALLER, row.id), seconds_until(request.due, self.here.site.client.now)
            )
        else:
            take_up(self.here, row)

    def _begin(self) -> None:
        site = self.here.site
        request = first_request(site, self.request, self.start_with)
        id = f"{new_run_id().replace('run-', 'job-')}-1"
        after_s = begin_sleeping(site, self.state.runs, id, request)
        kind = Kind.PLAN if request.due is None else Kind.CALLER
        self.here.worker.begin(Part(kind, id), after_s)

    def _tick(self) -> None:
        rows = self._open_runs()
        self._seen = Seen(time.monotonic(), tuple(rows))
        self._try_again()
        if self._is_time_to_ask():
            self._wake_those_due(rows)
        if self.take_over_after is not None:
            for part in hand_over(self.state, self.here.steer, self.take_over_after, self.here.worker_id):
                self.voice.say(f"{part.id}, left by {part.worker}, is taken over.")
        if self._pruned_s is None or time.monotonic() - self._pruned_s > PRUNE_EVERY_S:
            self._pruned_s = time.monotonic()
            prune_runs(self.state, self.keep)
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
                self.voice.warn(f"{run}: {why(error)} Tried again in {self.try_again_s:.0f} s.")
            if now >= self._again_s.setdefault(run, now + self.try_again_s):
                mine = [part for part in self.here.steer.left(run) if part.worker == self.here.worker_id]
                del self.here.worker.failed[run], self._again_s[run]
                self.here.steer.resume([part for part in mine if part.is_taken])

    def _is_time_to_ask(self) -> bool:
        is_time = self.is_emulator or time.monotonic() - self._asked_s > ASK_THE_TIME_EVERY_S
        if is_time:
            self._asked_s = time.monotonic()
        return is_time

    def _wake_those_due(self, rows: list[RunRow]) -> None:
        """The environment's instant has come while the engine's timer, by another clock, still runs."""
        sleeping = {part.run: part for part in self.here.steer.sleeping()}
        if not sleeping:
            return
        now = now_at(self.here.site)
        for row in rows:
            due = request_of(row.request).due
            if row.id in sleeping and seconds_until(due, now) == 0:
                self.here.steer.delay(sleeping[row.id].id, 0)

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

    def _tell_trouble(self, trouble: str) -> None:
        """What keeps this worker from looking, when it begins, changes and is over."""
        if trouble != self.trouble:
            self.trouble = trouble
            self.voice.warn(f"{trouble} Tried again." if trouble else "It goes on.")
