"""When the run after this one would be, by what the workflow plug-ins decide about each other (J5, J6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.hooks import Plugins
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUNNER
from connector.workflow import Call, StartWorkflow, StepDecision, WaitUntil

LONGEST_CHAIN = 10
"""Workflows that hand over to each other without anybody waiting are not followed for ever."""


def next_run_after(
    plugins: Plugins, rules: InvoicingRules, started_at: datetime, ended_at: datetime
) -> datetime | None:
    """When ProcessRunner is called again: with the built-in plug-ins 24 hours after `ended_at`.

    Follows the hand-overs from ProcessRunner's end until it is ProcessRunner's turn again; None where
    the chain ends. Raises PluginError for a workflow that nobody brings.
    """
    call, name, now = Call(started_at), PROCESS_RUNNER, ended_at
    for _ in range(LONGEST_CHAIN):
        started = _started(plugins.workflow(name).end(call, now))
        if started is None:
            return None
        if started.name == PROCESS_RUNNER:
            return now
        call, name = Call(now, started.handed_end), started.name
        waits = plugins.workflow(name).start(call, rules)
        now = max((step.at for step in waits if isinstance(step, WaitUntil)), default=now)
    return None


def _started(steps: Sequence[StepDecision]) -> StartWorkflow | None:
    return next((step for step in steps if isinstance(step, StartWorkflow)), None)
