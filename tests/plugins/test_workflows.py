"""The two workflows hand over to each other (rules J4 to J6), and arrive by their entry points."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.hooks import load_plugins
from connector.model.invoicing_rules import InvoicingRules
from connector.workflow import BillingMethod, Call, StartWorkflow, WaitUntil, Workflow

AT = datetime(2020, 10, 5, 6, 30, tzinfo=UTC)
RULES = InvoicingRules()


def workflow(name: str) -> Workflow:
    return load_plugins().workflow(name)


def test_process_run_caller_sleeps_until_a_day_after_the_end_it_was_handed() -> None:
    """J6: the timer counts from the end of the run, not from the start of the caller."""
    call = Call(started_at=AT + timedelta(minutes=5), handed_end=AT)
    assert workflow("ProcessRunCaller").start(call, RULES) == (WaitUntil(AT + timedelta(hours=24)),)


def test_process_run_caller_started_by_hand_sleeps_as_long_as_the_setting_says() -> None:
    """J6: without an end time the sleep is a named choice."""
    rules = InvoicingRules(first_sleep_h=2)
    caller = workflow("ProcessRunCaller")
    assert caller.start(Call(started_at=AT), rules) == (WaitUntil(AT + timedelta(hours=2)),)


def test_process_run_caller_starts_process_runner_when_its_timer_ends() -> None:
    """J5: the caller calls the runner, and looks at no contract itself."""
    caller = workflow("ProcessRunCaller")
    assert caller.end(Call(started_at=AT), AT) == (StartWorkflow("ProcessRunner"),)
    assert not caller.is_reading_contracts


def test_process_runner_works_at_once_and_hands_its_end_to_process_run_caller() -> None:
    """J4 and J5: Process comes before Sleep, and the end time goes along."""
    runner = workflow("ProcessRunner")
    assert runner.start(Call(started_at=AT), RULES) == ()
    assert runner.end(Call(started_at=AT), AT) == (StartWorkflow("ProcessRunCaller", handed_end=AT),)
    assert runner.is_reading_contracts


def test_the_built_in_plug_ins_come_through_the_entry_points() -> None:
    """The same door as anybody's: nothing in the connector names them."""
    plugins = load_plugins()
    assert [item.name for item in plugins.workflows] == ["ProcessRunCaller", "ProcessRunner"]
    methods = [item.name for item in plugins.billing_methods]
    assert methods == ["fixed_price", "product", "progress", "time_and_material"]
    assert all(isinstance(item, Workflow) for item in plugins.workflows)
    assert all(isinstance(item, BillingMethod) for item in plugins.billing_methods)
