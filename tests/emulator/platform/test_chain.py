"""The job chain: rules J4 to J7, in both undocumented shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from connector.emulator.ownership import open_emulator
from connector.hooks import Plugins
from connector.model.invoicing_rules import InvoicingRules
from connector.workflow import Call, ContractDecision, ContractSnapshot, Run, StartWorkflow, StepDecision
from tests.emulator.platform.world import RUN_S, World

CALLER, RUNNER = "ProcessRunCaller", "ProcessRunner"
READY, WAITING, RUNNING = (0, 0), (1, 10), (2, 20)
SUCCEEDED, FAILED, CANCELED = (3, 30), (3, 31), (3, 32)


def test_a_start_answers_with_a_ready_job_that_then_sleeps_for_a_day(shaped: World) -> None:
    """Started with ProcessRunCaller the job sleeps first, for 24 hours (J4, J6)."""
    batch_job = shaped.create_batch_job()
    started = shaped.start(CALLER, batch_job)
    (job,) = shaped.jobs()
    assert (started["statecode"], started["statuscode"]) == READY
    assert job["asyncoperationid"] == started["asyncoperationid"]
    assert (job["statecode"], job["statuscode"]) == WAITING
    assert job["postponeuntil"] == "2020-10-04T06:00:00Z"
    assert job["operationtype"] == 10
    assert job["_regardingobjectid_value"] == batch_job
    assert job["_ownerid_value"] == shaped.user
    activation = shaped.row("workflows", job["_workflowactivationid_value"])
    assert (activation["type"], activation["_parentworkflowid_value"]) == (2, shaped.definition(CALLER))


def test_the_caller_starts_the_runner_and_the_runner_the_caller(shaped: World) -> None:
    """When the timer ends ProcessRunner runs for its duration and hands over its end (J5, J6)."""
    shaped.start(CALLER, shaped.create_batch_job())
    shaped.advance(days=1)
    assert shaped.states() == [(CALLER, *SUCCEEDED), (RUNNER, *RUNNING)]
    shaped.advance(seconds=89)
    assert shaped.states()[-1] == (RUNNER, *RUNNING)
    shaped.advance(seconds=1)
    assert shaped.states() == [(CALLER, *SUCCEEDED), (RUNNER, *SUCCEEDED), (CALLER, *WAITING)]
    assert shaped.jobs()[-1]["postponeuntil"] == "2020-10-05T06:01:30Z"


def test_started_with_the_runner_it_runs_first_and_sleeps_then(shaped: World) -> None:
    """Started with ProcessRunner the job shows Process, then Sleep (J4)."""
    shaped.start(RUNNER, shaped.create_batch_job())
    assert shaped.states() == [(RUNNER, *RUNNING)]
    shaped.advance(minutes=2)
    assert shaped.states() == [(RUNNER, *SUCCEEDED), (CALLER, *WAITING)]


def test_every_event_of_a_long_move_happens_at_its_own_time(shaped: World) -> None:
    """Moving the clock by days lets each job start and end at its own time, so runs drift later (J7)."""
    shaped.start(CALLER, shaped.create_batch_job())
    shaped.advance(days=3)
    runs = [row for row in shaped.jobs() if row["executiontimespan"] == 90]
    assert [(row["startedon"], row["completedon"]) for row in runs] == [
        ("2020-10-04T06:00:00Z", "2020-10-04T06:01:30Z"),
        ("2020-10-05T06:01:30Z", "2020-10-05T06:03:00Z"),
    ]
    assert shaped.now.isoformat() == "2020-10-06T06:00:00+00:00"


def test_children_carry_the_correlation_id_and_are_named_in_their_parents_log(shaped: World) -> None:
    """The jobs of one start can be joined by correlation id and by the child-workflow log (J7)."""
    shaped.start(CALLER, shaped.create_batch_job())
    shaped.advance(days=2, minutes=2)
    jobs = shaped.jobs()
    links = {
        row["_asyncoperationid_value"]: row["_childworkflowinstanceid_value"]
        for row in shaped.rows("workflowlogs")
        if row["_childworkflowinstanceid_value"]
    }
    ids = [row["asyncoperationid"] for row in jobs]
    assert len({row["correlationid"] for row in jobs}) == 1
    assert len(jobs) == 4
    assert [links[id] for id in ids[:-1]] == ids[1:]


def test_where_jobs_are_jobs_they_are_named_sleep_and_process(bare: World) -> None:
    """In the shape "jobs" every instance is a system job named Sleep or Process."""
    bare.start(CALLER, bare.create_batch_job())
    bare.advance(days=1, minutes=2)
    assert [row["name"] for row in bare.jobs()] == ["Sleep", "Process", "Sleep"]
    assert not [row for row in bare.rows("workflowlogs") if row["stagename"]]


def test_where_steps_are_steps_the_log_has_them(bare: World) -> None:
    """In the shape "steps" jobs carry their workflow's name, Sleep and Process stand in the log."""
    bare.emulator.change_switches(job_shape="steps")
    bare.start(CALLER, bare.create_batch_job())
    bare.advance(days=1)
    names = {row["asyncoperationid"]: row["name"] for row in bare.jobs()}
    steps = [row for row in bare.rows("workflowlogs", order_by="startedon") if row["stagename"]]
    seen = [(names[row["_asyncoperationid_value"]], row["stepname"], row["status"]) for row in steps]
    assert seen == [(CALLER, "Sleep", 2), (RUNNER, "Process", 1)]


def test_the_end_of_a_run_is_the_last_run_date(shaped: World) -> None:
    """msdyn_lastrundate is set when ProcessRunner ends, not before."""
    batch_job = shaped.create_batch_job()
    shaped.start(RUNNER, batch_job)
    assert shaped.row("msdyn_batchjobs", batch_job)["msdyn_lastrundate"] is None
    shaped.advance(seconds=90)
    assert shaped.row("msdyn_batchjobs", batch_job)["msdyn_lastrundate"] == "2020-10-03T06:01:30Z"


def test_a_canceled_timer_ends_the_chain(shaped: World) -> None:
    """Canceling the waiting job ends it at 3/32, and nothing is started after it."""
    started = shaped.start(CALLER, shaped.create_batch_job())
    shaped.patch("asyncoperations", started["asyncoperationid"], {"statecode": 3, "statuscode": 32})
    shaped.advance(days=2)
    assert shaped.states() == [(CALLER, *CANCELED)]
    assert all(row["status"] == 4 for row in shaped.rows("workflowlogs"))


def test_a_stalled_timer_waits_with_a_past_end_until_it_is_resumed(shaped: World) -> None:
    """A stalled timer stays 1/10 with a past postponeuntil, even once timers fire again."""
    started = shaped.start(CALLER, shaped.create_batch_job())
    shaped.emulator.change_switches(stalls_timers=True)
    shaped.advance(days=2)
    shaped.emulator.change_switches(stalls_timers=False)
    shaped.advance(days=1)
    (job,) = shaped.jobs()
    assert (job["statecode"], job["statuscode"], job["postponeuntil"]) == (1, 10, "2020-10-04T06:00:00Z")
    shaped.patch("asyncoperations", started["asyncoperationid"], {"statecode": 0, "statuscode": 0})
    assert shaped.states() == [(CALLER, *SUCCEEDED), (RUNNER, *RUNNING)]


def test_a_timer_that_is_resumed_too_early_goes_back_to_sleep(shaped: World) -> None:
    """Resuming a job before its time does not shorten the sleep."""
    started = shaped.start(CALLER, shaped.create_batch_job())
    shaped.patch("asyncoperations", started["asyncoperationid"], {"statecode": 0, "statuscode": 0})
    (job,) = shaped.jobs()
    assert (job["statecode"], job["statuscode"], job["postponeuntil"]) == (1, 10, "2020-10-04T06:00:00Z")


def test_a_disabled_starter_suspends_the_job_with_an_error(shaped: World) -> None:
    """The job of a disabled user does not go on: it is suspended, with a code and a message."""
    shaped.start(CALLER, shaped.create_batch_job())
    user = shaped.user
    shaped.patch("systemusers", user, {"isdisabled": True})
    shaped.advance(days=2)
    with shaped.emulator.store.transaction() as tx:
        tx.update("systemuser", user, {"isdisabled": False})
    (job,) = shaped.jobs()
    assert (job["statecode"], job["statuscode"]) == WAITING
    assert job["errorcode"] is not None
    assert "disabled" in job["message"]
    shaped.patch("asyncoperations", job["asyncoperationid"], {"statecode": 0, "statuscode": 0})
    assert shaped.states() == [(CALLER, *SUCCEEDED), (RUNNER, *RUNNING)]
    assert shaped.jobs()[0]["errorcode"] is None


@pytest.mark.parametrize("trouble", ["workflow", "batch job", "deleted"])
def test_a_run_fails_when_its_workflow_or_batch_job_is_not_active(shaped: World, trouble: str) -> None:
    """A run that begins while its workflow or its batch job is inactive or gone is Failed."""
    batch_job = shaped.create_batch_job()
    shaped.start(CALLER, batch_job)
    if trouble == "workflow":
        shaped.deactivate(RUNNER)
    elif trouble == "batch job":
        shaped.patch("msdyn_batchjobs", batch_job, {"statecode": 1, "statuscode": 2})
    else:
        shaped.request("DELETE", f"msdyn_batchjobs({batch_job})")
    shaped.advance(days=3)
    assert shaped.states() == [(CALLER, *SUCCEEDED), (RUNNER, *FAILED)]
    assert shaped.jobs()[-1]["message"]


def test_a_second_chain_can_be_started_on_request(shaped: World) -> None:
    """The duplicate chain regards the same batch job and shares no correlation id with the first."""
    batch_job = shaped.create_batch_job()
    shaped.start(CALLER, batch_job)
    shaped.advance(hours=1)
    shaped.emulator.duplicate_chain()
    first, second = shaped.jobs()
    assert first["_regardingobjectid_value"] == second["_regardingobjectid_value"] == batch_job
    assert first["correlationid"] != second["correlationid"]
    assert (first["postponeuntil"], second["postponeuntil"]) == (
        "2020-10-04T06:00:00Z",
        "2020-10-04T07:00:00Z",
    )


def test_a_paused_run_goes_on_when_it_is_resumed(shaped: World) -> None:
    """A run in progress can be paused, waits however long, and ends once it is resumed."""
    started = shaped.start(RUNNER, shaped.create_batch_job())
    shaped.patch("asyncoperations", started["asyncoperationid"], {"statecode": 1, "statuscode": 10})
    shaped.advance(hours=5)
    assert shaped.states() == [(RUNNER, *WAITING)]
    shaped.patch("asyncoperations", started["asyncoperationid"], {"statecode": 0, "statuscode": 0})
    assert shaped.states() == [(RUNNER, *SUCCEEDED), (CALLER, *WAITING)]


class Restless:
    """A workflow that does nothing but start itself again."""

    name = CALLER
    is_reading_contracts = False

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:
        return ()

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        return ()

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:
        return (StartWorkflow(CALLER),)


def test_workflows_that_start_each_other_without_a_pause_are_stopped() -> None:
    """After sixteen jobs that started each other within an hour the next one fails with 0x80044182."""
    plugins = Plugins(workflows=(Restless(),), billing_methods=())
    with open_emulator(None, seed="none", plugins=plugins) as emulator:
        world = World(emulator)
        world.start(CALLER, world.create_batch_job())
        assert world.states() == [(CALLER, *SUCCEEDED)] * 16 + [(CALLER, *FAILED)]
        assert world.jobs()[-1]["errorcode"] == 0x80044182 - (1 << 32)
        world.session.close()


def test_a_workflow_that_deletes_its_jobs_leaves_only_the_open_one(shaped: World) -> None:
    """With asyncautodelete a job goes when it has succeeded; the chain goes on without it."""
    shaped.patch("workflows", shaped.definition(CALLER), {"asyncautodelete": True})
    shaped.start(CALLER, shaped.create_batch_job())
    shaped.advance(days=1, minutes=2)
    assert shaped.states() == [(RUNNER, *SUCCEEDED), (CALLER, *WAITING)]


def test_a_chain_goes_on_when_its_state_file_is_opened_again(tmp_path: Path) -> None:
    """The clock, the sleeping job and its end are in the file."""
    with open_emulator(tmp_path / "state.db", seed="none") as emulator:
        emulator.change_switches(run_duration_s=RUN_S)
        world = World(emulator)
        world.start(CALLER, world.create_batch_job())
        world.session.close()
    with open_emulator(tmp_path / "state.db") as emulator:
        world = World(emulator)
        world.advance(days=1)
        assert world.states() == [(CALLER, *SUCCEEDED), (RUNNER, *RUNNING)]
        world.session.close()


def test_when_the_clock_has_moved_the_jobs_that_became_due_have_run() -> None:
    """Unless a run is told to take its time, it has ended at the instant to which the clock was moved."""
    with open_emulator(None, seed="none") as emulator:
        world = World(emulator)
        world.start(CALLER, world.create_batch_job())
        world.advance(days=1)
        assert world.states() == [(CALLER, *SUCCEEDED), (RUNNER, *SUCCEEDED), (CALLER, *WAITING)]
        world.session.close()
