"""TRX01 to TRX04: what has to be done before a run can take a transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from msgspec import structs

from connector.model.actual import Actual, AdjustmentStatus, TransactionClass
from connector.model.column_date import day_in
from connector.model.contract_line import BillingStatus
from connector.model.invoicing_rules import InvoicingRules, ReadyRule
from connector.model.money import ZERO, total
from connector.model.process import APPROVAL_FLOW, ProcessState
from connector.verification.check import BACKLOG, FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.contract_case import ContractCase
from connector.verification.days import last_taken_day, transaction_day
from connector.verification.evidence import Evidence, Need, Today, Waiting, known
from connector.verification.example_contract import NTE_FAILED, PROJECT, READY, hours
from connector.verification.examples import FLOW, FORBIDDEN, HEALTHY, with_contract, with_work
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, passed, unknown
from connector.verification.wording import counted, money

_APPROVALS = PROJECT_OPERATIONS + "approvals/approval-sets"
_NO_LINES = "No contract that the job takes has a time and material line."
_UNBILLED = {None, BillingStatus.UNBILLED_SALES_CREATED}
_OFF = {AdjustmentStatus.ADJUSTED, AdjustmentStatus.UNADJUSTABLE}
_CLASSES = {TransactionClass.TIME: "time", TransactionClass.EXPENSE: "expenses"}


def _approved(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """What awaits approval names its project only: it is told to the first line that would take it."""
    today, waiting = known(evidence.today), known(evidence.waiting)
    told: set[tuple[str, TransactionClass]] = set()
    for line in case.work_lines(evidence.rules):
        last = last_taken_day(line.schedule, today)
        counts: Counter[TransactionClass] = Counter()
        for item in waiting.get(line.line.project or "", ()):
            key = (line.line.project or "", item.kind)
            if line.includes(item.kind) and key not in told and _is_by(item.day, last, today):
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
    for line in case.work_lines(evidence.rules):
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
CHECKS = (TRX01, TRX02, TRX03, TRX04)
