"""Two reruns on two machines, in any order of their requests, with trouble at any of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import pytest

from connector.emulator.trouble.fault import Cut, ExpiredToken, Fault, Sql, Status, Throttle
from connector.emulator.trouble.rule import Rule
from connector.errors import ProjopsError, Refused
from connector.job.look import Environment, look
from connector.job.start import StartState
from connector.model.job_chain import Health
from connector.support.apply import Applied, apply_rerun
from connector.support.plan import plan_rerun
from tests.job.emulated import Emulated, client_of
from tests.job.faults import watched
from tests.matrix import Matrix
from tests.support.stage import Stage

FAULTS: dict[str, Fault | None] = {
    "none": None,
    "cut before it takes effect": Cut(moment="before"),
    "cut after it took effect": Cut(moment="after"),
    "cut inside the answer": Cut(moment="body"),
    "503 before": Status(status=503),
    "502 after it took effect": Status(status=502, is_after=True),
    "throttled": Throttle(),
    "deadlock": Sql(),
    "expired token": ExpiredToken(),
}
DRAWS = 6
UNGUARDED_DRAWS = 3
REQUESTS = 45
"""About as many as two reruns make; a fault beyond the last request is none."""


@dataclass(frozen=True)
class Case:
    """`faults` strike once each at these numbers of requests; with `is_down` all requests after the first
    of them are struck, until both machines have given up."""

    trouble: str
    fault: str
    draw: int
    is_down: bool

    @property
    def chance(self) -> random.Random:
        return random.Random(repr(self))


CASES = [
    Case(trouble, fault, draw, is_down)
    for trouble in ("stopped", "stalled")
    for fault in FAULTS
    for draw in range(DRAWS)
    for is_down in ((False,) if fault in {"none", "expired token"} else (False, draw % 3 == 0))[-1:]
]


def test_two_reruns_never_make_two_chains(world: Emulated, matrix: Matrix) -> None:
    """Whatever goes wrong and whoever comes first: at most one chain lives, what is not known is said, and
    once requests succeed again one more rerun leaves exactly one."""
    _prepared(world)
    for case in CASES if matrix.is_whole else matrix.sample(CASES[matrix.seed % 2 :: 2]):
        outcomes = _played(world, case)
        found = world.look().diagnosis
        assert len(found.live_chains) <= 1, f"{case}: {outcomes}"
        # Of two that sign in as one user both may find the chain whose answer was lost: it is one chain.
        started = {
            one.start.job for one in outcomes if isinstance(one, Applied) and one.start and _has_started(one)
        }
        assert len(started) <= 1, f"{case}: {outcomes}"
        if started:
            assert len(found.live_chains) == 1, f"{case}: {outcomes}"
        elif found.live_chains and case.trouble == "stopped":
            assert any(map(_is_unknown, outcomes)), f"{case}: a chain lives and nobody says so: {outcomes}"
        _tried(world.at)
        assert len(world.look().diagnosis.live_chains) == 1, f"{case}: {outcomes}"


def test_without_an_etag_two_chains_are_reported(world: Emulated) -> None:
    """Where the table takes no etag, a start looks before and after: a second chain that comes in between
    is said by whoever started last, and status sees both."""
    _prepared(world)
    both = 0
    for case in [Case("stopped", "none", draw, is_down=False) for draw in range(UNGUARDED_DRAWS)]:
        with watched(world.client.url) as line:
            line.takes_no_etags = True
            outcomes = _played(world, case)
        found = world.look().diagnosis
        assert found.live_chains
        starts = [one.start for one in outcomes if isinstance(one, Applied) and one.start is not None]
        assert all(not one.is_guarded for one in starts if one.state is StartState.STARTED)
        if len(found.live_chains) > 1:
            both += 1
            assert found.health is Health.SEVERAL_CHAINS
            assert any("Several chains" in one.sentence for one in starts), f"{case}: {starts}"
            assert any("could not guard the start" in one.sentence for one in starts)
    assert both < UNGUARDED_DRAWS, "looking right before the start keeps some of them apart"


def _prepared(world: Emulated) -> None:
    """A state for each kind of trouble, to which every case returns."""
    world.create_record()
    world.client.update("asyncoperations", world.execute(), {"statecode": 3, "statuscode": 32}, etag="*")
    world.emulator.advance_clock(timedelta(minutes=30))
    world.states["stopped"] = world.emulator.take_snapshot()
    world.reset(world.shape)
    world.create_record()
    world.execute()
    world.stall()
    world.states["stalled"] = world.emulator.take_snapshot()


def _played(world: Emulated, case: Case) -> list[Applied | ProjopsError]:
    world.emulator.restore_snapshot(world.states[case.trouble])
    chance, trouble = case.chance, world.emulator.trouble
    at_requests = set(chance.sample(range(REQUESTS), 2))
    fault = FAULTS[case.fault]

    def before(number: int) -> None:
        is_struck = number >= min(at_requests) if case.is_down else number in at_requests
        trouble.clear()
        if fault is not None and is_struck:
            trouble.add(Rule(fault=fault, times=1))

    outcomes: list[Applied | ProjopsError] = []
    stage = Stage(world.client.url)
    with _machines(world) as machines:
        stage.play(
            {name: partial(_put, outcomes, at) for name, at in machines.items()}, chance.choice, before
        )
    trouble.clear()
    return outcomes


@contextmanager
def _machines(world: Emulated) -> Iterator[dict[str, Environment]]:
    with ExitStack() as stack:
        found = {}
        for name in ("one", "two"):
            client = stack.enter_context(client_of(world.emulator, user_agent=name))
            found[name] = replace(world.at, client=client)
        yield found


def _put(outcomes: list[Applied | ProjopsError], at: Environment) -> None:
    outcomes.append(_tried(at))


def _tried(at: Environment) -> Applied | ProjopsError:
    try:
        seen = look(at)
        return apply_rerun(at, seen, plan_rerun(seen, at.rules))
    except ProjopsError as error:
        return error


def _has_started(outcome: Applied | ProjopsError) -> bool:
    start = outcome.start if isinstance(outcome, Applied) else None
    return start is not None and start.state is StartState.STARTED


def _is_unknown(outcome: Applied | ProjopsError) -> bool:
    """Whether it says that something was not known, or not reached."""
    if isinstance(outcome, Applied):
        return outcome.start is not None and outcome.start.state is StartState.UNKNOWN
    return not isinstance(outcome, Refused)


@pytest.mark.parametrize("case", [Case("stopped", "none", 0, is_down=False)])
def test_the_stage_lets_both_machines_on(world: Emulated, case: Case) -> None:
    """The order of requests is mixed, so that the test above tests what it says."""
    _prepared(world)
    outcomes = _played(world, case)
    assert len(outcomes) == 2
    assert sum(map(_has_started, outcomes)) == 1
