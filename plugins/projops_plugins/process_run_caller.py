"""ProcessRunCaller: waits, then starts ProcessRunner (rules J5 and J6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.hooks import hookimpl
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.workflow import (
    Call,
    ContractDecision,
    ContractSnapshot,
    Run,
    StartWorkflow,
    StepDecision,
    WaitUntil,
    Workflow,
)

BETWEEN_RUNS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ProcessRunCaller:
    name: str = PROCESS_RUN_CALLER
    is_reading_contracts: bool = False

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:
        """Rule J6: 24 hours after the end that ProcessRunner handed over.

        Started by hand there is no end; the setting `first_sleep_h` says how long it sleeps then.
        """
        if call.handed_end is not None:
            return (WaitUntil(call.handed_end + BETWEEN_RUNS),)
        return (WaitUntil(call.started_at + timedelta(hours=rules.first_sleep_h)),)

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:  # noqa: ARG002 - the contract of workflows
        """Looks at no contract."""
        return ()

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:  # noqa: ARG002 - the contract of workflows
        """Rule J6: ProcessRunner is called when the timer ends."""
        return (StartWorkflow(PROCESS_RUNNER),)


@hookimpl
def projops_workflows() -> Iterable[Workflow]:
    return (ProcessRunCaller(),)
