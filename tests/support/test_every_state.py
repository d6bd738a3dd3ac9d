"""Each state of the job is told apart in an environment, in both shapes, and names its next step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.emulator.store.values import Value
from connector.model.job_chain import Diagnosis, Health
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.support.read import read_stories
from connector.support.report import next_step_of, status_as_text
from tests.job.emulated import RECORD, Emulated

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def text_of(world: Emulated) -> str:
    sight = world.look()
    return "\n".join(status_as_text(sight.diagnosis, stories=read_stories(world.at, sight)))


def change(world: Emulated, job: str, **values: Value) -> None:
    with world.emulator.store.transaction() as tx:
        tx.update("asyncoperation", job, values)


def open_job(world: Emulated) -> str:
    with world.emulator.store.transaction() as tx:
        [found] = [row for row in tx.find("asyncoperation", {}) if row["statecode"] != 3]
    return str(found["asyncoperationid"])


def nothing(_world: Emulated) -> None:
    pass


def record_alone(world: Emulated) -> None:
    world.create_record()


def asleep(world: Emulated) -> None:
    world.create_record()
    world.execute()


def at_work(world: Emulated) -> None:
    world.create_record()
    world.execute(PROCESS_RUNNER)


def a_little_late(world: Emulated) -> None:
    asleep(world)
    world.emulator.change_switches(stalls_timers=True)
    world.emulator.advance_clock(DAY + 20 * MINUTE)


def much_too_late(world: Emulated) -> None:
    asleep(world)
    world.stall()


def step_failed_and_waits(world: Emulated) -> None:
    asleep(world)
    change(world, open_job(world), errorcode=-2147220969, message="The price list was not found.")


def run_failed(world: Emulated) -> None:
    world.take_privilege("prvCreateInvoice")
    asleep(world)
    world.emulator.advance_clock(DAY + HOUR)


def ended_by_somebody(world: Emulated) -> None:
    asleep(world)
    world.client.update("asyncoperations", open_job(world), {"statecode": 3, "statuscode": 32}, etag="*")


def ended_without_a_successor(world: Emulated) -> None:
    """What is left where the hand-over got lost: a success, and nothing after it."""
    asleep(world)
    end = world.look().snapshot.now
    change(world, open_job(world), statecode=3, statuscode=30, completedon=end, postponeuntil=None)
    world.emulator.advance_clock(HOUR)


def purged(world: Emulated) -> None:
    ended_without_a_successor(world)
    world.emulator.advance_clock(31 * DAY)


def started_twice(world: Emulated) -> None:
    at_work(world)
    world.emulator.advance_clock(2 * DAY)
    world.emulator.duplicate_chain()


def starter_gone(world: Emulated) -> None:
    asleep(world)
    with world.emulator.store.transaction() as tx:
        user = tx.insert("systemuser", {"fullname": "Gone Person", "isdisabled": True, "accessmode": 0})
    change(world, open_job(world), ownerid=user)


def starter_powerless(world: Emulated) -> None:
    asleep(world)
    with world.emulator.store.transaction() as tx:
        user = tx.insert("systemuser", {"fullname": "New Person", "isdisabled": False, "accessmode": 0})
    change(world, open_job(world), ownerid=user)


def deactivated(world: Emulated) -> None:
    asleep(world)
    definition = world.definition(PROCESS_RUNNER)
    with world.emulator.store.transaction() as tx:
        tx.update("workflow", definition.id, {"statecode": 0, "statuscode": 1})


def put_out_of_use(world: Emulated) -> None:
    ended_by_somebody(world)
    world.client.update("msdyn_batchjobs", RECORD, {"statecode": 1, "statuscode": 2}, etag="*")


def switched_off(world: Emulated) -> None:
    record_alone(world)
    world.client.update("msdyn_batchjobs", RECORD, {"msdyn_isactive": False}, etag="*")


STATES: list[tuple[Callable[[Emulated], None], Health, tuple[str, ...], str]] = [
    (nothing, Health.NEVER_PROVISIONED, ("Never provisioned",), "projops provision"),
    (record_alone, Health.NEVER_STARTED, ("Never started",), "projops rerun starts it"),
    (asleep, Health.SLEEPING, ("Healthy: sleeping, next run", "in 24 h"), ""),
    (at_work, Health.RUNNING, ("Healthy: ProcessRunner is running",), ""),
    (
        a_little_late,
        Health.OVERDUE,
        ("Overdue: the timer", "20 min ago", "No other system job"),
        "look again",
    ),
    (much_too_late, Health.STALLED, ("Stalled: the timer", "6225696"), "cancels this chain and starts"),
    (
        step_failed_and_waits,
        Health.SUSPENDED,
        ("Suspended with an error", "as #", "0x80040", "The price list was not found."),
        "Remove the cause",
    ),
    (
        run_failed,
        Health.FAILED,
        ("Failed: ProcessRunner failed", "1 h ago", "lacks the privilege prvCreateInvoice"),
        "Remove the cause",
    ),
    (ended_by_somebody, Health.CANCELED, ("Canceled: ProcessRunCaller was canceled",), "starts it again"),
    (
        ended_without_a_successor,
        Health.STOPPED,
        ("Stopped: ProcessRunCaller ended", "nothing followed"),
        "rerun",
    ),
    (purged, Health.EVIDENCE_PURGED, ("Evidence purged",), "projops history"),
    (
        started_twice,
        Health.SEVERAL_CHAINS,
        ("Several chains: 2 are live", "the oldest: begun"),
        "--cancel ID",
    ),
    (starter_gone, Health.STARTER_DISABLED, ("Starter disabled", "Gone Person"), "as you"),
    (starter_powerless, Health.STARTER_DISABLED, ("Starter without roles", "New Person"), "as you"),
    (
        deactivated,
        Health.WORKFLOW_INACTIVE,
        ("Workflow inactive: ProcessRunner", "its owner is"),
        "--activate",
    ),
    (put_out_of_use, Health.CANCELED, ("Its record is deactivated",), "projops provision"),
    (switched_off, Health.NEVER_STARTED, ("Its record says Is Active: No",), "projops provision"),
]


@pytest.mark.parametrize(
    ("make", "health", "words", "step"), STATES, ids=lambda one: getattr(one, "__name__", "")
)
def test_each_state_is_told_apart_and_names_its_next_step(
    world: Emulated, make: Callable[[Emulated], None], health: Health, words: tuple[str, ...], step: str
) -> None:
    """The first sentence says which state it is and what shows it, the second what to do."""
    make(world)
    found: Diagnosis = world.look().diagnosis
    assert found.health is health, found.sentence
    text = text_of(world)
    for word in words:
        assert word in text
    assert step in next_step_of(found)
    assert bool(step) is bool(next_step_of(found))


def test_every_health_has_a_state_here() -> None:
    """Whoever adds a health adds a case; unknown stands in tests of its own."""
    assert {health for _, health, _, _ in STATES} == set(Health) - {Health.UNKNOWN}


def test_of_several_chains_each_is_told_with_its_age_and_what_it_created(world: Emulated) -> None:
    """Which is older, who started it, its runs, and the invoices created meanwhile."""
    started_twice(world)
    stories = read_stories(world.at, world.look())
    assert [story.is_oldest for story in stories] == [True, False]
    assert stories[0].runs >= 2
    assert stories[0].invoices == 0
    assert stories[1].runs == 0
    text = text_of(world)
    assert "Chain 1, the oldest: begun" in text
    assert "runs on record; 0 invoices created meanwhile" in text
    assert "Chain 2: begun" in text
    assert "no run of it is on record" in text


def test_of_jobs_that_belong_to_no_chain_it_is_told_whose_they_are(world: Emulated) -> None:
    """A job whose workflow cannot be told: nothing may be started, its age and its starter are said."""
    asleep(world)
    change(world, open_job(world), workflowactivationid=None)
    found = world.look().diagnosis
    assert found.health is Health.UNKNOWN
    [story] = read_stories(world.at, world.look())
    assert story.starter == "# projops-connector"
    text = text_of(world)
    assert "Chain 1: begun" in text
    assert story.chain.root.id in text
    assert "Nothing may be started" in next_step_of(found)


def test_one_healthy_chain_needs_no_story(world: Emulated) -> None:
    """Nothing more is read of a job that is certain."""
    asleep(world)
    assert read_stories(world.at, world.look()) == ()


def test_a_starter_with_a_role_or_a_privilege_is_not_accused(world: Emulated) -> None:
    """One role of one's own is enough, and so is a privilege that came through a team."""
    asleep(world)
    assert world.look().snapshot.powerless == frozenset()


def test_a_started_runner_stays_one_chain(world: Emulated) -> None:
    """A sleep that was begun by hand and one that a run handed over to are told alike."""
    at_work(world)
    world.emulator.advance_clock(3 * DAY)
    found = world.look().diagnosis
    assert found.health in {Health.SLEEPING, Health.RUNNING}
    assert found.chain is not None
    assert found.chain.last.workflow in {PROCESS_RUN_CALLER, PROCESS_RUNNER}
