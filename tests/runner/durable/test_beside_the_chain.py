"""A local run beside the environment's own job (`--beside-chain`), which runs at any request of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from connector.dataverse import EVERYTHING, DataverseClient, RetryPolicy
from connector.model.desired_job import USUAL_NAMES
from connector.model.process import PROCESS_RUNNER
from connector.runner.durable.engine import InLine
from tests.conftest import WHOLE
from tests.matrix import Matrix
from tests.runner.durable.faulty import FaultyStage, faulty_stage, quiet_run
from tests.runner.durably import Durably
from tests.runner.interrupts import ACTION, Wire, tapped
from tests.runner.many import end_state

RECORD = "11111111-1111-1111-1111-111111111111"
LOOKS_BEFORE_A_CALL = 2
"""Its drafts and its rows are read just before."""
PATIENT = RetryPolicy(sleep=lambda _: None)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[FaultyStage]:
    """An environment with a record of the job that nobody has started yet."""
    folder, is_whole = tmp_path_factory.mktemp("beside"), bool(request.config.getoption(WHOLE))
    with faulty_stage(folder, is_whole=is_whole) as found:
        with found.client(PATIENT) as client:
            values = {"msdyn_name": USUAL_NAMES[0], "msdyn_jobtype": 867380000, "msdyn_isactive": True}
            client.create("msdyn_batchjobs", RECORD, values)
        found.start = found.emulator.take_snapshot()
        yield found


@dataclass(frozen=True)
class Met:
    """What came of a run during which the environment's own job ran. `doubled` are the contracts with a
    source that is billed twice, `told` those of which the run says that something went wrong."""

    environment: dict[str, Any]
    doubled: frozenset[str]
    told: frozenset[str]


def test_by_records_nothing_is_invoiced_twice(stage: FaultyStage, matrix: Matrix) -> None:
    """The etags of all sources stand in the change set: whoever comes second writes nothing."""
    _nothing_twice(stage, matrix, is_by_records=True)


def test_where_the_action_serialises_nothing_is_invoiced_twice(stage: FaultyStage, matrix: Matrix) -> None:
    """The action passes over rows that have run meanwhile."""
    _nothing_twice(stage, matrix, is_by_records=False)


def test_where_the_action_does_not_serialise_it_is_never_undetected(
    stage: FaultyStage, matrix: Matrix
) -> None:
    """The job invoices between the last look and the call, and the call does not see it: the contract is
    told as failed, with the invoice that was not planned."""
    requests = _rehearsed(stage, is_by_records=False)
    # The last contract has a single run date: no later one finds that something has changed.
    call = max(number for number, request in enumerate(requests) if ACTION in request)
    looks = range(call - LOOKS_BEFORE_A_CALL, call + 1)
    numbers = sorted({*matrix.sample(range(len(requests))), *looks})
    doubled = 0
    for number in numbers:
        met = _met_at(stage, number, is_by_records=False, is_serialising=False)
        assert met.doubled <= met.told, f"at {number}, {requests[number]}: doubled and not told"
        doubled += bool(met.doubled)
    assert doubled, "the test tests nothing where nothing is doubled"


def _nothing_twice(stage: FaultyStage, matrix: Matrix, *, is_by_records: bool) -> None:
    stage.emulator.restore_snapshot(stage.start)
    quiet_run(stage, is_by_records=is_by_records)
    expected = end_state(stage.emulator)
    requests = _rehearsed(stage, is_by_records=is_by_records)
    for number in matrix.sample(range(len(requests))):
        met = _met_at(stage, number, is_by_records=is_by_records, is_serialising=True)
        assert not met.doubled, f"at {number}, {requests[number]}"
        quiet_run(stage, is_by_records=is_by_records)
        assert end_state(stage.emulator) == expected, f"at {number}, {requests[number]}"


def _rehearsed(stage: FaultyStage, *, is_by_records: bool) -> Sequence[str]:
    """The requests of a run that is alone."""
    return _run(stage, is_by_records=is_by_records, at=None)[0].seen


def _met_at(stage: FaultyStage, number: int, *, is_by_records: bool, is_serialising: bool) -> Met:
    _, durable, run = _run(stage, is_by_records=is_by_records, is_serialising=is_serialising, at=number)
    found = dict(end_state(stage.emulator))
    twice = {source for source, times in Counter(found["billed"]).items() if times > 1}
    told = frozenset(contract for contract, _ in durable.runs.writes.outcomes(run, is_failed=True))
    return Met(found, frozenset(_contracts_of(stage, twice)), told)


def _run(
    stage: FaultyStage, *, is_by_records: bool, at: int | None, is_serialising: bool = True
) -> tuple[Wire, Durably, str]:
    stage.emulator.restore_snapshot(stage.start)
    stage.emulator.change_switches(is_action_serialising=is_serialising)
    stage.played += 1
    run = f"run-{stage.played}"
    with stage.client(PATIENT) as client, stage.client(PATIENT) as platform:
        durable = stage.durable(client)
        durable.leases.revoke("")
        workflow = _definition(durable, platform)
        with tapped(stage.emulator.url) as wire:
            wire.at, wire.then = at, lambda: _start_the_job(platform, workflow)
            part = durable.begin(run, is_by_records=is_by_records, **{**stage.asked, "is_beside_chain": True})
            InLine(durable.worker()).run(part)
        return wire, durable, run


def _definition(durable: Durably, platform: DataverseClient) -> str:
    rows = platform.list(durable.world.tables.process, EVERYTHING)
    return next(row.id for row in rows if row.name == PROCESS_RUNNER and row.type == 1)


def _start_the_job(platform: DataverseClient, workflow: str) -> None:
    """The emulator's ProcessRunner has run when this returns."""
    platform.action("ExecuteWorkflow", {"EntityId": RECORD}, bound_to=("workflows", workflow))


def _contracts_of(stage: FaultyStage, sources: set[str]) -> Iterator[str]:
    with stage.emulator.store.snapshot() as tx:
        for row in tx.find("msdyn_actual", {}):
            if row["msdyn_actualid"] in sources:
                yield str(row["msdyn_salescontract"])
        for row in tx.find("msdyn_contractlinescheduleofvalue", {}):
            if row["msdyn_contractlinescheduleofvalueid"] in sources:
                yield str(row["msdyn_contract"])
