"""serve: one chain of our own, as the platform's would be, for any number of workers."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from connector.console.durable.health import HealthPort
from connector.console.main import run_command_line
from connector.emulator.ownership import OpenEmulator
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.leases import Leases
from connector.state.runs import Runs, RunState
from tests.console.outputs import Done, Projops
from tests.runner.interrupts import ACTION, tapped

FIFTH = datetime(2020, 10, 5, 6, tzinfo=UTC)
ASKS_THE_TIME = "WhoAmI"
MOST_TICKS = 300


@pytest.fixture
def state(either_state: str, emulator: OpenEmulator) -> str:
    emulator.move_clock(FIFTH)
    return either_state


def states(state: str) -> Counter[RunState]:
    with Database.open(state_address(state)) as database:
        return Counter(row.state for row in Runs(database).rows())


def served(
    projops: Projops,
    emulator: OpenEmulator,
    state: str,
    is_enough: Callable[[Counter[RunState]], object],
    *more: str,
) -> Done:
    """Serve; whenever it asks the environment for the time `is_enough` is told how the runs stand, until it
    says yes. Once: the second signal would end this very process."""
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if is_enough(states(state)) or ticks > MOST_TICKS:
            end()
        else:
            wire.path = ASKS_THE_TIME

    with tapped(emulator.url) as wire:
        wire.path, wire.then = ASKS_THE_TIME, tick
        return projops("serve", "--start-with", "ProcessRunner", *(more or ("--health-port", "0")))


def does_it_sleep(seen: Counter[RunState]) -> int:
    return seen[RunState.SLEEPING]


def end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_chain_runs_sleeps_a_day_and_runs_again(
    projops: Projops, emulator: OpenEmulator, state: str
) -> None:
    """Run, 24 hours of the environment's clock, run: then the next one sleeps, and the end says so."""
    moved: list[datetime] = []

    def is_twice_done(seen: Counter[RunState]) -> bool:
        if seen[RunState.DONE] == 1 and seen[RunState.SLEEPING] and not moved:
            moved.append(emulator.advance_clock(timedelta(hours=24)))
        return seen[RunState.DONE] == 2 and bool(seen[RunState.SLEEPING])

    done = served(projops, emulator, state, is_twice_done)
    assert done.code == 0, done.err
    assert states(state) == {RunState.DONE: 2, RunState.SLEEPING: 1}
    assert "sleeps until 2020-10-07 06:00 UTC" in done.err
    assert "http://127.0.0.1:" in done.err
    with emulator.store.snapshot() as tx:
        assert len(tx.find("invoice", {})) == 7


def test_the_next_start_goes_on_with_the_chain_that_is_there(
    projops: Projops, emulator: OpenEmulator, state: str
) -> None:
    """Ended while it slept, served again: no second chain, and the same run is to come."""

    served(projops, emulator, state, does_it_sleep)
    before = projops("runs", "list", "-o", "json").json["runs"]
    assert served(projops, emulator, state, does_it_sleep).code == 0
    after = projops("runs", "list", "-o", "json").json["runs"]
    assert [(run["id"], run["state"]) for run in after] == [(run["id"], run["state"]) for run in before]


def test_what_ended_long_ago_is_forgotten_while_it_serves(
    projops: Projops, emulator: OpenEmulator, file_state: str
) -> None:
    """--keep 0s: the run of before is gone with the first look, and what is open stays."""
    emulator.move_clock(FIFTH)
    before = projops("run", "--apply", "--durable", "--limit", "1", "-o", "json").json["id"]
    done = served(projops, emulator, file_state, does_it_sleep, "--keep", "0s")
    assert done.code == 0, done.err
    left = projops("runs", "list", "-o", "json").json["runs"]
    assert before not in {run["id"] for run in left}
    assert RunState.SLEEPING in {run["state"] for run in left}


def test_a_worker_whose_id_another_has_ends_and_says_so(
    projops: Projops, emulator: OpenEmulator, file_state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of ids that was copied to another host: both would take each other's work for their own."""
    emulator.move_clock(FIFTH)
    monkeypatch.setenv("PROJOPS_RUN__LEASE_S", "1")

    def take_its_lease(seen: Counter[RunState]) -> bool:
        with Database.open(state_address(file_state)) as database:
            leases = Leases(database)
            for holder in leases.holders("worker/"):
                leases.take(holder.name, holder.owner)
        return False

    done = served(projops, emulator, file_state, take_its_lease)
    assert (done.code, "works as worker-" in done.err) == (1, True), done.err


def test_health_tells_the_chain_while_it_serves(
    projops: Projops, emulator: OpenEmulator, file_state: str
) -> None:
    """A host that asks hears which run is open and that all is well."""
    emulator.move_clock(FIFTH)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told: list[dict[str, Any]] = []

    def ask(seen: Counter[RunState]) -> int:
        if seen[RunState.SLEEPING]:
            told.append(requests.get(f"http://127.0.0.1:{port}/health", timeout=10).json())
        return seen[RunState.SLEEPING]

    served(projops, emulator, file_state, ask, "--health-port", str(port))
    (health,) = told
    assert health["is_well"]
    assert (health["trouble"], health["troubles"]) == (None, {})
    assert health["runs"][0]["id"].startswith("job-")


def test_a_chain_of_the_environments_own_is_looked_for_before_each_run(
    projops: Projops, emulator: OpenEmulator, state: str
) -> None:
    """Rule J10: refused when somebody starts the platform's job while ours sleeps, and at the next start."""
    provisioned: list[int] = []

    def somebody_provisions(seen: Counter[RunState]) -> None:
        if seen[RunState.DONE] and seen[RunState.SLEEPING] and not provisioned:
            provisioned.append(-1)
            emulator.advance_clock(timedelta(hours=24))
            provisioned[0] = run_command_line(["provision", "--apply", "--quiet"])

    done = served(projops, emulator, state, somebody_provisions)
    assert provisioned == [0]
    assert (done.code, "chain of its own" in done.err) == (4, True), done.err
    assert states(state)[RunState.REFUSED] == 1
    again = projops("serve")
    assert (again.code, "chain of its own" in again.err) == (4, True)


def test_what_a_dead_worker_left_is_handed_over(projops: Projops, emulator: OpenEmulator, state: str) -> None:
    """runs resume --stale puts it into the queue, where the next worker takes it; a second time it is told
    that nothing is left."""
    with tapped(emulator.url) as wire:
        wire.path, wire.then = ACTION, end
        projops("run", "--apply", "--durable")
    handed = projops("runs", "resume", "--stale")
    assert (handed.code, ": left by worker-" in handed.err) == (0, True), handed.err
    assert "No worker left anything" in projops("runs", "resume", "--stale").err


def test_health_is_told_on_loopback() -> None:
    """200 when all is well, 503 when not, and nothing else is answered."""
    found = {"is_well": True}
    with HealthPort(0).telling(lambda: found) as address:
        assert requests.get(address, timeout=10).json() == found
        found["is_well"] = False
        assert requests.get(address, timeout=10).status_code == 503
        assert requests.get(address.replace("health", "runs"), timeout=10).status_code == 404
    with HealthPort(None).telling(lambda: found) as nowhere:
        assert nowhere == ""
