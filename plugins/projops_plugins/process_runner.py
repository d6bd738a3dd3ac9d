"""ProcessRunner: decides what is invoiced, then hands over to ProcessRunCaller (rules J5, L, T and G)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from connector.hooks import hookimpl
from connector.model.choice import known
from connector.model.contract_line import BillingMethodChoice, LineType, ProductType
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUN_CALLER, PROCESS_RUNNER
from connector.model.reason import Reason
from connector.workflow import (
    Bill,
    BillingMethod,
    Call,
    ContractDecision,
    ContractSnapshot,
    LineSnapshot,
    Run,
    StartWorkflow,
    StepDecision,
    Workflow,
)
from projops_plugins.invoices import BilledLine, decisions_for, judgements_for
from projops_plugins.open_contract import (
    not_open_judgements,
    not_open_skips,
    reason_not_open,
    waiting_of_line,
)
from projops_plugins.skips import Told, skip, sources_judged, with_amount


@dataclass(frozen=True, slots=True)
class ProcessRunner:
    name: str = PROCESS_RUNNER
    is_reading_contracts: bool = True

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:  # noqa: ARG002 - the contract of workflows
        """Rule J4: it works at once."""
        return ()

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterator[ContractDecision]:
        """What becomes of one contract: invoices, rows marked without one, and reasons.

        The decisions are a function of the snapshot, whatever the order of its parts.
        """
        if told := reason_not_open(contract.contract, run.rules):
            yield from not_open_skips(contract, told)
            if run.is_explaining:
                yield from not_open_judgements(contract, told)
            return
        billed = [_billed(line, contract, run) for line in contract.lines]
        if not run.is_explaining:
            yield from decisions_for(billed, contract, run)
            return
        decisions = list(decisions_for(billed, contract, run))
        yield from decisions
        yield from judgements_for(billed, decisions, contract)

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:  # noqa: ARG002 - the contract of workflows
        """Rule J5: it calls ProcessRunCaller and hands it its end."""
        return (StartWorkflow(PROCESS_RUN_CALLER, handed_end=ended_at),)


def _billed(line: LineSnapshot, contract: ContractSnapshot, run: Run) -> BilledLine:
    methods = [method for method in run.billing_methods if method.claims(line.line, run.rules)]
    if len(methods) == 1:
        return BilledLine(line.line, methods[0].name, methods[0].bill(line, contract, run))
    return BilledLine(line.line, "", _unclaimed(line, methods, contract, run))


def _unclaimed(
    line: LineSnapshot, methods: Sequence[BillingMethod], contract: ContractSnapshot, run: Run
) -> Bill:
    """A line with anything to bill must fall to exactly one billing method."""
    is_asked = run.only_rows is None or any(row.id in run.only_rows for row in line.schedule)
    if not is_asked or not (line.schedule or line.milestones or line.actuals):
        return Bill()
    own = line.line
    if methods:
        names = ", ".join(sorted(method.name for method in methods))
        found = f"More than one billing method claims this line ({names})"
        told = Told(Reason.BLOCKED, "", found, "uninstall all plug-ins but one")
    else:
        found = (
            "No billing method claims this line (product type "
            f"{_in_words(ProductType, own.product_type)}, billing method "
            f"{_in_words(BillingMethodChoice, own.billing_method)}, line type "
            f"{_in_words(LineType, own.line_type)})"
        )
        told = Told(Reason.BLOCKED, "", found, "correct the line, or install the plug-in that bills it")
    judgements = sources_judged(line, told, contract) if run.is_explaining else ()
    base = skip(contract, own, told)
    waiting = waiting_of_line(line, contract)
    skips = [with_amount(base, contract, one) for one in waiting] or [base]
    return Bill(skips=tuple(skips), judgements=tuple(judgements))


def _in_words(choice: type[IntEnum], value: int | None) -> str:
    """`time and material`; a value that is none of them as its number."""
    if value is None:
        return "not set"
    named = known(choice, value)
    return str(value) if named is None else named.name.lower().replace("_", " ")


@hookimpl
def projops_workflows() -> Iterable[Workflow]:
    return (ProcessRunner(),)
