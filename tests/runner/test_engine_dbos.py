"""The durable engine's edges, each with what is done about it."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from connector.errors import StateUnusable, Superseded
from connector.runner.durable.dbos_engine import names
from connector.runner.durable.dbos_engine.lost import LostParts
from connector.runner.durable.dbos_engine.steering import Left, steering
from connector.runner.durable.dbos_engine.worker import working
from connector.runner.durable.engine import Engine, Kind, Part, Stopping
from connector.state.address import StateAddress, state_address

HERE, ELSEWHERE = "here", "elsewhere"
PLAN = Part(Kind.PLAN, "run-1")
LONG_S = 30.0


@dataclass
class Parts:
    """Parts that count what they do. `done` is set when one has come to its end."""

    body: Callable[[Engine, Part], None]
    done: threading.Event = field(default_factory=threading.Event)
    begun: list[str] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)

    def do(self, engine: Engine, part: Part) -> None:
        self.begun.append(part.id)
        try:
            self.body(engine, part)
        except BaseException:
            self.left.set()
            raise
        self.done.set()


@pytest.fixture
def address(tmp_path: Path) -> StateAddress:
    return state_address(str(tmp_path / "runs.db"))


def one_step(engine: Engine, part: Part) -> None:
    engine.step("only", lambda: {"part": part.id})


def run(address: StateAddress, parts: Parts) -> None:
    """Have the plan done."""
    with working(address, HERE, "worker-1", parts, polling_s=0.02) as worker:
        worker.begin(PLAN)
        assert parts.done.wait(LONG_S)
        assert worker.is_idle_within(LONG_S)


def test_a_part_that_is_begun_twice_is_done_once(address: StateAddress) -> None:
    """Its id is its own: a second beginning, in another process too, is the same part."""
    parts = Parts(one_step)
    run(address, parts)
    again = Parts(one_step)
    with working(address, HERE, "worker-2", again, polling_s=0.02) as worker:
        worker.begin(PLAN)
    with steering(address, HERE) as steer:
        assert steer.unended() == []
    assert (parts.begun, again.begun) == ([PLAN.id], [])


def test_what_a_step_raises_is_no_result_of_it(address: StateAddress) -> None:
    """The part is left as it is; whoever starts with the same id goes on, and steps that are done stay so."""
    done: list[str] = []

    def body(engine: Engine, _part: Part) -> None:
        engine.step("first", first_step)
        engine.step("second", fails_once)

    def first_step() -> dict[str, str]:
        done.append("first")
        return {}

    def fails_once() -> dict[str, str]:
        done.append("second")
        if done.count("second") == 1:
            raise OSError("no line")
        return {}

    first = Parts(body)
    with working(address, HERE, "worker-1", first, polling_s=0.02) as worker:
        worker.begin(PLAN)
        assert first.left.wait(LONG_S)
        assert worker.is_idle_within(LONG_S)
        assert isinstance(worker.failed["run-1"], OSError)
    run_again = Parts(body)
    with working(address, HERE, "worker-1", run_again, polling_s=0.02):
        assert run_again.done.wait(LONG_S)
    assert done == ["first", "second", "second"]


@pytest.mark.parametrize(
    "reason", [Stopping(), Superseded("Another has it.")], ids=["stopping", "superseded"]
)
def test_a_part_that_is_left_is_nobodys_failure(address: StateAddress, reason: BaseException) -> None:
    """Asked to end, or outrun: no verdict is written, and the next start with the id takes it up."""

    def leave(_engine: Engine, _part: Part) -> None:
        raise reason

    parts = Parts(leave)
    with working(address, HERE, "worker-1", parts, polling_s=0.02) as worker:
        worker.begin(PLAN)
        assert parts.left.wait(LONG_S)
        assert worker.is_idle_within(LONG_S)
        assert worker.failed == {}
    with steering(address, HERE) as steer:
        (part,) = steer.unended()
        assert (part.is_taken, part.worker) == (True, "worker-1")
    after = Parts(one_step)
    with working(address, HERE, "worker-1", after, polling_s=0.02):
        assert after.done.wait(LONG_S)


def test_another_worker_takes_nothing_of_a_living_one(address: StateAddress) -> None:
    """Its id is another: what the first one left stays the first one's until somebody hands it over."""
    left = leave_one(address)
    other = Parts(one_step)
    with working(address, HERE, "worker-2", other, polling_s=0.02), steering(address, HERE) as steer:
        assert [part.worker for part in steer.unended()] == ["worker-1"]
        assert other.begun == []
        steer.resume(left)
        assert other.done.wait(LONG_S)


def leave_one(address: StateAddress) -> list[Left]:
    def leave(_engine: Engine, _part: Part) -> None:
        raise Stopping

    parts = Parts(leave)
    with working(address, HERE, "worker-1", parts, polling_s=0.02) as worker:
        worker.begin(PLAN)
        assert parts.left.wait(LONG_S)
        assert worker.is_idle_within(LONG_S)
    with steering(address, HERE) as steer:
        return steer.unended()


def test_looking_takes_nothing_up(address: StateAddress) -> None:
    """Commands that look or steer leave what they see where it is."""
    leave_one(address)
    for _ in range(2):
        with steering(address, HERE) as steer:
            (part,) = steer.unended()
            assert (part.state, part.worker) == ("PENDING", "worker-1")


def test_environments_are_kept_apart(address: StateAddress) -> None:
    """A worker of one environment sees and takes nothing of another's in the same database."""
    leave_one(address)
    parts = Parts(one_step)
    with working(address, ELSEWHERE, "worker-1", parts, polling_s=0.02) as worker:
        worker.begin(Part(Kind.PLAN, "run-2"))
        assert parts.done.wait(LONG_S)
    assert parts.begun == ["run-2/plan"]
    with steering(address, ELSEWHERE) as steer:
        assert steer.unended() == []


def test_runs_of_another_version_of_the_engine_are_named(
    address: StateAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An incompatible change would leave them waiting for ever without a word."""
    monkeypatch.setattr(names, "VERSION", "0")
    leave_one(address)
    monkeypatch.undo()
    with (
        pytest.raises(StateUnusable, match=r"run-1: begun by a projops with version 0"),
        working(address, HERE, "worker-1", Parts(one_step)),
    ):
        pass


def test_a_sleeping_part_survives_its_process_and_a_new_program(address: StateAddress) -> None:
    """It holds no thread, can be listed and moved, and is begun by whoever is there when it is due."""
    caller, asleep = Part(Kind.CALLER, "run-1"), Parts(one_step)
    with working(address, HERE, "worker-1", asleep, polling_s=0.02) as worker:
        worker.begin(caller, after_s=3600)
    assert asleep.begun == []
    awake = Parts(one_step)
    with steering(address, HERE) as steer:
        (part,) = steer.unended()
        assert (part.is_sleeping, part.id) == (True, caller.id)
        steer.delay(caller.id, 0)
    with working(address, HERE, "worker-2", awake, polling_s=0.02):
        assert awake.done.wait(LONG_S)
    assert awake.begun == [caller.id]


def test_what_is_kept_is_json(address: StateAddress) -> None:
    """No pickle: another program can read it, and reading it runs nothing."""
    run(address, Parts(one_step))
    with closing(sqlite3.connect(str(address.path))) as file:
        (kind,) = file.execute("SELECT serialization FROM workflow_status").fetchone()
        output, step_kind = file.execute("SELECT output, serialization FROM operation_outputs").fetchone()
        text = "\n".join(file.iterdump())
    assert (kind, step_kind, json.loads(output)) == ("portable_json", "portable_json", {"part": PLAN.id})
    assert '["plan","run-1",0]' in text


def test_it_is_quiet(address: StateAddress, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither its lines nor its advertisement come to the terminal."""
    run(address, Parts(one_step))
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert not logging.getLogger("dbos").propagate


def test_a_worker_does_so_many_parts_at_a_time(address: StateAddress) -> None:
    """Else one look at the queue would take all of them, a thread each; how often it looks is set as well."""
    lock, pairs, left = threading.Lock(), threading.Barrier(2), threading.Semaphore(0)
    active, most = 0, 0

    def body(_engine: Engine, _part: Part) -> None:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        pairs.wait(LONG_S)
        with lock:
            active -= 1
        left.release()

    with working(address, HERE, "worker-1", Parts(body), at_once=2, polling_s=0.02) as worker:
        for number in range(1, 7):
            worker.begin(Part(Kind.CHUNK, "run-1", number))
        assert all(left.acquire(timeout=LONG_S) for _ in range(6))
        assert worker.is_idle_within(LONG_S)
    with closing(sqlite3.connect(str(address.path))) as file:
        query = "SELECT worker_concurrency, polling_interval_sec FROM queues"
        assert file.execute(query).fetchall() == [(2, 0.02)]
    assert most == 2


def test_a_part_that_no_thread_does_is_found(address: StateAddress) -> None:
    """What counts as this worker's and is not done by it goes back into the queue at the second look; what
    failed here does not, since somebody has to decide about it."""

    def body(engine: Engine, part: Part) -> None:
        if parts.begun.count(part.id) == 1:
            raise Superseded("Nobody knows.") if part.run == "run-1" else OSError("no line")
        one_step(engine, part)

    parts, failing = Parts(body), Part(Kind.PLAN, "run-2")
    with (
        working(address, HERE, "worker-1", parts, polling_s=0.02) as worker,
        steering(address, HERE) as steer,
    ):
        lost = LostParts(steer, worker, "worker-1", every_s=0)
        for part in (PLAN, failing):
            parts.left.clear()
            worker.begin(part)
            assert parts.left.wait(LONG_S)
        assert worker.is_idle_within(LONG_S)
        lost.resume()
        assert parts.begun == [PLAN.id, failing.id]
        lost.resume()
        assert parts.done.wait(LONG_S)
        assert worker.is_idle_within(LONG_S)
    assert parts.begun == [PLAN.id, failing.id, PLAN.id]


def test_what_the_engine_cannot_write_down_is_the_states_fault(address: StateAddress) -> None:
    """An error of the database in the engine's own hands becomes one sentence, not a fault of the program."""

    def body(engine: Engine, _part: Part) -> None:
        raise OperationalError("INSERT …", {}, sqlite3.OperationalError("database or disk is full"))

    parts = Parts(body)
    with working(address, HERE, "worker-1", parts, polling_s=0.02) as worker:
        worker.begin(PLAN)
        assert parts.left.wait(LONG_S)
        assert worker.is_idle_within(LONG_S)
        assert isinstance(worker.failed["run-1"], StateUnusable)
        assert "disk is full" in str(worker.failed["run-1"])


def test_what_the_engine_says_is_a_line_of_ours(
    address: StateAddress, caplog: pytest.LogCaptureFixture
) -> None:
    """Warnings alone, the first line of each: behind that stand statements and their parameters."""
    run(address, Parts(one_step))
    with caplog.at_level(logging.DEBUG, "connector"):
        logging.getLogger("dbos").info("launched")
        logging.getLogger("dbos").warning("Database connection failed: %s", "no line\n[parameters: secret]")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("connector")]
    assert ours == ["Database connection failed: no line"]


def test_a_canceled_part_is_not_begun(address: StateAddress) -> None:
    """cancel takes what has not ended out of the queue."""
    leave_one(address)
    parts = Parts(one_step)
    with steering(address, HERE) as steer:
        steer.cancel("run-1")
        assert steer.unended() == []
        assert [part.state for part in steer.left("run-1")] == ["CANCELLED"]
    with working(address, HERE, "worker-1", parts, polling_s=0.02):
        pass
    assert parts.begun == []
