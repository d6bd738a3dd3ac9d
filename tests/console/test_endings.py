"""How durable runs end: asked once, asked twice, the disk full, the server gone, the clock set."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest
import requests
import time_machine

from connector.emulator.ownership import OpenEmulator
from connector.emulator.trouble.fault import Slow
from connector.emulator.trouble.rule import Rule
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.runs import Runs, RunState
from tests.console.outputs import Done, Projops
from tests.hosts import Running, until
from tests.postgresql import PostgresServer, set_clock
from tests.runner.interrupts import ACTION, tapped

FIFTH = datetime(2020, 10, 5, 6, tzinfo=UTC)
INVOICES = 7
LEASE_S, MIDDLE = 1, 2
"""A short lease, and how many of the run's calls are its middle."""
ANSWER_S, SECONDS = 600.0, 90.0
"""How long an answer takes that nobody waits for, and what counts as seconds on a busy machine."""

if sys.platform == "win32":
    pytest.skip("Windows ends a process without telling it", allow_module_level=True)


@pytest.fixture
def due(emulator: OpenEmulator) -> OpenEmulator:
    emulator.move_clock(FIFTH)
    return emulator


def invoices(emulator: OpenEmulator) -> int:
    with emulator.store.snapshot() as tx:
        return len(tx.find("invoice", {}))


@contextmanager
def at_work(emulator: OpenEmulator, log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process of its own, whose third request that creates is being answered slowly."""
    rule = Rule(fault=Slow(first_byte_s=ANSWER_S), path=f"*{ACTION}*", start=3)
    emulator.trouble.add(rule)
    command = [sys.executable, "-m", "connector.console", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    file: IO[bytes]
    with log.open("wb") as file, subprocess.Popen(command, env=environment, stderr=file) as process:
        try:
            until(lambda: sum(ACTION in one.path for one in emulator.trouble.received()) == 3)
            yield process
        finally:
            process.kill()
            emulator.trouble.clear()


def test_an_end_does_not_wait_for_an_answer(
    projops: Projops, due: OpenEmulator, file_state: str, tmp_path: Path
) -> None:
    """One Ctrl-C while a request that takes minutes is under way: the process ends within seconds with what
    was done and how to go on; the run goes on, and what the request did is found and not done again."""
    with at_work(due, tmp_path / "said", "run", "--apply", "--durable") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
    (run,) = projops("runs", "list", "-o", "json").json["runs"]
    assert f"projops runs resume {run['id']}" in (tmp_path / "said").read_text("utf-8")
    assert projops("runs", "resume", run["id"]).code == 0
    assert invoices(due) == INVOICES


def test_asked_twice_it_ends_at_once(
    projops: Projops, due: OpenEmulator, file_state: str, tmp_path: Path
) -> None:
    """The second Ctrl-C waits for nothing at all, and is as safe as a crash."""
    with at_work(due, tmp_path / "said", "serve", "--start-with", "ProcessRunner") as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 130
    assert "Ended at once" in (tmp_path / "said").read_text("utf-8")
    (run,) = projops("runs", "list", "-o", "json").json["runs"]
    assert projops("runs", "resume", run["id"]).code == 0
    assert invoices(due) == INVOICES


def test_two_that_serve_at_the_same_moment_have_one_chain(due: OpenEmulator, file_state: str) -> None:
    """Two processes on one file: one run that is done and one that is to come, and each invoice once."""
    command = [sys.executable, "-m", "connector.console", "serve", "--start-with", "ProcessRunner"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    with ExitStack() as stack:
        runs = Runs(stack.enter_context(Database.open(state_address(file_state))))

        def seen() -> list[RunState]:
            return sorted(row.state for row in runs.rows())

        both = [
            stack.enter_context(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE))
            for _ in range(2)
        ]
        for one in both:
            stack.callback(one.kill)
        until(lambda: seen() == [RunState.DONE, RunState.SLEEPING])
        for one in both:
            # Each is a worker by now, whether or not there was anything left for it.
            assert one.stderr is not None
            assert b"Serving" in one.stderr.readline()
            one.send_signal(signal.SIGTERM)
        assert [one.wait(SECONDS) for one in both] == [0, 0]
        assert seen() == [RunState.DONE, RunState.SLEEPING]
    assert invoices(due) == INVOICES


def at_third_action(emulator: OpenEmulator, happens: Callable[[], object], projops: Projops) -> Done:
    """A durable run, in whose middle something happens."""
    with tapped(emulator.url) as wire:
        count = 0

        def then() -> None:
            nonlocal count
            count += 1
            if count == 3:
                happens()
            else:
                wire.path = ACTION

        wire.path, wire.then = ACTION, then
        return projops("run", "--apply", "--durable", "-o", "json")


def test_postgresql_restarts_in_the_middle(
    projops: Projops,
    due: OpenEmulator,
    postgresql_server: PostgresServer,
    postgresql_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after a crash of the server: the run waits until it is there again, and comes to its end."""
    monkeypatch.setenv("PROJOPS_STATE_FOLDER", str(tmp_path / "state"))
    monkeypatch.setenv("PROJOPS_STATE_URL", postgresql_url)
    done = at_third_action(due, lambda: postgresql_server.restart("immediate"), projops)
    assert done.code == 0, done.err
    (run,) = projops("runs", "list", "-o", "json").json["runs"]
    assert (run["state"], run["invoice_count"], invoices(due)) == ("done", INVOICES, INVOICES)


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    server.stop("immediate")
    try:
        yield
    finally:
        server.start()


def test_serve_outlasts_a_long_absence_of_the_database(
    due: OpenEmulator, postgresql_server: PostgresServer, postgresql_url: str, tmp_path: Path
) -> None:
    """Away for longer than its leases and its patience: the worker stays, says so, writes nothing that it
    could not note, and goes on by itself when the server is there again."""
    command = [sys.executable, "-m", "connector.console", "serve", "--start-with", "ProcessRunner"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PROJOPS_STATE_FOLDER": str(tmp_path / "state"),
        "PROJOPS_STATE_URL": postgresql_url,
        "PROJOPS_RUN__LEASE_S": str(LEASE_S),
        "PROJOPS_RUN__PATIENCE_S": "1",
        "PROJOPS_RUN__AT_ONCE": "1",
        # So that there is a middle of the run.
        "PROJOPS_RUN__MAX_REQUESTS_PER_MINUTE": "900",
    }
    said = tmp_path / "said"

    def asked_for() -> int:
        return sum(ACTION in one.path for one in due.trouble.received())

    def health() -> dict[str, Any]:
        address = said.read_text("utf-8").partition("Health: ")[2].split()[0]
        return dict(requests.get(address, timeout=SECONDS).json())

    with (
        said.open("wb") as file,
        subprocess.Popen([*command, "--health-port", "0"], env=environment, stderr=file) as process,
    ):
        served = Running(process, said)
        try:
            until(lambda: asked_for() == MIDDLE, served)
            with stopped(postgresql_server):
                before = asked_for()
                until(lambda: health()["trouble"] and health()["seconds_since_look"] > 3 * LEASE_S, served)
                assert asked_for() - before <= 1
            with Database.open(state_address(postgresql_url)) as database:
                runs = Runs(database)
                ended = [RunState.DONE, RunState.SLEEPING]
                until(lambda: sorted(row.state for row in runs.rows()) == ended, served)
            until(lambda: health()["is_well"], served)
            assert served.end() == 0
        finally:
            process.kill()
    assert invoices(due) == INVOICES
    assert "It goes on." in served.said


@pytest.mark.parametrize("hours", [1, -1])
def test_the_clock_jumps_an_hour_in_the_middle(
    projops: Projops, due: OpenEmulator, file_state: str, hours: int
) -> None:
    """Leases, timers and tokens go by a clock that was set: nothing is lost and nothing is done twice."""
    traveller = time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True)
    try:
        done = at_third_action(due, traveller.start, projops)
        assert done.code == 0, done.err
        (run,) = projops("runs", "list", "-o", "json").json["runs"]
    finally:
        traveller.stop()
    assert (run["state"], run["invoice_count"], invoices(due)) == ("done", INVOICES, INVOICES)


@pytest.mark.parametrize("hours", [1, -1])
def test_the_databases_clock_jumps_an_hour_in_the_middle(
    projops: Projops,
    due: OpenEmulator,
    postgresql_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    hours: int,
) -> None:
    """Leases go by it, the engine's timers do not: nothing is lost and nothing is done twice."""
    monkeypatch.setenv("PROJOPS_STATE_FOLDER", str(tmp_path / "state"))
    with set_clock(postgresql_url) as clock:
        monkeypatch.setenv("PROJOPS_STATE_URL", clock.url)
        done = at_third_action(due, lambda: clock.jump(hours * 3600), projops)
        assert done.code == 0, done.err
        (run,) = projops("runs", "list", "-o", "json").json["runs"]
    assert (run["state"], run["invoice_count"], invoices(due)) == ("done", INVOICES, INVOICES)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk that is full needs a file system of its own, which this user may not mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        for size in (65536, 4096, 512):
            while True:
                try:
                    if ballast.write(b"\0" * size) < size:
                        break
                except OSError:
                    break


def test_the_disk_is_full_in_the_middle(
    projops: Projops, due: OpenEmulator, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with one sentence that names file and reason; with room again it goes on, and a write
    that could not be noted was not sent."""
    monkeypatch.setenv("PROJOPS_STATE_URL", str(small_disk / "runs.db"))
    full = at_third_action(due, lambda: fill(small_disk), projops)
    assert (full.code, "full" in full.err) == (1, True), full.err
    created = invoices(due)
    assert created < INVOICES
    (small_disk / "ballast").unlink()
    (run,) = projops("runs", "list", "-o", "json").json["runs"]
    assert projops("runs", "resume", run["id"]).code == 0
    assert invoices(due) == INVOICES
