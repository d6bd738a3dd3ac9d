"""Looking at the job in an environment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.errors import SettingsError
from connector.job.read import check_project_operations, read_job
from connector.model.job_chain import Health
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.model.tables import DECLARED
from tests.job.emulated import RECORD, Emulated


def test_nothing_is_never_provisioned(world: Emulated) -> None:
    """An environment without the record says so."""
    assert world.look().diagnosis.health is Health.NEVER_PROVISIONED


def test_a_record_alone_was_never_started(world: Emulated) -> None:
    """The record is found by its name, whatever its case."""
    world.create_record("PSA CREATE INVOICES")
    assert world.look().diagnosis.health is Health.NEVER_STARTED


def test_a_started_job_sleeps_until_its_first_run(world: Emulated) -> None:
    """Started with ProcessRunCaller, the chain sleeps for 24 hours."""
    world.create_record()
    world.execute()
    found = world.look()
    assert found.diagnosis.health is Health.SLEEPING
    assert found.diagnosis.next_run == found.snapshot.now + timedelta(hours=24)
    assert found.diagnosis.chain is not None
    assert found.diagnosis.chain.root.workflow == PROCESS_RUN_CALLER
    assert found.diagnosis.chain.root.step == "Sleep"


@pytest.mark.parametrize("workflow", [PROCESS_RUN_CALLER, PROCESS_RUNNER])
def test_the_job_is_healthy_and_one_chain_through_its_hand_overs(world: Emulated, workflow: str) -> None:
    """Asleep, at the end of the timer, during the run and after it, the look sees one healthy chain."""
    world.create_record()
    world.execute(workflow)
    for seconds in (0, 89, 1, 86_399 - 90, 1, 45, 45, 3_600):
        world.emulator.advance_clock(timedelta(seconds=seconds))
        found = world.look().diagnosis
        assert found.is_healthy, found.sentence
        assert len(found.live_chains) == 1


def test_a_run_is_seen_while_it_runs(world: Emulated) -> None:
    """ProcessRunner at work is running and invoicing."""
    world.create_record()
    world.execute(PROCESS_RUNNER)
    found = world.look().diagnosis
    assert found.health is Health.RUNNING
    assert found.is_invoicing


def test_a_timer_that_does_not_fire_is_stalled(world: Emulated) -> None:
    """The defect of before April 2026 is told from a sleep."""
    world.create_record()
    world.execute()
    world.stall()
    assert world.look().diagnosis.health is Health.STALLED


def test_a_second_start_is_seen_as_several_chains_after_two_looks(world: Emulated) -> None:
    """Two chains are told once a second look, settle_s later, saw both."""
    world.create_record()
    world.execute()
    world.emulator.duplicate_chain()
    found = world.look().diagnosis
    assert found.health is Health.SEVERAL_CHAINS
    assert len(found.several_roots) == 2
    assert world.naps == [world.at.rules.settle_s]


def test_a_disabled_starter_is_seen(world: Emulated) -> None:
    """The user as whom the chain runs is read with it."""
    world.create_record()
    world.execute()
    store = world.emulator.store
    with store.transaction() as tx:
        other = tx.insert("systemuser", {"fullname": "Gone", "isdisabled": True, "accessmode": 0})
        job = tx.find("asyncoperation", {"statecode": 1})[0]
        tx.update("asyncoperation", str(job["asyncoperationid"]), {"ownerid": other})
    found = world.look().diagnosis
    assert found.health is Health.STARTER_DISABLED
    assert "Gone" in found.sentence


def test_a_canceled_chain_is_canceled(world: Emulated) -> None:
    """A chain that somebody ended is not called stopped."""
    world.create_record()
    job = world.execute()
    world.client.update("asyncoperations", job, {"statecode": 3, "statuscode": 32}, etag="*")
    assert world.look().diagnosis.health is Health.CANCELED


def test_a_draft_workflow_is_inactive(world: Emulated) -> None:
    """A deactivated workflow is told before anything is started."""
    world.create_record()
    definition = world.definition(PROCESS_RUNNER)
    with world.emulator.store.transaction() as tx:
        tx.update("workflow", definition.id, {"statecode": 0, "statuscode": 1})
    assert world.look().diagnosis.health is Health.WORKFLOW_INACTIVE


def test_an_old_end_is_found_when_there_is_nothing_younger(world: Emulated) -> None:
    """A job that stopped weeks ago was not never started."""
    world.create_record()
    job = world.execute()
    world.client.update("asyncoperations", job, {"statecode": 3, "statuscode": 32}, etag="*")
    world.emulator.advance_clock(timedelta(days=20))
    assert world.look().diagnosis.health is Health.CANCELED


def test_one_look_reads_the_record_before_its_system_jobs(world: Emulated) -> None:
    """The etag is older than the look at the chain: who starts in between changes it."""
    world.create_record()
    world.execute()
    snapshot = read_job(world.client, world.at.tables, world.at.rules)
    assert snapshot.batch_job is not None
    assert snapshot.batch_job.id == RECORD
    assert snapshot.batch_job.etag
    assert not snapshot.unread


def test_an_environment_without_project_operations_is_one_sentence(world: Emulated) -> None:
    """Where the table of the job is not there, nothing else is looked for."""
    definitions = world.client.table_definitions(DECLARED.logical_names())
    there = {name: item for name, item in definitions.items() if name != "msdyn_batchjob"}
    with pytest.raises(SettingsError, match="Project Operations is not installed there"):
        check_project_operations(world.client, DECLARED.resolved(there))
    check_project_operations(world.client, DECLARED.resolved(definitions))
