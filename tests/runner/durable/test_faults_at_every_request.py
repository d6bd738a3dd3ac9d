"""Every fault at every request of a durable run: the same invoices, statuses and figures in the end.

`--all` takes all cases of runs of several contracts and run dates, by the action and by records; the
ordinary run a tenth of those of a single contract, by one of both ways.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.emulator.trouble import Cut, Rule
from connector.state.runs import RunState
from tests.conftest import WHOLE
from tests.dataverse.fault_kinds import KINDS, Kind
from tests.matrix import Matrix
from tests.runner.durable.faulty import FaultyStage, faulty_stage

FEWEST_REQUESTS = 10


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[FaultyStage]:
    folder, is_whole = tmp_path_factory.mktemp("faulty"), bool(request.config.getoption(WHOLE))
    with faulty_stage(folder, is_whole=is_whole) as found:
        yield found


@pytest.mark.parametrize("is_by_records", [False, True], ids=["action", "records"])
def test_the_run_is_long_and_repeats_itself(stage: FaultyStage, *, is_by_records: bool) -> None:
    """Undisturbed it makes many requests and ends each time in the same state, with nothing left to do."""
    expected = stage.undisturbed(is_by_records=is_by_records)
    assert list(stage.play([], is_by_records=is_by_records).differs(expected)) == []
    assert expected.counts["web_api"] >= FEWEST_REQUESTS
    assert expected.state is RunState.DONE
    assert expected.figures.invoices


@pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])
def test_every_fault_at_every_request_of_a_durable_run(
    kind: Kind, stage: FaultyStage, matrix: Matrix
) -> None:
    """Resumed where it was left, and what failed tried again: nothing lost, nothing twice."""
    ways = [True] if kind.place == "batch_item" else matrix.sample([False, True])
    cases = matrix.sample(stage.cases(kind, ways))
    assert cases
    assert [line for case in cases for line in stage.complaints(case)] == []


def test_the_comparison_sees_an_invoice_that_is_missing(stage: FaultyStage) -> None:
    """A run whose every call is cut off, and which nobody goes on with to the end, is found out."""
    expected = stage.undisturbed(is_by_records=False)
    rule = Rule(fault=Cut(moment="before"), path="*createinvoicefrominvoiceschedule")
    found = list(stage.play([rule], is_by_records=False).differs(expected))
    assert {line.partition(":")[0] for line in found} >= {"invoices", "billed", "rows", "figures"}
