"""A workflow is started once, or not at all, or it is said that nobody knows."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from connector.emulator.trouble.fault import Status
from connector.emulator.trouble.rule import Rule
from connector.errors import HttpError, Refused
from connector.job.look import glance
from connector.job.start import StartState, start_workflow
from connector.model.job_chain import Health
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from tests.job.emulated import RECORD, Emulated
from tests.job.faults import Fault, watched


@pytest.fixture
def provisioned(world: Emulated) -> Emulated:
    world.create_record()
    return world


def live(world: Emulated) -> int:
    return len(world.look().diagnosis.live_chains)


def test_a_start_makes_one_chain(provisioned: Emulated) -> None:
    """The start names the first system job of its chain."""
    result = start_workflow(provisioned.at, glance(provisioned.at).snapshot, PROCESS_RUN_CALLER)
    assert result.state is StartState.STARTED
    assert result.is_guarded
    found = provisioned.look().diagnosis
    assert found.health is Health.SLEEPING
    assert found.chain is not None
    assert found.chain.root.id == result.job


def test_a_start_is_one_change_set(provisioned: Emulated) -> None:
    """The record's PATCH and the action stand or fall together, in one request."""
    seen = glance(provisioned.at).snapshot
    with watched(provisioned.client.url) as line:
        start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert [item.rsplit("/", 1)[-1] for item in line.seen] == ["$batch"]


def test_two_starts_from_one_look_make_one_chain(provisioned: Emulated) -> None:
    """Who looked before somebody else started gets a 412, looks again, and says who was first."""
    seen = glance(provisioned.at).snapshot
    start_workflow(provisioned.second(), seen, PROCESS_RUN_CALLER)
    late = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert late.state is StartState.ALREADY_STARTED
    assert live(provisioned) == 1


def test_a_changed_record_starts_nothing(provisioned: Emulated) -> None:
    """A 412 means look again; it is no reason to start, and none to repeat."""
    seen = glance(provisioned.at).snapshot
    provisioned.client.upsert("msdyn_batchjobs", RECORD, {"msdyn_frequency": 1})
    result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert result.state is StartState.RECORD_CHANGED
    assert result.sight is not None
    assert live(provisioned) == 0


def test_values_are_written_with_the_start(provisioned: Emulated) -> None:
    """What differs is changed in the same change set."""
    values = {"msdyn_frequency": 1}
    start_workflow(provisioned.at, glance(provisioned.at).snapshot, PROCESS_RUN_CALLER, values)
    record = provisioned.look().snapshot.batch_job
    assert record is not None
    assert record.frequency == 1


def test_a_lost_answer_of_a_start_that_happened_is_found(provisioned: Emulated) -> None:
    """After a lost answer it looks, finds the chain, and starts no second one."""
    seen = glance(provisioned.at).snapshot
    with watched(provisioned.client.url) as line:
        line.fault, line.at = Fault.LOST_AFTER, 0
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
        starts = [item for item in line.seen if item.endswith("$batch")]
    assert result.state is StartState.STARTED
    assert result.job is not None
    assert len(starts) == 1
    assert live(provisioned) == 1


def test_a_lost_start_is_unknown_and_not_repeated(provisioned: Emulated) -> None:
    """When no chain appears within settle_s nobody knows, and nothing is sent again."""
    seen = glance(provisioned.at).snapshot
    with watched(provisioned.client.url) as line:
        line.fault, line.at = Fault.LOST_BEFORE, 0
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
        starts = [item for item in line.seen if item.endswith("$batch")]
    assert result.state is StartState.UNKNOWN
    assert sum(provisioned.naps) == provisioned.at.rules.settle_s
    assert len(starts) == 1
    assert live(provisioned) == 0


def test_a_lost_start_does_not_claim_the_start_of_somebody_else(provisioned: Emulated) -> None:
    """A new chain of another user is not ours, and says nothing about our own start: nobody knows."""
    seen = glance(provisioned.at).snapshot

    def somebody_else() -> None:
        provisioned.execute()
        with provisioned.emulator.store.transaction() as tx:
            other = tx.insert("systemuser", {"fullname": "Bob", "isdisabled": False, "accessmode": 0})
            job = tx.find("asyncoperation", {"statecode": 1})[0]
            tx.update("asyncoperation", str(job["asyncoperationid"]), {"ownerid": other})

    with watched(provisioned.client.url) as line:
        line.fault, line.at, line.before = Fault.LOST_BEFORE, 0, somebody_else
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert result.state is StartState.UNKNOWN
    assert "not known to be ours" in result.sentence
    assert sum(provisioned.naps) == provisioned.at.rules.settle_s


def test_looking_that_fails_after_a_lost_start_hides_nothing(provisioned: Emulated) -> None:
    """When the network stays away after the start was sent, the start is unknown and not "unreachable"."""
    seen = glance(provisioned.at).snapshot
    with watched(provisioned.client.url) as line:
        line.fault, line.at = Fault.DOWN, 0
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
        starts = [item for item in line.seen if item.endswith("$batch")]
    assert result.state is StartState.UNKNOWN
    assert "Looking for it failed too" in result.sentence
    assert len(starts) == 1


def test_an_answer_that_says_nothing_is_looked_after(provisioned: Emulated) -> None:
    """A change set answered as done without a word of its members may have started the job."""
    seen = glance(provisioned.at).snapshot
    with watched(provisioned.client.url) as line:
        line.fault, line.at = Fault.GARBLED, 0
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert result.state is StartState.STARTED
    assert result.job is not None
    assert live(provisioned) == 1


def test_a_claim_that_somebody_else_won_is_not_taken_for_ours(provisioned: Emulated) -> None:
    """A lost PATCH whose repetition gets a 412 starts nothing, although the record holds what was sent."""
    seen = glance(provisioned.at).snapshot
    other = provisioned.second()

    def somebody_else() -> None:
        assert start_workflow(other, seen, PROCESS_RUN_CALLER).state is StartState.STARTED

    with watched(provisioned.client.url) as line:
        line.refuses_batches = True
        line.fault, line.at, line.before = Fault.LOST_BEFORE, 1, somebody_else
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert result.state is StartState.ALREADY_STARTED
    assert live(provisioned) == 1


def test_without_an_etag_a_job_that_cannot_be_read_is_not_started(provisioned: Emulated) -> None:
    """Where nothing guards the start, the look right before it must have found no chain, not no answer."""
    seen = glance(provisioned.at).snapshot
    bare = replace(seen, batch_jobs=tuple(msgspec.structs.replace(one, etag=None) for one in seen.batch_jobs))
    with watched(provisioned.client.url) as line:
        line.forbidden = "asyncoperations"
        result = start_workflow(provisioned.at, bare, PROCESS_RUN_CALLER)
    assert result.state is StartState.RECORD_CHANGED
    with provisioned.emulator.store.transaction() as tx:
        assert not tx.find("asyncoperation", {})


def test_without_an_etag_one_chain_is_started_and_said_to_be_unguarded(provisioned: Emulated) -> None:
    """Where the environment gives no etags, looking before and after is all there is."""
    seen = glance(provisioned.at).snapshot
    bare = replace(seen, batch_jobs=tuple(msgspec.structs.replace(one, etag=None) for one in seen.batch_jobs))
    assert not (first := start_workflow(provisioned.at, bare, PROCESS_RUN_CALLER)).is_guarded
    assert first.state is StartState.STARTED
    assert start_workflow(provisioned.second(), bare, PROCESS_RUN_CALLER).state is StartState.ALREADY_STARTED
    assert live(provisioned) == 1


def test_a_table_that_takes_no_etag_is_started_on_unguarded(provisioned: Emulated) -> None:
    """Without optimistic concurrency the start happens once, and is said to be unguarded."""
    seen = glance(provisioned.at).snapshot
    with watched(provisioned.client.url) as line:
        line.takes_no_etags = True
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert (result.state, result.is_guarded) == (StartState.STARTED, False)
    assert live(provisioned) == 1


def test_an_environment_without_actions_in_change_sets_gets_two_requests(provisioned: Emulated) -> None:
    """Where the change set is refused as such, the PATCH goes first, under its etag, then the start."""
    seen = glance(provisioned.at).snapshot
    with watched(provisioned.client.url) as line:
        line.refuses_batches = True
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert result.state is StartState.STARTED
    assert not result.is_guarded
    assert "could not guard" in result.sentence
    writes = [item.split(" ")[0] for item in line.seen if not item.startswith("GET")]
    assert writes == ["POST", "PATCH", "POST"]
    assert live(provisioned) == 1


def test_two_requests_are_still_under_the_etag(provisioned: Emulated) -> None:
    """Also without a change set a changed record starts nothing."""
    seen = glance(provisioned.at).snapshot
    start_workflow(provisioned.second(), seen, PROCESS_RUN_CALLER)
    with watched(provisioned.client.url) as line:
        line.refuses_batches = True
        result = start_workflow(provisioned.at, seen, PROCESS_RUN_CALLER)
    assert result.state is StartState.ALREADY_STARTED
    assert live(provisioned) == 1


def test_a_workflow_that_is_not_activated_is_refused_before_any_request(provisioned: Emulated) -> None:
    """What cannot be started is not tried."""
    seen = glance(provisioned.at).snapshot
    with watched(provisioned.client.url) as line, pytest.raises(Refused):
        start_workflow(provisioned.at, seen, "NoSuchWorkflow")
    assert not line.seen


def test_a_refusal_of_the_environment_changes_nothing(provisioned: Emulated) -> None:
    """A workflow deactivated after the look is the environment's own error, and the PATCH is rolled back."""
    seen = glance(provisioned.at).snapshot
    definition = provisioned.definition(PROCESS_RUNNER)
    with provisioned.emulator.store.transaction() as tx:
        tx.update("workflow", definition.id, {"statecode": 0, "statuscode": 1})
    with pytest.raises(HttpError) as caught:
        start_workflow(provisioned.at, seen, PROCESS_RUNNER, {"msdyn_frequency": 1})
    assert caught.value.code == "0x80045055"
    record = glance(provisioned.at).snapshot.batch_job
    assert record is not None
    assert record.frequency == 0


def test_what_the_environment_cannot_start_is_its_error(provisioned: Emulated) -> None:
    """A 501 is an answer, in a change set and outside of one: nothing is looked for, nothing is unknown."""
    seen = glance(provisioned.at).snapshot
    trouble = provisioned.emulator.trouble
    for path in ("$batch", "*ExecuteWorkflow"):
        trouble.add(Rule(fault=Status(status=501, body="json"), path=path))
    try:
        with pytest.raises(HttpError) as caught:
            start_workflow(provisioned.at, seen, PROCESS_RUNNER)
    finally:
        trouble.clear()
    assert caught.value.status == 501
    assert not provisioned.naps
    assert live(provisioned) == 0
