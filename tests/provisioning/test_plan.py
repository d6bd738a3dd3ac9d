"""The plan of provisioning, made from values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from connector.errors import UsageError
from connector.job.look import Sight
from connector.model.batch_job import BatchJob, Frequency, JobType
from connector.model.desired_job import DesiredJob
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_health import confirmed, diagnose
from connector.model.job_privileges import NEEDED, missing_of
from connector.model.job_snapshot import JobSnapshot
from connector.model.plan_limits import PlanLimits
from connector.model.process import PROCESS_RUNNER, UPDATE_ROLE_UTILIZATION, WORKFLOWS_OF_THE_JOB, Process
from connector.model.system_job import SystemJob
from connector.model.user import User
from connector.provisioning.change import ChangeAction, FieldChange, Plan, job_id
from connector.provisioning.current import Current, Identity
from connector.provisioning.plan import plan_job
from tests.job.builders import ADA, JOB, NOON, activation, definition, job, snapshot

RULES = InvoicingRules()
HOUR = timedelta(hours=1)
ORGANIZATION = "0a000000-0000-0000-0000-00000000000a"
RIGHT = BatchJob(
    id=JOB,
    name="Project Operations Create Invoices",
    job_type=JobType.NONE,
    frequency=Frequency.DAILY,
    is_active=True,
    state=0,
    etag='W/"1"',
)
ALL_THREE = tuple(item for name in WORKFLOWS_OF_THE_JOB for item in (definition(name), activation(name)))
SLEEPING = job("s", until=NOON + HOUR)


def current(seen: JobSnapshot, identity: Identity | None = None) -> Current:
    look = diagnose(seen, RULES)
    return Current(
        organization_id=ORGANIZATION,
        identity=identity or Identity(ADA, "Ada Lovelace", "Europe/Berlin", missing=()),
        sight=Sight(seen, confirmed(look, look, RULES.settle_s, RULES)),
    )


def planned(
    *,
    records: Sequence[BatchJob] = (RIGHT,),
    jobs: Sequence[SystemJob] = (),
    processes: Sequence[Process] = ALL_THREE,
    identity: Identity | None = None,
    desired: DesiredJob = DesiredJob(),  # noqa: B008 - frozen
    is_activating: bool = False,
) -> Plan:
    seen = snapshot(jobs, records=records, processes=processes)
    return plan_job(current(seen, identity), desired, RULES, is_activating=is_activating)


def actions(plan: Plan) -> list[str]:
    return [change.action.value for change in plan.changes]


def test_no_record_is_created_and_started() -> None:
    """An environment without the record gets it, and one chain."""
    plan = planned(records=())
    assert actions(plan) == ["create", "start"]
    assert plan.changes[0].values == {
        "msdyn_name": "Project Operations Create Invoices",
        "msdyn_jobtype": 867380000,
        "msdyn_frequency": 0,
        "msdyn_isactive": True,
    }
    assert plan.changes[1].id == "definition-ProcessRunCaller"


def test_a_right_record_without_a_chain_is_started() -> None:
    """One record that is as it should be lacks only its chain."""
    assert actions(planned()) == ["start"]


def test_what_differs_is_updated_with_the_start() -> None:
    """Only the columns that differ are written."""
    plan = planned(records=[msgspec.structs.replace(RIGHT, frequency=Frequency.MONTHLY, is_active=False)])
    assert actions(plan) == ["update", "start"]
    assert plan.changes[0].fields == (
        FieldChange("msdyn_frequency", 1, 0),
        FieldChange("msdyn_isactive", False, True),
    )


def test_a_live_chain_is_never_started_again() -> None:
    """With a live chain, what differs is updated, and nothing else happens."""
    monthly = msgspec.structs.replace(RIGHT, frequency=Frequency.MONTHLY)
    assert actions(planned(records=[monthly], jobs=[SLEEPING])) == ["update"]


def test_a_healthy_job_needs_nothing() -> None:
    """A right record with a live chain makes an empty plan."""
    assert planned(jobs=[SLEEPING]).is_empty


@pytest.mark.parametrize(
    "ailing",
    [
        job("s", until=NOON - 9 * HOUR),
        job("s", until=NOON + HOUR, message="gone"),
    ],
)
def test_an_ailing_chain_is_left_to_rerun(ailing: SystemJob) -> None:
    """A chain that ails still lives: a second start beside it would double it."""
    plan = planned(jobs=[ailing])
    assert plan.is_empty
    assert any("rerun" in note for note in plan.notes)


def test_a_hand_over_is_no_missing_chain() -> None:
    """Right after a run ended its successor is awaited, not replaced."""
    ended = job("r", PROCESS_RUNNER, 30, begin=NOON - HOUR, end=NOON - timedelta(minutes=1))
    assert planned(jobs=[ended]).is_empty


def test_names_that_differ_in_case_alone_are_one_name() -> None:
    """Microsoft's pages write the name in two ways."""
    other = msgspec.structs.replace(RIGHT, name="Project operations  create invoices")
    assert planned(records=[other], jobs=[SLEEPING]).is_empty


def test_a_deactivated_record_is_activated() -> None:
    """The only record there is comes back into use."""
    retired = msgspec.structs.replace(RIGHT, state=1)
    plan = planned(records=[retired])
    assert FieldChange("statecode", 1, 0) in plan.changes[0].fields


def test_several_records_are_refused_and_named() -> None:
    """Which of two records is meant is not for us to guess."""
    other = msgspec.structs.replace(RIGHT, id="b2", name="PSA Create Invoices")
    plan = planned(records=[RIGHT, other])
    assert not plan.changes
    assert JOB in plan.refusals[0].message
    assert "b2" in plan.refusals[0].message


def test_several_chains_are_refused_and_named() -> None:
    """Two chains are for rerun --cancel, not for provisioning."""
    plan = planned(jobs=[SLEEPING, job("t", until=NOON + 9 * HOUR, begin=NOON - 9 * HOUR)])
    assert not plan.changes
    assert "first job s" in plan.refusals[0].message
    assert "first job t" in plan.refusals[0].message


def test_an_unknown_chain_is_refused() -> None:
    """A job that may be a chain forbids a start."""
    assert planned(jobs=[job("x", None)]).refusals


@pytest.mark.parametrize("name", WORKFLOWS_OF_THE_JOB)
def test_a_missing_workflow_is_refused_by_name(name: str) -> None:
    """All three workflows of the job must be there."""
    plan = planned(processes=[item for item in ALL_THREE if item.name != name])
    assert [name in refusal.message for refusal in plan.refusals] == [True]


def test_a_draft_workflow_is_refused_with_the_way_out() -> None:
    """A workflow in Draft is activated by its owner, when told to."""
    plan = planned(processes=_with_draft(owner=ADA))
    assert not plan.changes
    assert "--activate" in plan.refusals[0].hint


def test_the_owner_may_activate() -> None:
    """--activate activates what is in Draft and belongs to the caller, before the start."""
    plan = planned(processes=_with_draft(owner=ADA), is_activating=True)
    assert actions(plan) == ["activate", "start"]
    assert plan.changes[0].values == {"statecode": 1, "statuscode": 2}


def test_a_live_chain_is_not_started_beside_when_a_workflow_is_activated() -> None:
    """A workflow in Draft hides the health of a chain that lives: activating it starts no second one."""
    draft = msgspec.structs.replace(definition(PROCESS_RUNNER, state=0), owner=ADA)
    others = tuple(item for item in ALL_THREE if item.id != draft.id)
    plan = planned(jobs=(SLEEPING,), processes=(draft, *others), is_activating=True)
    assert actions(plan) == ["activate"]
    assert plan.refusals == ()


def test_nobody_else_may_activate() -> None:
    """Only the owner of a workflow may activate it."""
    plan = planned(processes=_with_draft(owner="somebody"), is_activating=True)
    assert not plan.changes
    assert "somebody" in plan.refusals[0].hint


def test_an_activated_workflow_is_never_toggled() -> None:
    """Deactivating a workflow ends the jobs that sleep in it."""
    assert actions(planned(is_activating=True)) == ["start"]


def test_a_missing_billing_privilege_refuses_the_start() -> None:
    """The job runs as its starter: one who cannot invoice must not start it."""
    lacking = missing_of(item.name for item in NEEDED if item.name != "prvCreateInvoice")
    plan = planned(identity=Identity(ADA, "Ada Lovelace", missing=lacking))
    assert "prvCreateInvoice" in plan.refusals[0].message


def test_a_missing_billing_privilege_matters_only_for_a_start() -> None:
    """A live chain runs as somebody else."""
    identity = Identity(ADA, "Ada Lovelace", missing=NEEDED)
    assert planned(jobs=[SLEEPING], identity=identity).is_empty


def test_unknown_privileges_are_said_and_refuse_nothing() -> None:
    """What could not be read is unknown: no pass in silence, and no refusal."""
    plan = planned(
        identity=Identity(ADA, "Ada Lovelace", missing=None, unknown=("The privileges are unknown: 403",))
    )
    assert actions(plan) == ["start"]
    assert any("privileges are unknown" in note for note in plan.notes)


def test_the_plan_names_who_runs_the_job_and_where() -> None:
    """Identity and time zone decide about every later run."""
    notes = " ".join(planned().notes)
    assert "Ada Lovelace" in notes
    assert "Europe/Berlin" in notes


def test_the_plan_names_who_ran_the_last_chain() -> None:
    """A change of identity is a change that somebody should see."""
    ended = job("r", PROCESS_RUNNER, 31, end=NOON - HOUR, owner="u2")
    seen = snapshot([ended], records=[RIGHT], processes=ALL_THREE, users=[User(id="u2", full_name="Bob")])
    assert any("Bob" in note for note in plan_job(current(seen), DesiredJob(), RULES).notes)


def test_start_with_chooses_the_workflow() -> None:
    """ProcessRunner invoices at once."""
    plan = planned(desired=DesiredJob(start_with=PROCESS_RUNNER))
    assert plan.of(ChangeAction.START)[0].id == "definition-ProcessRunner"
    assert any("at once" in note for note in plan.notes)


@pytest.mark.parametrize(
    "desired", [DesiredJob(name="Invoices"), DesiredJob(start_with=UPDATE_ROLE_UTILIZATION)]
)
def test_a_job_that_the_platform_would_not_know_is_wrong_usage(desired: DesiredJob) -> None:
    """The name makes the job, and two workflows start it."""
    with pytest.raises(UsageError):
        planned(desired=desired)


def test_the_id_is_the_same_for_all_who_provision() -> None:
    """Two provisioners collide on the id, however they write the name."""
    assert job_id(ORGANIZATION, "Create  Invoices") == job_id(ORGANIZATION, "create invoices")
    assert job_id(ORGANIZATION, "create invoices") != job_id(JOB, "create invoices")


def test_the_digest_is_of_what_is_done() -> None:
    """Time changes no digest, another change does."""
    first = planned(records=()).digest
    later = snapshot(records=(), processes=ALL_THREE, now=NOON + HOUR)
    assert plan_job(current(later), DesiredJob(), RULES).digest == first
    assert planned(records=(), desired=DesiredJob(start_with=PROCESS_RUNNER)).digest != first


def _with_draft(*, owner: str) -> tuple[Process, ...]:
    draft = msgspec.structs.replace(definition("ProcessRunCaller", state=0), owner=owner, activation=None)
    return (draft, *(item for item in ALL_THREE if item.name != "ProcessRunCaller"))


def test_the_digest_names_whom_the_job_would_run_as() -> None:
    """A plan reviewed as one user is another plan when somebody else applies it."""
    mine = planned(records=())
    other = planned(records=(), identity=Identity("b0b", "Bob", "UTC", missing=()))
    assert mine.changes == other.changes
    assert mine.digest != other.digest


@pytest.mark.parametrize(("most", "is_refused"), [(None, False), (1, False), (0, True)])
def test_more_changes_of_a_kind_than_the_limits_allow_are_refused(most: int | None, is_refused: bool) -> None:
    """The refusal names the kind, the number and the setting; nothing of the plan is left."""
    seen = current(snapshot((), records=(), processes=ALL_THREE))
    plan = plan_job(seen, DesiredJob(), RULES, limits=PlanLimits(create=most))
    assert bool(plan.refusals) is is_refused
    assert bool(plan.changes) is not is_refused
    if is_refused:
        assert plan.refusals[0].message == (
            "The plan has 1 of the kind create, and at most 0 may be: [limits] create."
        )


def test_a_job_that_was_started_again_and_again_is_not_started_by_provisioning() -> None:
    """The limit on starts within a day holds for every way of starting (rule J8)."""
    ended = [
        job(f"x{number}", status=32, begin=NOON - (2 * number + 2) * HOUR, end=NOON - (2 * number + 1) * HOUR)
        for number in range(RULES.most_starts_a_day)
    ]
    refused = planned(jobs=ended)
    assert not refused.changes
    assert "most_starts_a_day" in refused.refusals[0].message
    assert actions(planned(jobs=ended[:-1])) == ["start"]
