"""What one look at the job says (rules J1 to J8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from connector.model.batch_job import BatchJob
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Health, JobCondition
from connector.model.job_health import confirmed, diagnose
from connector.model.job_snapshot import Backlog
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER, UPDATE_ROLE_UTILIZATION
from connector.model.system_job import SystemJob
from connector.model.user import User
from tests.job.builders import (
    ADA,
    NOON,
    PROCESSES,
    RECORD,
    activation,
    definition,
    job,
    link,
    snapshot,
)

RULES = InvoicingRules()
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_no_record_is_never_provisioned() -> None:
    """Without a batch job there is nothing to start."""
    assert diagnose(snapshot(records=()), RULES).health is Health.NEVER_PROVISIONED


def test_two_active_records_are_unknown_and_both_named() -> None:
    """Two records that match are named, and no verdict is given on either."""
    other = BatchJob(id="b2", name="PSA create invoices", state=0)
    found = diagnose(snapshot(records=(RECORD, other)), RULES)
    assert found.health is Health.UNKNOWN
    assert RECORD.id in found.sentence
    assert "b2" in found.sentence


def test_a_deactivated_record_does_not_stand_beside_an_active_one() -> None:
    """A retired record is no second job."""
    retired = BatchJob(id="b2", name="PSA create invoices", state=1)
    assert diagnose(snapshot(records=(RECORD, retired)), RULES).health is Health.NEVER_STARTED


def test_a_live_chain_on_a_deactivated_record_counts() -> None:
    """A chain invoices whatever record it regards, so it counts as one of two."""
    retired = BatchJob(id="b2", name="PSA create invoices", state=1)
    jobs = [
        job("here", until=NOON + HOUR, begin=NOON - HOUR),
        msgspec.structs.replace(job("there", until=NOON + HOUR, begin=NOON - 2 * HOUR), regarding="b2"),
    ]
    found = diagnose(snapshot(jobs, records=(RECORD, retired)), RULES)
    assert set(found.several_roots) == {"here", "there"}


@pytest.mark.parametrize("run", ["a", "z"])
def test_of_jobs_that_began_at_one_instant_the_open_one_is_the_last(run: str) -> None:
    """A run that took no time stands before the sleep that began with it, whatever their ids are."""
    jobs = [
        job("m", until=NOON + HOUR, begin=NOON - HOUR, correlation="c"),
        job(run, PROCESS_RUNNER, 30, begin=NOON - HOUR, end=NOON - HOUR, correlation="c"),
    ]
    chain = diagnose(snapshot(jobs), RULES).chain
    assert chain is not None
    assert [one.id for one in chain.jobs] == [run, "m"]


def test_no_jobs_are_never_started() -> None:
    """A record alone runs nothing."""
    assert diagnose(snapshot(), RULES).health is Health.NEVER_STARTED


@pytest.mark.parametrize(
    ("days", "health"), [(29, Health.STOPPED), (31, Health.EVIDENCE_PURGED), (60, Health.EVIDENCE_PURGED)]
)
def test_a_last_run_without_jobs_is_stopped(days: int, health: Health) -> None:
    """A last run date says that it ran once; jobs that succeeded are deleted after 30 days."""
    ran = BatchJob(id=RECORD.id, name=RECORD.name, state=0, last_run_date=NOON - timedelta(days=days))
    assert diagnose(snapshot(records=(ran,)), RULES).health is health


@pytest.mark.parametrize("ids", ["ab", "ba"])
def test_of_two_that_ended_at_one_instant_the_failure_is_told(ids: str) -> None:
    """A caller that succeeded as its runner failed is not the reason why nothing follows."""
    runner, caller = ids[0], ids[1]
    ended = [
        job(caller, status=30, begin=NOON - 24 * HOUR, end=NOON - HOUR),
        job(runner, PROCESS_RUNNER, 31, begin=NOON - HOUR, end=NOON - HOUR, message="No."),
    ]
    found = diagnose(snapshot(ended), RULES)
    assert found.health is Health.FAILED
    assert "No." in found.sentence


@pytest.mark.parametrize(("days", "health"), [(29, Health.NEVER_STARTED), (31, Health.EVIDENCE_PURGED)])
def test_an_old_record_without_jobs_may_have_run(days: int, health: Health) -> None:
    """Of a record that is older than the platform's memory nobody can say that it never ran."""
    made = BatchJob(id=RECORD.id, name=RECORD.name, state=0, created_on=NOON - timedelta(days=days))
    assert diagnose(snapshot(records=(made,)), RULES).health is health


def test_a_starter_without_roles_is_told_from_a_disabled_one() -> None:
    """Who holds no role and no privilege cannot invoice, and the sentence says which it is."""
    seen = replace(snapshot([job("x", until=NOON + HOUR)]), powerless=frozenset({ADA}))
    found = diagnose(seen, RULES)
    assert found.health is Health.STARTER_DISABLED
    assert "Starter without roles: the chain runs as Ada Lovelace" in found.sentence


@pytest.mark.parametrize(
    ("backlog", "words"),
    [
        (Backlog(0), "No other system job waits"),
        (Backlog(1), "1 system job waits for a free worker too"),
        (Backlog(100, is_more=True), "More than 100 system jobs wait"),
    ],
)
@pytest.mark.parametrize("late", [5 * MINUTE, 5 * HOUR])
def test_a_late_timer_is_seen_beside_the_backlog(backlog: Backlog, words: str, late: timedelta) -> None:
    """Overdue or stalled: whether others wait as well says whether the service is behind."""
    seen = replace(snapshot([job("x", until=NOON - late)]), backlog=backlog)
    assert words in diagnose(seen, RULES).sentence


@pytest.mark.parametrize(
    ("seen", "health", "words"),
    [
        (job("x", until=NOON + HOUR), Health.SLEEPING, "next run 2020-10-04 13:00 UTC, in 1 h"),
        (job("x", until=NOON - 5 * MINUTE), Health.OVERDUE, "5 min ago"),
        (job("x", until=NOON), Health.OVERDUE, "0 s ago"),
        (job("x", until=NOON - 2 * HOUR), Health.STALLED, "6225696"),
        (job("x", begin=NOON - 5 * HOUR), Health.UNKNOWN, "no timer"),
        (job("x", begin=NOON - 26 * HOUR), Health.STALLED, "without a timer"),
        (job("x", until=NOON + HOUR, error=-2147220891), Health.SUSPENDED, "0x80040265"),
        (job("x", message="Record is gone"), Health.SUSPENDED, "Record is gone"),
        (job("x", until=NOON + HOUR, error=0), Health.SLEEPING, "next run"),
        (job("x", PROCESS_RUNNER, 20, begin=NOON - 3 * MINUTE), Health.RUNNING, "for 3 min"),
        (job("x", PROCESS_RUNNER, 21), Health.RUNNING, "ProcessRunner"),
        (job("x", PROCESS_RUNNER, 22), Health.UNKNOWN, "being canceled"),
        (job("x", PROCESS_RUNNER, 0, begin=NOON), Health.RUNNING, "queued"),
        (job("x", PROCESS_RUNNER, 0, begin=NOON - 3 * HOUR), Health.OVERDUE, "3 h"),
        (job("x", PROCESS_RUNNER, 0, begin=NOON - 30 * HOUR), Health.STALLED, "30 h"),
        (job("x", status=0, until=NOON + HOUR), Health.SLEEPING, "next run"),
        (job("x", PROCESS_RUNNER, 31, end=NOON - HOUR, message="No price"), Health.FAILED, "No price"),
        (job("x", status=32, end=NOON - HOUR), Health.CANCELED, "1 h ago"),
        (job("x", status=32), Health.CANCELED, "was canceled at an unknown time"),
        (job("x", PROCESS_RUNNER, 30, end=NOON - HOUR), Health.STOPPED, "nothing followed"),
        (job("x", PROCESS_RUNNER, 30, end=NOON - MINUTE), Health.RUNNING, "successor"),
    ],
)
def test_the_state_of_one_job_makes_the_health(seen: SystemJob, health: Health, words: str) -> None:
    """Timer, error, state and age decide, each as rule J7 and the table of states have it."""
    found = diagnose(snapshot([seen]), RULES)
    assert (found.health, words in found.sentence) == (health, True), found.sentence


def test_next_run_is_the_end_of_the_timer() -> None:
    """The next run is when the sleeping job wakes, and stays there while it is overdue."""
    assert diagnose(snapshot([job("x", until=NOON + HOUR)]), RULES).next_run == NOON + HOUR
    assert diagnose(snapshot([job("x", until=NOON - MINUTE)]), RULES).next_run == NOON - MINUTE
    assert diagnose(snapshot([job("x", until=NOON - 2 * HOUR)]), RULES).next_run is None


def test_the_tolerance_is_a_rule_that_can_be_set() -> None:
    """How late is stalled is a named choice, not a fact."""
    late = snapshot([job("x", until=NOON - 2 * HOUR)])
    assert diagnose(late, InvoicingRules(overdue_min=180)).health is Health.OVERDUE


def test_times_are_given_in_the_zone_that_was_asked_for() -> None:
    """The sentence is for people, who live in a time zone."""
    found = diagnose(snapshot([job("x", until=NOON + HOUR)]), RULES, ZoneInfo("Europe/Berlin"))
    assert "15:00 Europe/Berlin" in found.sentence


def test_a_disabled_starter_is_named_before_what_follows_from_it() -> None:
    """The chain runs as the one who started it: the cause is said, not the symptom."""
    gone = User(id=ADA, full_name="Ada Lovelace", is_disabled=True)
    found = diagnose(snapshot([job("x", until=NOON + HOUR, error=5)], users=(gone,)), RULES)
    assert found.health is Health.STARTER_DISABLED
    assert "Ada Lovelace" in found.sentence


def test_an_unknown_owner_is_said_to_be_unknown() -> None:
    """A user that could not be read is not called enabled."""
    found = diagnose(snapshot([job("x", until=NOON + HOUR)], users=()), RULES)
    assert found.health is Health.SLEEPING
    assert any("unknown whether" in fact.meaning for fact in found.evidence)


def test_a_draft_workflow_makes_the_job_inactive() -> None:
    """A deactivated workflow cannot go on, whatever its jobs look like."""
    processes = (definition(PROCESS_RUNNER, state=0), *PROCESSES[:2], activation(PROCESS_RUNNER))
    found = diagnose(snapshot([job("x", until=NOON + HOUR)], processes=processes), RULES)
    assert found.health is Health.WORKFLOW_INACTIVE
    assert "ProcessRunner" in found.sentence


def test_a_missing_workflow_is_named() -> None:
    """An environment without one of the two workflows cannot run the job."""
    found = diagnose(snapshot(processes=PROCESSES[:2]), RULES)
    assert found.health is Health.WORKFLOW_INACTIVE
    assert "ProcessRunner" in found.sentence


@pytest.mark.parametrize("table", ["msdyn_batchjob", "asyncoperation", "workflow"])
def test_what_cannot_be_read_is_unknown(table: str) -> None:
    """A table that may not be read makes no verdict, and the reason is said."""
    found = diagnose(snapshot(unread={table: "403: prvRead is missing"}), RULES)
    assert found.health is Health.UNKNOWN
    assert "prvRead is missing" in found.sentence
    assert "security role" in found.way_out


def test_other_workflows_of_the_record_do_not_count() -> None:
    """UpdateRoleUtilization runs on the same record and is no invoice job."""
    processes = (*PROCESSES, definition(UPDATE_ROLE_UTILIZATION), activation(UPDATE_ROLE_UTILIZATION))
    jobs = [job("a", until=NOON + HOUR), job("u", UPDATE_ROLE_UTILIZATION, until=NOON + HOUR)]
    found = diagnose(snapshot(jobs, processes=processes), RULES)
    assert found.health is Health.SLEEPING
    assert found.chain is not None
    assert found.chain.ids == {"a"}


def test_an_open_job_of_an_unknown_workflow_is_unknown() -> None:
    """A job that might be a second chain forbids to say that there is one."""
    found = diagnose(snapshot([job("a", until=NOON + HOUR), job("u", None)]), RULES)
    assert found.health is Health.UNKNOWN
    assert "(u)" in found.sentence


def test_a_child_job_of_an_unknown_workflow_belongs_to_its_parent() -> None:
    """Sleep may be a child job with a process of its own: the workflow log joins it."""
    jobs = [job("parent"), job("sleep", None, until=NOON + HOUR, begin=NOON + timedelta(seconds=1))]
    found = diagnose(snapshot(jobs, logs=[link("parent", "sleep")], now=NOON + MINUTE), RULES)
    assert found.health is Health.SLEEPING
    assert found.next_run == NOON + HOUR
    assert len(found.chains) == 1


def test_one_workflow_open_twice_in_one_chain_is_unknown() -> None:
    """A chain that forked is two timers under one start: nothing may be started or called healthy."""
    jobs = [
        job("r", PROCESS_RUNNER, 30, begin=NOON - HOUR, end=NOON - HOUR, correlation="c"),
        job("s1", until=NOON + HOUR, correlation="c"),
        job("s2", until=NOON + HOUR, correlation="c"),
    ]
    found = diagnose(snapshot(jobs), RULES)
    assert found.health is Health.UNKNOWN
    assert "open twice" in found.sentence


def test_an_empty_correlation_id_joins_nothing() -> None:
    """The empty id means that there is none."""
    empty = "00000000-0000-0000-0000-000000000000"
    jobs = [job(id, until=NOON + HOUR, begin=NOON - HOUR, correlation=empty) for id in ("a", "b")]
    assert len(diagnose(snapshot(jobs), RULES).live_chains) == 2


def test_the_chain_is_told_in_order_with_its_steps() -> None:
    """A chain lists its jobs as they began, with workflow, state, timer and owner."""
    jobs = [
        job("s", until=NOON + timedelta(hours=23), begin=NOON - HOUR),
        job("r", PROCESS_RUNNER, 30, begin=NOON - 2 * HOUR, end=NOON - HOUR),
    ]
    chain = diagnose(snapshot(jobs, logs=[link("r", "s")]), RULES).chain
    assert chain is not None
    assert [(item.workflow, item.state) for item in chain.jobs] == [
        (PROCESS_RUNNER, JobCondition.SUCCEEDED),
        (PROCESS_RUN_CALLER, JobCondition.WAITING),
    ]
    assert chain.jobs[1].until == NOON + timedelta(hours=23)
    assert chain.jobs[0].until == NOON - HOUR
    assert chain.jobs[0].step == "Start child"


def test_several_only_after_two_looks() -> None:
    """Two roots are several chains when two looks, settle apart, saw both of them (rule J8)."""
    jobs = [
        job("a", until=NOON + HOUR, begin=NOON - 9 * HOUR),
        job("b", until=NOON + HOUR, begin=NOON - HOUR),
    ]
    look = diagnose(snapshot(jobs), RULES)
    assert look.health is Health.UNKNOWN
    assert confirmed(look, look, 59, RULES).health is Health.UNKNOWN
    twice = confirmed(look, look, 60, RULES)
    assert twice.health is Health.SEVERAL_CHAINS
    assert set(twice.several_roots) == {"a", "b"}


def test_a_second_chain_that_came_between_the_looks_is_not_yet_several() -> None:
    """Both chains must have been seen twice."""
    old = job("a", until=NOON + HOUR, begin=NOON - 9 * HOUR)
    other = job("b", until=NOON + HOUR, begin=NOON - HOUR)
    new = job("c", until=NOON + HOUR, begin=NOON - HOUR)
    first = diagnose(snapshot([old, other]), RULES)
    second = diagnose(snapshot([old, new]), RULES)
    assert confirmed(first, second, 60, RULES).health is Health.UNKNOWN


def test_a_second_look_that_sees_one_chain_is_believed() -> None:
    """A hand-over is over after a while."""
    one = job("a", until=NOON + HOUR, begin=NOON - 9 * HOUR)
    other = job("b", until=NOON + HOUR, begin=NOON - HOUR)
    first = diagnose(snapshot([one, other]), RULES)
    second = diagnose(snapshot([one]), RULES)
    assert confirmed(first, second, 60, RULES).health is Health.SLEEPING


def test_hand_overs_that_compete_are_unknown_and_never_several() -> None:
    """Two jobs that the same hand-over could have made cannot be joined, and are not counted (rule J8)."""
    jobs = [
        job("r", PROCESS_RUNNER, 30, begin=NOON - 2 * MINUTE, end=NOON - MINUTE),
        job("s1", until=NOON + HOUR, begin=NOON - MINUTE),
        job("s2", until=NOON + HOUR, begin=NOON),
    ]
    look = diagnose(snapshot(jobs), RULES)
    assert look.health is Health.UNKNOWN
    assert "more than one hand-over" in look.sentence
    assert not look.several_roots
    assert confirmed(look, look, 600, RULES).health is Health.UNKNOWN


def test_two_live_chains_without_a_readable_log_are_unknown() -> None:
    """The log could join what looks like two: without it nobody counts."""
    jobs = [
        job("a", until=NOON + HOUR, begin=NOON - 9 * HOUR),
        job("b", until=NOON + HOUR, begin=NOON - HOUR),
    ]
    look = diagnose(replace(snapshot(jobs), unread={"workflowlog": "403"}), RULES)
    assert look.health is Health.UNKNOWN
    assert not look.several_roots


def test_a_run_started_beside_a_stalled_sleeper_is_a_second_chain() -> None:
    """A hand-over happens at the end of a timer, not hours after it."""
    jobs = [
        job("s", until=NOON - 9 * HOUR, begin=NOON - 33 * HOUR),
        job("r", PROCESS_RUNNER, 20, begin=NOON - MINUTE),
    ]
    assert set(diagnose(snapshot(jobs), RULES).several_roots) == {"s", "r"}


def test_a_run_started_before_the_timer_ends_is_a_second_chain() -> None:
    """ProcessRunCaller calls ProcessRunner at the end of its timer, not shortly before it (rule J6)."""
    jobs = [
        job("s", until=NOON + 5 * MINUTE, begin=NOON - 23 * HOUR),
        job("r", PROCESS_RUNNER, 20, begin=NOON - MINUTE),
    ]
    assert set(diagnose(snapshot(jobs), RULES).several_roots) == {"s", "r"}


def test_invoicing_is_seen_while_processrunner_is_at_work() -> None:
    """The local runner keeps away while ProcessRunner runs (rule J10)."""
    assert diagnose(snapshot([job("r", PROCESS_RUNNER, 20)]), RULES).is_invoicing
    assert not diagnose(snapshot([job("s", until=NOON + HOUR)]), RULES).is_invoicing
