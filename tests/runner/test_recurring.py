"""In line nobody waits: a run says when the next one would be (rules J5 and J6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connector.hooks import load_plugins
from connector.model.invoicing_rules import InvoicingRules
from connector.runner.recurring import next_run_after
from connector.workflow import Call, StepDecision
from projops_plugins.process_runner import ProcessRunner

START = datetime(2020, 10, 5, 6, 0, tzinfo=UTC)
END = START + timedelta(minutes=7)


@dataclass(frozen=True)
class Once(ProcessRunner):
    """A third party's ProcessRunner that calls nobody."""

    def end(self, call: Call, ended_at: datetime) -> tuple[StepDecision, ...]:
        return ()


def test_the_next_run_is_24_hours_after_the_end_of_this_one() -> None:
    """J6: from the end, not from the start, so that the hour drifts."""
    assert next_run_after(load_plugins(), InvoicingRules(), START, END) == END + timedelta(hours=24)


def test_a_chain_that_ends_has_no_next_run() -> None:
    """What no plug-in calls is not promised."""
    plugins = load_plugins()
    others = tuple(one for one in plugins.workflows if one.name != "ProcessRunner")
    changed = replace(plugins, workflows=(*others, Once()))
    assert next_run_after(changed, InvoicingRules(), START, END) is None
