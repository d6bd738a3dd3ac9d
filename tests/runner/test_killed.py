"""kill -9 between any two steps and inside each: the same end, nothing twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connector.state.runs import RunState
from tests.matrix import Matrix
from tests.runner.durably import NAME, durably
from tests.runner.killed import forks, job_for
from tests.runner.many import Copies, end_state

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")


def test_killed_at_every_point_in_turn(tmp_path: Path, repository: Path, matrix: Matrix) -> None:
    """Each worker dies by SIGKILL at the first point at which none has died yet: before and after every
    write, note and step. The last one ends the run, and all is as if nobody had died."""
    count = 50 if matrix.is_whole else 2
    copies = Copies(tmp_path, count)
    for is_by_records in matrix.sample([False, True]):
        (folder := tmp_path / f"records-{is_by_records}").mkdir()
        _kill_and_go_on(copies, count, folder, repository, is_by_records=is_by_records)


def _kill_and_go_on(
    copies: Copies, count: int, folder: Path, repository: Path, *, is_by_records: bool
) -> None:
    with copies.one() as undisturbed:
        plain = undisturbed.apply(is_by_records=is_by_records)
        expected = end_state(undisturbed.emulator)
    deaths = 0
    with copies.one() as world, durably(world, folder) as durable, forks(repository) as workers:
        durable.begin(is_by_records=is_by_records)
        job = job_for(world, folder, "run-1", NAME, dies=True)
        while (ended := workers.work(job))["died"]:
            deaths += 1
        assert ended["code"] == 0
        assert durable.row().state is RunState.DONE
        assert end_state(world.emulator) == expected
        assert durable.figures().invoices == sum(len(outcome.invoices) for outcome in plain)
    # A contract with nothing to do has two points, one with a write seven or more: of fifty contracts there
    # were 441 with calls of the action and 351 record by record.
    assert deaths >= 5 * count
