"""What a run that creates invoices refuses (exit 4), and what it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from connector.errors import Refused
from connector.model.job_chain import Chain, ChainJob, Diagnosis, Health, JobCondition
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.runner.guard import check_chain, check_day, check_records, check_scope, check_time, next_wake

NOW = datetime(2020, 10, 5, 6, tzinfo=UTC)


def job(workflow: str, state: JobCondition, until: datetime | None = None) -> ChainJob:
    return ChainJob("job", "batch", workflow, None, state, NOW, until, None)


def sleeping(next_run: datetime | None) -> Diagnosis:
    chain = Chain((job(PROCESS_RUN_CALLER, JobCondition.WAITING, next_run),))
    return Diagnosis(Health.SLEEPING, "It sleeps.", NOW, next_run=next_run, chain=chain, chains=(chain,))


def running() -> Diagnosis:
    chain = Chain((job(PROCESS_RUNNER, JobCondition.IN_PROGRESS),))
    return Diagnosis(Health.RUNNING, "It runs.", NOW, chain=chain, chains=(chain,))


def ailing(health: Health, until: datetime) -> Diagnosis:
    """What the verdict says hides when the chain goes on: nobody tells a next run."""
    chain = Chain((job(PROCESS_RUN_CALLER, JobCondition.WAITING, until),))
    return Diagnosis(health, "It ails.", NOW, chain=chain, chains=(chain,))


def handing_over(state: JobCondition, workflow: str = PROCESS_RUN_CALLER) -> Diagnosis:
    """The timer has fired: the caller works, is queued, or has ended and its successor is not there yet."""
    chain = Chain((job(workflow, state, NOW - timedelta(minutes=1)),))
    return Diagnosis(Health.RUNNING, "It hands over.", NOW, chain=chain, chains=(chain,))


@pytest.mark.parametrize(
    "diagnosis",
    [
        ailing(Health.WORKFLOW_INACTIVE, NOW + timedelta(minutes=5)),
        ailing(Health.STARTER_DISABLED, NOW + timedelta(minutes=5)),
        ailing(Health.STALLED, NOW - timedelta(hours=2)),
        handing_over(JobCondition.IN_PROGRESS),
        handing_over(JobCondition.READY),
        handing_over(JobCondition.SUCCEEDED),
        running(),
        sleeping(NOW + timedelta(minutes=30)),
        sleeping(NOW - timedelta(hours=2)),
        Diagnosis(Health.UNKNOWN, "Nobody can tell.", NOW),
        Diagnosis(Health.SEVERAL_CHAINS, "Two.", NOW),
        Diagnosis(Health.SLEEPING, "", NOW, strangers=(job("", JobCondition.UNKNOWN),)),
    ],
    ids=[
        "inactive and due",
        "starter disabled and due",
        "stalled",
        "the caller works",
        "the caller is queued",
        "the caller has just ended",
        "running",
        "due in 30 minutes",
        "late",
        "unknown",
        "several chains",
        "an unknown job",
    ],
)
def test_nothing_is_created_beside_the_environments_own_run(diagnosis: Diagnosis) -> None:
    """J10: two runners invoice twice; what cannot be told counts as running."""
    with pytest.raises(Refused) as refused:
        check_chain(diagnosis)
    assert refused.value.exit_code == 4
    assert "--beside-chain" in refused.value.hint
    check_chain(diagnosis, is_beside_chain=True)


@pytest.mark.parametrize(
    "diagnosis",
    [
        sleeping(NOW + timedelta(minutes=31)),
        Diagnosis(Health.NEVER_PROVISIONED, "", NOW),
        ailing(Health.WORKFLOW_INACTIVE, NOW + timedelta(hours=5)),
        handing_over(JobCondition.SUCCEEDED, PROCESS_RUNNER),
        Diagnosis(Health.STOPPED, "", NOW, next_run=NOW - timedelta(days=1)),
    ],
    ids=["due later", "no job", "inactive and far off", "has just run", "stopped"],
)
def test_a_chain_that_is_far_from_running_does_not_hinder(diagnosis: Diagnosis) -> None:
    """J10: a sleeping or stopped chain leaves time enough."""
    check_chain(diagnosis)


def test_a_run_that_lasts_into_the_environments_own_ends() -> None:
    """J10: what began in time goes on to the next contract only while the chain still sleeps."""
    due = NOW + timedelta(minutes=31)
    assert next_wake(sleeping(due)) == due
    check_time(NOW, due)
    check_time(due, None)
    with pytest.raises(Refused, match="due since 2020-10-05 06:31 UTC"):
        check_time(due, due)


def test_how_near_is_too_near_is_a_setting() -> None:
    """guard_min is the caller's."""
    check_chain(sleeping(NOW + timedelta(minutes=20)), guard_min=19)
    with pytest.raises(Refused, match="within 20 minutes"):
        check_chain(sleeping(NOW + timedelta(minutes=20)), guard_min=20)


def test_a_real_environment_wants_to_be_told_for_which_contracts() -> None:
    """Creating for everybody takes a word of its own; the emulator needs none."""
    with pytest.raises(Refused, match="for which contracts"):
        check_scope((), is_all_contracts=False, is_emulator=False)
    check_scope(("id",), is_all_contracts=False, is_emulator=False)
    check_scope((), is_all_contracts=True, is_emulator=False)
    check_scope((), is_all_contracts=False, is_emulator=True)


def test_invoices_of_a_day_to_come_are_not_created() -> None:
    """A preview may look ahead; the platform's action would invoice at once."""
    check_day(date(2020, 10, 5), date(2020, 10, 5))
    with pytest.raises(Refused, match="still to come"):
        check_day(date(2020, 10, 6), date(2020, 10, 5))


def test_records_are_written_into_an_emulator_only() -> None:
    """Microsoft forbids changing billing statuses by other means than its own."""
    check_records(is_emulator=True)
    with pytest.raises(Refused, match="emulator only"):
        check_records(is_emulator=False)
