"""Our own chain of runs: ProcessRunner ends and plans the next, by what the workflow plug-ins decide.

The engine's timers go by the clock of the database and its workers, the rules by the environment's: a run
that is awake before its instant has come there sleeps on, and one whose instant has come there while the
timer still runs is woken by whoever looks (an emulator's clock stands still until it is moved).
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from connector.errors import Refused
from connector.model.job_chain import Diagnosis
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.runner.durable.engine import Engine, Facts, Kind, Part
from connector.runner.durable.facts import DurableRequest, as_facts, request_of
from connector.runner.durable.site import Site
from connector.runner.recurring import next_run_after
from connector.state.runs import RunRow, Runs, RunState
from connector.workflow import Call, WaitUntil

EARLY_S = 1.0
"""By how much a timer may be early: the environment tells its time in whole seconds."""


def check_alone(diagnosis: Diagnosis) -> None:
    """Rule J10. Raises Refused while the environment has a chain of its own: both would invoice the same."""
    if diagnosis.live_chains:
        raise Refused(
            f"The environment has a chain of its own: two would invoice the same. {diagnosis.sentence}",
            "Let it do the work, or end it with projops destroy before projops serve.",
        )


def first_request(site: Site, request: DurableRequest, start_with: str) -> DurableRequest:
    """The first run of a chain: at once, or after the sleep of ProcessRunCaller that was started by hand."""
    if start_with != PROCESS_RUN_CALLER:
        return replace(request, is_chained=True)
    now = site.client.now
    waits = site.plugins.workflow(start_with).start(Call(now), request.rules)
    due = max((step.at for step in waits if isinstance(step, WaitUntil)), default=now)
    return replace(request, is_chained=True, due=due)


def begin_sleeping(site: Site, runs: Runs, id: str, request: DurableRequest) -> float:
    """Note a run that is to come, once; returns in how many seconds it is due."""
    state = RunState.PLANNED if request.due is None else RunState.SLEEPING
    runs.begin(id, site.name, PROCESS_RUNNER, as_facts(request), state)
    noted = runs.find(id)
    assert noted is not None
    return seconds_until(request_of(noted.request).due, site.client.now)


def next_id(id: str) -> str:
    """`job-20201005-4f2a-1` is followed by `job-20201005-4f2a-2`, whoever plans it and however often."""
    stem, _, number = id.rpartition("-")
    return f"{stem}-{int(number) + 1}"


def plan_next(site: Site, runs: Runs, engine: Engine, row: RunRow) -> None:
    """Rules J5 and J6: ProcessRunner's end starts ProcessRunCaller, which sleeps and calls it again."""

    def plan() -> Facts:
        request, now = request_of(row.request), now_at(site)
        due = next_run_after(site.plugins, request.rules, now, now)
        if due is None:
            return {"run": ""}
        id = next_id(row.id)
        return {"run": id, "after_s": begin_sleeping(site, runs, id, replace(request, on=None, due=due))}

    planned = engine.step("next", plan)
    if planned["run"]:
        engine.begin(Part(Kind.CALLER, planned["run"]), planned["after_s"])


def now_at(site: Site) -> datetime:
    """The environment's time, asked for: any answer tells it."""
    site.client.function("WhoAmI")
    return site.client.now


def wake(site: Site, engine: Engine, part: Part, request: DurableRequest) -> None:
    """ProcessRunCaller's timer is over: the run begins, or sleeps on where its instant has not come."""

    def look_at_the_clock() -> Facts:
        return {"left_s": seconds_until(request.due, now_at(site))}

    left_s = engine.step("clock", look_at_the_clock)["left_s"]
    if left_s > EARLY_S:
        engine.begin(Part(Kind.CALLER, part.run, part.number + 1), left_s)
    else:
        engine.begin(Part(Kind.PLAN, part.run))


def seconds_until(due: datetime | None, now: datetime) -> float:
    return 0.0 if due is None else max((due - now).total_seconds(), 0.0)
