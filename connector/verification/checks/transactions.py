"""TRX01 to TRX04, TRX06, TRX08: what keeps transactions off the next invoice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from msgspec import structs

from connector.model.actual import Actual, AdjustmentStatus, TransactionClass
from connector.model.choice import known as choice_of
from connector.model.column_date import day_in
from connector.model.contract_line import BillingStatus
from connector.model.invoicing_rules import InvoicingRules, ReadyRule
from connector.model.money import ZERO, total
from connector.model.process import APPROVAL_FLOW, ProcessState
from connector.verification.check import FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.contract_case import ContractCase, LineCase
from connector.verification.days import last_taken_day, next_row, transaction_day
from connector.verification.evidence import Evidence, Need, Today, Waiting, known
from connector.verification.example_contract import INVOICED, NTE_FAILED, PROJECT, READY, hours
from connector.verification.examples import FLOW, FORBIDDEN, HEALTHY, with_case, with_contract, with_work
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, passed, unknown
from connector.verification.money_text import money

BACKLOG = PROJECT_OPERATIONS + "proforma-invoicing/manage-billing-backlog"
_APPROVALS = PROJECT_OPERATIONS + "approvals/approval-sets"
_NO_LINES = "No contract that the job takes has a time and material line."
_UNBILLED = {None, BillingStatus.UNBILLED_SALES_CREATED}
_OFF = {AdjustmentStatus.ADJUSTED, AdjustmentStatus.UNADJUSTABLE}
_CLASSES = {TransactionClass.TIME: "time", TransactionClass.EXPENSE: "expenses"}


def work_lines(case: ContractCase, evidence: Evidence) -> Iterator[LineCase]:
    if case.is_taken(evidence.rules):
        yield from (line for line in case.lines if line.is_time_and_material)


def counted(count: int, noun: str = "transaction") -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _includes(line: LineCase, kind: int | None) -> bool:
    """Whether a line includes a class; a flag that is empty excludes nothing."""
    flags = {
        TransactionClass.TIME: line.line.includes_time,
        TransactionClass.EXPENSE: line.line.includes_expense,
        TransactionClass.MATERIAL: line.line.includes_material,
        TransactionClass.FEE: line.line.includes_fee,
    }
    known_kind = choice_of(TransactionClass, kind)
    return known_kind not in flags or flags[known_kind] is not False


def _approved(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """What awaits approval names its project only: it is told to the first line that would take it."""
    today, waiting = known(evidence.today), known(evidence.waiting)
    told: set[tuple[str, TransactionClass]] = set()
    for line in work_lines(case, evidence):
        last = last_taken_day(line.schedule, today)
        counts: Counter[TransactionClass] = Counter()
        for item in waiting.get(line.line.project or "", ()):
            key = (line.line.project or "", item.kind)
            if _includes(line, item.kind) and key not in told and _is_by(item.day, last, today):
                counts[item.kind] += item.count
        told |= {(line.line.project or "", kind) for kind in counts}
        if not counts:
            yield FINE
            continue
        words = (
            f"{count} {'entry' if count == 1 else 'entries'} of {_CLASSES.get(kind, 'other work')}"
            for kind, count in counts.items()
        )
        what = " and ".join(words)
        text = f"{case.where(line)}: {what} up to {last} await approval."
        yield failed(text, line.record, {"waiting": str(counts.total()), "up to": last.isoformat()})


def _is_by(value: date | None, last: date, today: Today) -> bool:
    return value is None or day_in(today.zone, value) <= last


def _flow_is_on(evidence: Evidence) -> Iterator[Finding]:
    flows = known(evidence.approval_flows)
    if not flows:
        yield unknown(
            f"No cloud flow {APPROVAL_FLOW!r} is to be seen: it may have another name here.",
            fix="See whether the flow is there under a translated name, and On; or install it again.",
        )
    for flow in flows:
        record = Record("workflow", flow.id, flow.name or "")
        if flow.state == ProcessState.ACTIVATED:
            yield passed(f"The flow {flow.name!r} is on.", record)
        else:
            yield failed(f"The flow {flow.name!r} is off.", record, {"statecode": str(flow.state)})


def _of_lines(
    case: ContractCase,
    evidence: Evidence,
    is_wrong: Callable[[Actual], bool],
    sentence: str,
    seen: dict[str, str],
) -> Iterator[Finding]:
    """One finding for each line with transactions up to its cut-off that are wrong: how many, how much."""
    today = known(evidence.today)
    for line in work_lines(case, evidence):
        last = last_taken_day(line.schedule, today)
        wrong = [one for one in line.actuals if is_wrong(one) and _is_up_to(one, last, today)]
        if not wrong:
            yield FINE
            continue
        amount = money(total(one.amount or ZERO for one in wrong), case, evidence, wrong[0].currency)
        text = f"{case.where(line)}: {counted(len(wrong))} up to {last}, {amount}, {sentence}."
        yield failed(text, line.record, {**seen, "count": str(len(wrong)), "msdyn_amount": amount})


def _is_up_to(actual: Actual, last: date, today: Today) -> bool:
    day = transaction_day(actual, today)
    return day is not None and day <= last


def _marked_ready(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    unset = evidence.rules.ready_rule is ReadyRule.READY_OR_UNSET

    def is_wrong(one: Actual) -> bool:
        is_open = one.billing_status in _UNBILLED and not (unset and one.billing_status is None)
        return is_open and one.adjustment_status not in _OFF

    yield from _of_lines(
        case, evidence, is_wrong, "not Ready to Invoice", {"msdyn_billingstatus": "not ready"}
    )


def _within_limits(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    found = known(evidence.not_to_exceed)
    wrong = {value for value in (found.failed, found.not_evaluated) if value is not None}

    def is_wrong(one: Actual) -> bool:
        is_open = one.billing_status != BillingStatus.CUSTOMER_INVOICE_CREATED
        return is_open and one.not_to_exceed_status in wrong

    words = "stopped by a not-to-exceed limit, or not evaluated"
    yield from _of_lines(case, evidence, is_wrong, words, {"not_to_exceed_status": "Failed or Not Evaluated"})


def _on_a_line(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if not case.is_taken(evidence.rules) or not (case.actuals or any(line.actuals for line in case.lines)):
        return
    if case.actuals:
        amount = money(total(one.amount or ZERO for one in case.actuals), case, evidence)
        text = f"The contract {case.name!r}: {counted(len(case.actuals))}, {amount}, on none of its lines."
        yield failed(
            text, case.record, {"_msdyn_salescontractlineid_value": "empty", "count": str(len(case.actuals))}
        )
    for line in case.lines:
        wrong = [one for one in line.actuals if not _includes(line, one.transaction_class)]
        if wrong:
            text = f"{case.where(line)}: {counted(len(wrong))} of a class that the line does not include."
            seen = {"msdyn_transactionclassification": str(wrong[0].transaction_class)}
            yield failed(text, line.record, {**seen, "count": str(len(wrong))})
        elif line.actuals:
            yield FINE


def _not_drafted_yet(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """On a draft, and within the scope of a run that is still to come: that run will pass over it."""
    today = known(evidence.today)
    for line in work_lines(case, evidence):
        row = next_row(line.schedule, today)
        if row is None:
            continue
        done = [
            day
            for one in line.schedule
            if one.invoice and (day := transaction_cut(one.transaction_cutoff_date, today))
        ]
        since = max(done, default=date.min)
        last = last_taken_day(line.schedule, today)
        early = [
            one
            for one in line.actuals
            if one.billing_status == BillingStatus.CUSTOMER_INVOICE_CREATED
            and (day := transaction_day(one, today)) is not None
            and since < day <= last
        ]
        if not early:
            yield FINE
            continue
        text = f"{case.where(line)}: {counted(len(early))} up to {last} stand on a draft before their run."
        yield failed(
            text, line.record, {"msdyn_billingstatus": "Customer Invoice Created", "count": str(len(early))}
        )


def transaction_cut(value: date | None, today: Today) -> date | None:
    return None if value is None else day_in(today.zone, value)


_ACTUALS = (Need.CONTRACTS, Need.SCHEDULE_ROWS, Need.ACTUALS, Need.CURRENCIES, Need.TODAY)
_UNREAD = Example("transactions that may not be read", replace(HEALTHY, actuals=FORBIDDEN), Outcome.UNKNOWN)
_NO_WORK = Example("no such lines", with_contract(lines=()), Outcome.NOT_APPLICABLE)
_OCTOBER = date(2020, 10, 2)
TRX01 = Check(
    code="TRX01",
    severity=Severity.WARNING,
    title="Nothing up to the next cut-off awaits approval",
    question="Is no time or expense up to the next cut-off handed in and not approved?",
    why="A transaction that can be invoiced exists only once its entry is approved.",
    fix="Let the approvers approve or return it before the run.",
    link=_APPROVALS,
    needs=(Need.CONTRACTS, Need.SCHEDULE_ROWS, Need.WAITING, Need.TODAY),
    judge=EachContract(_approved, "Time and material lines without approvals to come", _NO_LINES),
    examples=(
        Example("only after the cut-off", HEALTHY, Outcome.PASS),
        Example(
            "a day before the cut-off",
            replace(HEALTHY, waiting={PROJECT: (Waiting(TransactionClass.TIME, date(2020, 10, 10), 3),)}),
            Outcome.FAIL,
        ),
        Example(
            "of a class that the line does not take",
            replace(HEALTHY, waiting={PROJECT: (Waiting(TransactionClass.EXPENSE, _OCTOBER, 3),)}),
            Outcome.PASS,
        ),
        Example("entries that may not be read", replace(HEALTHY, waiting=FORBIDDEN), Outcome.UNKNOWN),
        _NO_WORK,
    ),
)
TRX02 = Check(
    code="TRX02",
    severity=Severity.ERROR,
    title="The flow that approves is on",
    question="Is the cloud flow that schedules approval sets switched on?",
    why="While it is off nothing is approved, and nothing reaches the billing backlog.",
    fix="Turn the flow on in Power Automate. Approval sets that failed are listed under Approvals; which "
    "column tells so no page says, so that they are not looked at here.",
    link=_APPROVALS,
    needs=(Need.APPROVAL_FLOWS,),
    judge=_flow_is_on,
    examples=(
        Example("on", HEALTHY, Outcome.PASS),
        Example("off", replace(HEALTHY, approval_flows=(structs.replace(FLOW, state=0),)), Outcome.FAIL),
        Example("none of that name", replace(HEALTHY, approval_flows=()), Outcome.UNKNOWN),
        Example("flows that may not be read", replace(HEALTHY, approval_flows=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
TRX03 = Check(
    code="TRX03",
    severity=Severity.WARNING,
    title="Everything up to the next cut-off is ready to invoice",
    question="Is every unbilled transaction up to the next cut-off marked Ready to Invoice?",
    why="The job takes what is Ready to Invoice; the rest waits without a word.",
    fix="Review the billing backlog and mark it Ready to Invoice there.",
    link=BACKLOG,
    needs=_ACTUALS,
    judge=EachContract(_marked_ready, "Time and material lines with all that is due ready", _NO_LINES),
    examples=(
        Example("ready", HEALTHY, Outcome.PASS),
        Example(
            "not ready",
            with_work(actuals=(hours(3, _OCTOBER, BillingStatus.UNBILLED_SALES_CREATED),)),
            Outcome.FAIL,
        ),
        Example(
            "after the cut-off",
            with_work(actuals=(hours(3, date(2020, 10, 12), BillingStatus.UNBILLED_SALES_CREATED),)),
            Outcome.PASS,
        ),
        Example(
            "no status where none is needed",
            replace(
                with_work(actuals=(structs.replace(READY, billing_status=None),)),
                rules=InvoicingRules(ready_rule=ReadyRule.READY_OR_UNSET),
            ),
            Outcome.PASS,
        ),
        _UNREAD,
        _NO_WORK,
    ),
)
TRX04 = Check(
    code="TRX04",
    severity=Severity.WARNING,
    title="No transaction is stopped by a not-to-exceed limit",
    question="Is no unbilled transaction up to the next cut-off Failed or Not Evaluated?",
    why="Failed ones cannot be marked ready; one that is Not Evaluated blocks other invoices (4560418).",
    fix="Raise the limit or move the work, then let the product evaluate the status again.",
    link=PROJECT_OPERATIONS + "pro/proforma-invoicing/manage-nte-status-validations-sales",
    needs=(*_ACTUALS, Need.NOT_TO_EXCEED),
    judge=EachContract(_within_limits, "Time and material lines within their limits", _NO_LINES),
    examples=(
        Example("no limit", HEALTHY, Outcome.PASS),
        Example(
            "above a limit",
            with_work(actuals=(structs.replace(READY, not_to_exceed_status=NTE_FAILED),)),
            Outcome.FAIL,
        ),
        Example("a status that nobody names", replace(HEALTHY, not_to_exceed=FORBIDDEN), Outcome.UNKNOWN),
        _UNREAD,
    ),
)
TRX06 = Check(
    code="TRX06",
    severity=Severity.WARNING,
    title="Every transaction falls on a line that includes it",
    question="Does every unbilled transaction stand on a line, and on one that includes its class?",
    why="What falls outside every line is never billed: the class is not included, or the task not mapped.",
    fix="Include the class on a line, or map the task, then correct the transactions.",
    link=PROJECT_OPERATIONS + "pro/sales/configure-chargeable-components-contract-line",
    needs=(Need.CONTRACTS, Need.ACTUALS, Need.CURRENCIES),
    judge=EachContract(
        _on_a_line, "Lines with transactions of their classes", "There is no unbilled transaction."
    ),
    examples=(
        Example("time on a line for time", HEALTHY, Outcome.PASS),
        Example("on no line", with_case(actuals=(structs.replace(READY, contract_line=None),)), Outcome.FAIL),
        Example(
            "an expense on a line for time",
            with_work(actuals=(structs.replace(READY, transaction_class=TransactionClass.EXPENSE),)),
            Outcome.FAIL,
        ),
        _UNREAD,
    ),
)
TRX08 = Check(
    code="TRX08",
    severity=Severity.WARNING,
    title="No transaction of a coming run stands on a draft already",
    question="Is nothing that a coming run would take on a draft invoice already?",
    why="What is Customer Invoice Created is not taken again: somebody drafted it by hand before its run.",
    fix="Nothing, where that was meant; else delete the draft, which frees its transactions.",
    link=BACKLOG,
    needs=_ACTUALS,
    judge=EachContract(
        _not_drafted_yet, "Lines whose coming run finds its transactions free", "No run is to come."
    ),
    examples=(
        Example("drafted by the last run", HEALTHY, Outcome.PASS),
        Example(
            "drafted before its run",
            with_work(actuals=(INVOICED, hours(4, _OCTOBER, BillingStatus.CUSTOMER_INVOICE_CREATED))),
            Outcome.FAIL,
        ),
        _UNREAD,
        Example("no run to come", with_work(schedule=()), Outcome.NOT_APPLICABLE),
    ),
)
CHECKS = (TRX01, TRX02, TRX03, TRX04, TRX06, TRX08)
