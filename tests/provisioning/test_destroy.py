"""Taking the job out of use, in both shapes of the job."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.errors import NotFound, Refused
from connector.job.look import Environment
from connector.model.desired_job import DesiredJob
from connector.model.job_chain import Health
from connector.model.process import PROCESS_RUNNER
from connector.provisioning.apply import apply_plan
from connector.provisioning.change import Plan
from connector.provisioning.current import Current
from connector.provisioning.destroy import Destroyed, destroy, plan_destruction
from connector.provisioning.plan import plan_job
from connector.provisioning.read import read_current
from connector.support.plan import plan_rerun
from connector.support.report import status_as_text
from tests.job.emulated import Emulated


def provision(at: Environment) -> None:
    current = read_current(at)
    assert apply_plan(at, current, plan_job(current, DesiredJob(), at.rules)).error is None


def planned(at: Environment, *, is_deleting: bool = False) -> tuple[Current, Plan]:
    current = read_current(at)
    return current, plan_destruction(current, is_deleting=is_deleting)


def destroyed(at: Environment, *, is_deleting: bool = False) -> Destroyed:
    return destroy(at, *planned(at, is_deleting=is_deleting))


def test_the_chain_ends_and_the_record_is_deactivated(world: Emulated) -> None:
    """Afterwards no chain lives, the record is there and inactive, and a second call finds nothing to do."""
    provision(world.at)
    done = destroyed(world.at)
    assert [change.action.value for change in done.done] == ["cancel", "update"]
    found = world.look()
    assert found.diagnosis.live_chains == ()
    assert found.snapshot.batch_job is not None
    assert found.snapshot.batch_job.state == 1
    assert planned(world.at)[1].is_empty


def test_a_deactivated_job_is_told_and_not_restarted(world: Emulated) -> None:
    """status says that the record is deactivated, and rerun sends to provision."""
    provision(world.at)
    destroyed(world.at)
    sight = world.look()
    text = list(status_as_text(sight.diagnosis))
    assert "Its record is deactivated." in text[0]
    assert "provision" in text[1]
    assert plan_rerun(sight, world.at.rules).refusals


def test_provision_brings_it_back(world: Emulated) -> None:
    """Provisioning after destroying gives one live chain on the same record."""
    provision(world.at)
    before = world.look().diagnosis.batch_job
    destroyed(world.at)
    provision(world.at)
    found = world.look().diagnosis
    assert (found.health, found.batch_job) == (Health.SLEEPING, before)


def test_the_record_is_deleted_only_when_told_to(world: Emulated) -> None:
    """With is_deleting the record is gone; before there is a record there is nothing to do."""
    provision(world.at)
    record = world.look().diagnosis.batch_job
    assert record is not None
    done = destroyed(world.at, is_deleting=True)
    assert [change.action.value for change in done.done] == ["cancel", "delete"]
    with pytest.raises(NotFound):
        world.client.retrieve(world.at.tables.batch_job, record)
    assert planned(world.at)[1].is_empty


def test_a_run_that_is_at_work_is_not_cut_off(world: Emulated) -> None:
    """While ProcessRunner creates invoices nothing is ended."""
    world.create_record()
    world.execute(PROCESS_RUNNER)
    _, plan = planned(world.at)
    assert plan.changes == ()
    assert "at work" in plan.refusals[0].message


def test_a_plan_that_is_not_the_reviewed_one_is_refused(world: Emulated) -> None:
    """With another digest nothing is done."""
    provision(world.at)
    current, plan = planned(world.at)
    with pytest.raises(Refused):
        destroy(world.at, current, plan, digest="0" * 64)
    assert world.look().diagnosis.live_chains


def test_a_record_that_somebody_changed_meanwhile_is_left_alone(world: Emulated) -> None:
    """The record is deactivated only as it was read; the chain has ended by then, and both are said."""
    provision(world.at)
    current, plan = planned(world.at)
    record = current.sight.diagnosis.batch_job
    assert record is not None
    world.client.upsert("msdyn_batchjobs", record, {"msdyn_frequency": 1})
    done = destroy(world.at, current, plan)
    assert "Somebody else changed" in done.refused[0].message
    assert [change.action.value for change in done.done] == ["cancel"]


def test_a_chain_that_went_on_meanwhile_stops_it(world: Emulated) -> None:
    """A timer that fired between plan and apply is a chain that lives: nothing more is done."""
    provision(world.at)
    current, plan = planned(world.at)
    world.emulator.advance_clock(timedelta(hours=25))
    done = destroy(world.at, current, plan)
    assert done.refused
    assert world.look().diagnosis.live_chains
