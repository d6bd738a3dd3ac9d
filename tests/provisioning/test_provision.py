"""Provisioning an environment."""

from __future__ import annotations

import pytest

from connector.errors import DataverseError, Refused
from connector.job.look import Environment
from connector.job.start import StartState
from connector.model.desired_job import DesiredJob
from connector.model.job_chain import Health
from connector.model.process import PROCESS_RUNNER
from connector.provisioning.apply import Applied, apply_plan
from connector.provisioning.change import ChangeAction, Plan, job_id
from connector.provisioning.current import Current
from connector.provisioning.plan import plan_job
from connector.provisioning.read import read_current
from connector.provisioning.report import as_text
from tests.job.emulated import RECORD, Emulated
from tests.job.faults import Fault, watched


def planned(at: Environment, *, is_activating: bool = False) -> tuple[Current, Plan]:
    current = read_current(at)
    return current, plan_job(current, DesiredJob(), at.rules, is_activating=is_activating)


def provision(at: Environment, *, is_activating: bool = False) -> Applied:
    current, plan = planned(at, is_activating=is_activating)
    return apply_plan(at, current, plan)


def test_apply_twice_changes_nothing_the_second_time(world: Emulated) -> None:
    """The record and one chain are made; then the plan is empty."""
    first = provision(world.at)
    assert [change.action.value for change in first.done] == ["create", "start"]
    found = world.look().diagnosis
    assert found.health is Health.SLEEPING
    _, plan = planned(world.at)
    assert plan.is_empty
    assert list(as_text(plan))[-1] == "No changes."
    assert provision(world.at).done == ()


def test_the_record_has_the_id_that_everybody_would_give_it(world: Emulated) -> None:
    """The id comes from the organisation and the name."""
    provision(world.at)
    who = world.client.who_am_i()
    record = world.look().snapshot.batch_job
    assert record is not None
    assert record.id == job_id(who.organization_id, "Project Operations Create Invoices")
    assert (record.job_type, record.frequency, record.is_active) == (867380000, 0, True)


def test_what_differs_is_put_right_and_the_chain_left_alone(world: Emulated) -> None:
    """A record with a live chain is updated, and nothing is started."""
    world.create_record()
    job = world.execute()
    world.client.upsert("msdyn_batchjobs", RECORD, {"msdyn_frequency": 1})
    applied = provision(world.at)
    assert [change.action.value for change in applied.done] == ["update"]
    found = world.look()
    assert found.snapshot.batch_job is not None
    assert found.snapshot.batch_job.frequency == 0
    assert found.diagnosis.chain is not None
    assert found.diagnosis.chain.ids == {job}


def test_an_update_and_a_start_are_one(world: Emulated) -> None:
    """A record without a chain is put right by the change set that starts it."""
    world.create_record()
    world.client.upsert("msdyn_batchjobs", RECORD, {"msdyn_frequency": 1})
    current, plan = planned(world.at)
    with watched(world.client.url) as line:
        applied = apply_plan(world.at, current, plan)
    assert [change.action.value for change in applied.done] == ["update", "start"]
    assert len(line.seen) == 1


def test_a_record_that_changed_after_the_plan_is_not_overwritten(world: Emulated) -> None:
    """An update is made under the etag that the plan was made with."""
    world.create_record()
    world.execute()
    world.client.upsert("msdyn_batchjobs", RECORD, {"msdyn_frequency": 1})
    current, plan = planned(world.at)
    world.client.upsert("msdyn_batchjobs", RECORD, {"msdyn_name": "Somebody's create invoices"})
    applied = apply_plan(world.at, current, plan)
    assert isinstance(applied.error, Refused)
    assert applied.done == ()


def test_two_provisioners_make_one_record_and_one_chain(world: Emulated) -> None:
    """Both plan on an empty environment; the ids collide, and one of them is refused."""
    current, plan = planned(world.at)
    provision(world.second())
    applied = apply_plan(world.at, current, plan)
    assert isinstance(applied.error, Refused)
    found = world.look()
    assert len(found.snapshot.batch_jobs) == 1
    assert len(found.diagnosis.live_chains) == 1


def test_two_starters_make_one_chain(world: Emulated) -> None:
    """Provisioning and rerun share the guarded start: the second one is told who was first."""
    world.create_record()
    current, plan = planned(world.at)
    provision(world.second())
    applied = apply_plan(world.at, current, plan)
    assert applied.start is not None
    assert applied.start.state is StartState.ALREADY_STARTED
    assert isinstance(applied.error, Refused)
    assert len(world.look().diagnosis.live_chains) == 1


def test_several_records_are_refused(world: Emulated) -> None:
    """Nothing is done while two records match."""
    world.create_record()
    world.client.create(
        "msdyn_batchjobs", "22222222-2222-2222-2222-222222222222", {"msdyn_name": "PSA Create Invoices"}
    )
    with pytest.raises(Refused, match="2 records match") as caught:
        provision(world.at)
    assert caught.value.exit_code == 4


def test_several_chains_are_refused(world: Emulated) -> None:
    """Nothing is done while two chains live."""
    world.create_record()
    world.execute()
    world.emulator.duplicate_chain()
    with pytest.raises(Refused, match="Several chains"):
        provision(world.at)


def test_a_missing_billing_privilege_is_named(world: Emulated) -> None:
    """Who could not invoice does not start the job."""
    world.take_privilege("prvCreateInvoice")
    with pytest.raises(Refused, match="prvCreateInvoice"):
        provision(world.at)
    assert not world.look().snapshot.batch_jobs


def test_the_plan_knows_who_runs_the_job(world: Emulated) -> None:
    """Name, time zone and privileges of the caller are read."""
    current, plan = planned(world.at)
    assert current.identity.user_id == world.client.who_am_i().user_id
    assert current.identity.time_zone is not None
    assert current.identity.missing == ()
    assert current.identity.unknown == ()
    assert any(current.identity.name in note for note in plan.notes)


def test_the_owner_activates_a_draft(world: Emulated) -> None:
    """--activate activates a workflow in Draft that the caller owns, and only then starts."""
    definition, owner = world.definition(PROCESS_RUNNER), world.client.who_am_i().user_id
    with world.emulator.store.transaction() as tx:
        tx.update("workflow", definition.id, {"statecode": 0, "statuscode": 1, "ownerid": owner})
    with pytest.raises(Refused, match="Draft"):
        provision(world.at)
    applied = provision(world.at, is_activating=True)
    assert [change.action.value for change in applied.done] == ["activate", "create", "start"]
    assert world.look().diagnosis.health is Health.SLEEPING


def test_only_the_reviewed_plan_is_applied(world: Emulated) -> None:
    """--digest holds to what was reviewed."""
    current, plan = planned(world.at)
    with pytest.raises(Refused, match="reviewed"):
        apply_plan(world.at, current, plan, digest="another")
    assert not world.look().snapshot.batch_jobs


def test_a_chain_that_begins_after_the_create_is_seen(world: Emulated) -> None:
    """A start from the platform's own form changes no etag: the look before ours is what finds it."""
    current, plan = planned(world.at)
    with watched(world.client.url) as line:
        line.at, line.before = len(line.seen) + 1, lambda: _start_in_the_form(world, plan)
        applied = apply_plan(world.at, current, plan)
    assert [change.action for change in applied.done] == [ChangeAction.CREATE]
    assert applied.start is None
    assert "Nothing was started" in applied.refused[0].message
    assert len(world.look().diagnosis.live_chains) == 1


def _start_in_the_form(world: Emulated, plan: Plan) -> None:
    record = plan.of(ChangeAction.CREATE)[0].id
    definition = world.definition(plan.start_with).id
    world.client.action("ExecuteWorkflow", {"EntityId": record}, bound_to=("workflows", definition))


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_write_is_mended_by_the_next_provisioning(world: Emulated, fault: Fault) -> None:
    """However far it came, a further run ends with one record and one chain."""
    for write in range(2):
        world.reset(world.shape)
        with watched(world.client.url) as line:
            current, plan = planned(world.at)
            line.fault, line.at = fault, len(line.seen) + (0 if write == 0 else _requests_before_the_start())
            is_done = _is_done(world.at, current, plan)
        assert line.seen[line.at].startswith(("PATCH", "POST")[write])
        if not is_done:
            provision(world.at)
        found = world.look()
        assert len(found.snapshot.batch_jobs) == 1
        assert len(found.diagnosis.live_chains) == 1


def _is_done(at: Environment, current: Current, plan: Plan) -> bool:
    try:
        return apply_plan(at, current, plan).error is None
    except DataverseError:
        return False


def _requests_before_the_start() -> int:
    """The create, and the look between it and the start: record, jobs twice, processes, owners."""
    return 6
