"""Two runners at once on one environment, in any order of their requests: nothing is invoiced twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from connector.dataverse import RetryPolicy
from connector.runner.durable.engine import InLine
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.runs import RunState
from tests.conftest import WHOLE
from tests.matrix import Matrix
from tests.runner.durable.faulty import FaultyStage, faulty_stage, quiet_run
from tests.runner.durably import Durably
from tests.runner.many import end_state
from tests.support.stage import Stage

INTERLEAVINGS = 50
PATIENT = RetryPolicy(sleep=lambda _: None)
NAMES = ("one", "two")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[FaultyStage]:
    folder, is_whole = tmp_path_factory.mktemp("two"), bool(request.config.getoption(WHOLE))
    with faulty_stage(folder, is_whole=is_whole) as found:
        yield found


@dataclass(frozen=True)
class Interleaving:
    """Who is next is drawn by `seed`. Two that share their state have leases to keep them apart; two that
    do not know of each other have what guards the writes alone."""

    seed: int

    @property
    def is_by_records(self) -> bool:
        return self.seed % 2 == 1

    @property
    def is_shared(self) -> bool:
        return self.seed % 5 == 0

    def run_of(self, name: str) -> str:
        return f"run-{self.seed}-{name}"


def test_two_runners_at_once_invoice_nothing_twice(
    stage: FaultyStage, tmp_path: Path, matrix: Matrix
) -> None:
    """By the action where it serialises, and by records: each source is billed once at most, and a quiet
    run after them leaves what a single one would have left."""
    for seed in matrix.sample(range(INTERLEAVINGS)):
        case = Interleaving(seed)
        expected = stage.undisturbed(is_by_records=case.is_by_records).environment
        _, states = _played(stage, case, tmp_path)
        found = end_state(stage.emulator)
        assert set(Counter(found["billed"]).values()) <= {1}, (case, states)
        assert Counter(found["invoices"]) <= Counter(expected["invoices"]), (case, states)
        assert set(states) - {RunState.REFUSED}, f"{case}: both were refused"
        quiet_run(stage, *stage.asked.get("contracts", ()), is_by_records=case.is_by_records)
        assert end_state(stage.emulator) == expected, (case, states)


def test_one_state_lets_one_run_work_at_a_time(stage: FaultyStage, tmp_path: Path) -> None:
    """While the first is at work the second is refused, and says so."""
    case = next(one for one in map(Interleaving, range(INTERLEAVINGS)) if one.is_shared)
    _, states = _played(stage, case, tmp_path)
    assert sorted(states) == [RunState.DONE, RunState.REFUSED]


def test_two_that_do_not_know_of_each_other_really_meet(stage: FaultyStage, tmp_path: Path) -> None:
    """Without a shared state both go through all contracts, and one finds what the other has done."""
    case = next(one for one in map(Interleaving, range(INTERLEAVINGS)) if not one.is_shared)
    granted, states = _played(stage, case, tmp_path)
    turns = sum(one != other for one, other in pairwise(granted))
    assert turns > 5
    assert RunState.REFUSED not in states


def _played(stage: FaultyStage, case: Interleaving, folder: Path) -> tuple[list[str], list[RunState]]:
    """Whose requests went out, in their order, and how each run ended."""
    stage.emulator.restore_snapshot(stage.start)
    with ExitStack() as stack:
        runners = {name: _runner(stage, case, folder, name, stack) for name in NAMES}
        parts: dict[str, Callable[[], None]] = {
            name: partial(_run, stage, durable, case, name) for name, durable in runners.items()
        }
        line = Stage(stage.emulator.url)
        line.play(parts, random.Random(case.seed).choice, lambda _: None)
        return line.granted, [runners[name].row(case.run_of(name)).state for name in NAMES]


def _runner(stage: FaultyStage, case: Interleaving, folder: Path, name: str, stack: ExitStack) -> Durably:
    client = stack.enter_context(stage.client(PATIENT, user_agent=name))
    file = f"{case.seed}.db" if case.is_shared else f"{case.seed}-{name}.db"
    database = stack.enter_context(Database.open(state_address(str(folder / file))))
    return stage.durable(client, database)


def _run(stage: FaultyStage, durable: Durably, case: Interleaving, name: str) -> None:
    part = durable.begin(case.run_of(name), is_by_records=case.is_by_records, **stage.asked)
    InLine(durable.worker(name)).run(part)
