"""The plan of a restart, made from values."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connector.errors import UsageError
from connector.job.look import Sight
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_health import confirmed, diagnose
from connector.model.job_snapshot import JobSnapshot
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.model.system_job import SystemJob
from connector.model.user import User
from connector.support.plan import RerunPlan, plan_rerun
from connector.support.report import rerun_as_json, rerun_as_text, status_as_json, status_as_text
from tests.job.builders import ADA, JOB, NOON, PROCESSES, RECORD, definition, job, snapshot

RULES = InvoicingRules()
HOUR = timedelta(hours=1)


def sight(seen: JobSnapshot) -> Sight:
    look = diagnose(seen, RULES)
    return Sight(seen, confirmed(look, look, RULES.settle_s, RULES))


def planned(
    *jobs: SystemJob, cancel: tuple[str, ...] = (), start_with: str = PROCESS_RUN_CALLER
) -> RerunPlan:
    return plan_rerun(sight(snapshot(jobs)), RULES, cancel=cancel, start_with=start_with)


def steps(plan: RerunPlan) -> list[tuple[str, str]]:
    return [(step.action.value, step.id) for step in plan.steps]


@pytest.mark.parametrize(
    "jobs",
    [
        (),
        (job("x", PROCESS_RUNNER, 30, end=NOON - HOUR),),
        (job("x", PROCESS_RUNNER, 31, end=NOON - HOUR),),
        (job("x", PROCESS_RUNNER, 32, end=NOON - HOUR),),
    ],
)
def test_a_job_without_a_chain_is_started_once(jobs: tuple[SystemJob, ...]) -> None:
    """Never started, stopped, failed and canceled jobs get one start."""
    assert steps(planned(*jobs)) == [("start", JOB)]


@pytest.mark.parametrize(
    "ailing",
    [job("x", until=NOON - 9 * HOUR), job("x", until=NOON + HOUR, error=5)],
)
def test_a_chain_that_stands_still_is_replaced(ailing: SystemJob) -> None:
    """A stalled or suspended chain is canceled, then the job is started once."""
    assert steps(planned(ailing)) == [("cancel", "x"), ("start", JOB)]


def test_a_disabled_starter_is_replaced_by_ourselves() -> None:
    """A chain of a disabled user is canceled, and started by the caller."""
    gone = User(id=ADA, is_disabled=True)
    plan = plan_rerun(sight(snapshot([job("x", until=NOON + HOUR)], users=[gone])), RULES)
    assert steps(plan) == [("cancel", "x"), ("start", JOB)]


@pytest.mark.parametrize(
    ("said", "words"),
    [({"is_active": False}, "Is Active: No"), ({"state": 1}, "deactivated")],
)
def test_a_record_that_is_out_of_use_is_not_started(said: dict[str, Any], words: str) -> None:
    """J2: somebody has switched the job off, and provisioning is what puts it back into use."""
    record = msgspec.structs.replace(RECORD, **said)
    plan = plan_rerun(sight(snapshot(records=[record])), RULES)
    assert steps(plan) == []
    [refusal] = plan.refusals
    assert words in refusal.message
    assert "projops provision" in refusal.hint


@pytest.mark.parametrize(
    "healthy",
    [
        job("x", until=NOON + HOUR),
        job("x", until=NOON - HOUR / 2),
        job("x", PROCESS_RUNNER, 20),
        job("x", PROCESS_RUNNER, 30, end=NOON - HOUR / 60),
    ],
)
def test_a_healthy_job_is_refused_with_its_sentence(healthy: SystemJob) -> None:
    """Sleeping, overdue within the tolerance, running and handing over are no reason to start."""
    found = sight(snapshot([healthy]))
    plan = plan_rerun(found, RULES)
    assert plan.refusals[0].message == found.diagnosis.sentence
    assert not plan.is_starting
    assert not plan.canceled


def test_several_chains_are_listed_and_none_is_started() -> None:
    """With several chains nothing happens unless jobs are named."""
    plan = planned(job("a", until=NOON + HOUR), job("b", until=NOON + 9 * HOUR))
    assert sorted(steps(plan)) == [("keep", "a"), ("keep", "b")]
    assert "--cancel" in plan.refusals[0].hint


def test_several_chains_lose_only_what_is_named() -> None:
    """--cancel ends exactly the named jobs, and starts none."""
    plan = planned(job("a", until=NOON + HOUR), job("b", until=NOON + 9 * HOUR), cancel=("B",))
    assert sorted(steps(plan)) == [("cancel", "b"), ("keep", "a")]
    assert not plan.refusals
    assert not plan.is_starting


def test_an_unknown_chain_can_be_ended_by_name() -> None:
    """A job whose workflow cannot be told is listed and can be canceled."""
    assert steps(planned(job("x", None), cancel=("x",))) == [("cancel", "x")]


def test_a_name_that_is_no_open_job_is_wrong_usage() -> None:
    """Only system jobs of the job can be canceled here; the open ones are named."""
    with pytest.raises(UsageError, match="Open are: a"):
        planned(job("a", until=NOON + HOUR), cancel=("z",))


def test_a_healthy_chain_is_not_canceled_by_name() -> None:
    """--cancel is for chains that are too many."""
    plan = planned(job("a", until=NOON + HOUR), cancel=("a",))
    assert plan.refusals
    assert not plan.canceled


@pytest.mark.parametrize(
    ("seen", "way_out"),
    [
        (snapshot(records=()), "projops provision"),
        (snapshot(processes=(definition(PROCESS_RUNNER, state=0), *PROCESSES[:2])), "activate"),
    ],
)
def test_what_a_start_cannot_mend_is_refused_with_the_way_out(seen: JobSnapshot, way_out: str) -> None:
    """Without a record or an active workflow there is nothing to start."""
    plan = plan_rerun(sight(seen), RULES)
    assert not plan.is_starting
    assert way_out in plan.refusals[0].hint


def test_two_activated_workflows_of_one_name_are_refused() -> None:
    """Which of them is the platform's is not for us to guess."""
    twin = definition(PROCESS_RUN_CALLER, id="twin")
    plan = plan_rerun(sight(snapshot(processes=(*PROCESSES, twin))), RULES)
    assert "twin" in plan.refusals[0].message


def test_the_plan_tells_the_first_run_for_both_ways_of_starting() -> None:
    """Sleep first or invoice now: the reader sees both times."""
    text = "\n".join(rerun_as_text(planned()))
    assert "ProcessRunCaller (chosen): first run 2020-10-05 12:00 UTC" in text
    assert "ProcessRunner: first run 2020-10-04 12:00 UTC" in text
    assert planned(start_with=PROCESS_RUNNER).next_run == NOON


def test_a_workflow_that_starts_no_chain_is_wrong_usage() -> None:
    """Two workflows start the job."""
    with pytest.raises(UsageError):
        planned(start_with="UpdateRoleUtilization")


def test_rerun_as_json_has_the_documented_members() -> None:
    """Programs find plan, applied and refused."""
    result = rerun_as_json(planned(job("x", until=NOON - 9 * HOUR)))
    assert result["plan"] == [
        {"action": "cancel", "id": "x", "workflow": "ProcessRunCaller"},
        {"action": "start", "id": JOB, "workflow": "ProcessRunCaller"},
    ]
    assert result["applied"] is False
    assert result["refused"] == []


def test_status_as_json_has_the_documented_members() -> None:
    """Programs find health, sentence, next_run, chain and evidence."""
    result = status_as_json(sight(snapshot([job("x", until=NOON + HOUR)])).diagnosis)
    assert result["health"] == "sleeping"
    assert result["next_run"] == "2020-10-04T13:00:00Z"
    assert result["chain"] == [
        {
            "id": "x",
            "workflow": "ProcessRunCaller",
            "step": "any name of x",
            "state": "waiting",
            "started": "2020-10-04T12:00:00Z",
            "until": "2020-10-04T13:00:00Z",
        }
    ]
    assert {"record", "field", "value", "meaning"} == set(result["evidence"][0])


def test_status_begins_with_the_sentence() -> None:
    """The first line is the answer."""
    diagnosis = sight(snapshot([job("x", until=NOON - 9 * HOUR)])).diagnosis
    lines = list(status_as_text(diagnosis))
    assert lines[0] == diagnosis.sentence
    assert "rerun" in lines[1]


@pytest.mark.parametrize(("starts", "is_refused"), [(4, False), (5, True)])
def test_a_job_that_was_started_again_and_again_is_refused(starts: int, is_refused: bool) -> None:
    """After most_starts_a_day chains within 24 hours another start waits for a person (rule J8)."""
    ended = [
        job(f"x{number}", status=32, begin=NOON - (3 * number + 2) * HOUR, end=NOON - (3 * number + 1) * HOUR)
        for number in range(starts)
    ]
    plan = planned(*ended)
    assert plan.starts == starts
    assert bool(plan.refusals) is is_refused
    assert plan.is_starting is not is_refused


def test_starts_of_the_day_before_do_not_count() -> None:
    """Only the last 24 hours count."""
    old = [
        job(
            f"x{number}",
            status=32,
            begin=NOON - (3 * number + 25) * HOUR,
            end=NOON - (3 * number + 24.5) * HOUR,
        )
        for number in range(6)
    ]
    assert planned(*old).is_starting


def test_what_may_not_be_read_asks_for_a_role_and_not_for_an_id() -> None:
    """Where system jobs may not be read nothing can be named: status and rerun say what to give."""
    seen = sight(snapshot(unread={"asyncoperation": "403: prvReadAsyncOperation is missing"}))
    plan = plan_rerun(seen, RULES, cancel=(), start_with=PROCESS_RUN_CALLER)
    assert "--cancel" not in plan.refusals[0].hint
    for told in (plan.refusals[0].hint, status_as_json(seen.diagnosis)["next_step"]):
        assert "security role" in told
