"""TRX05 to TRX08: what a run leaves out, by design or by oversight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from msgspec import structs

from connector.model.actual import Actual, AdjustmentStatus, BillingType, TransactionClass
from connector.model.choice import known as choice_of
from connector.model.contract_line import BillingStatus
from connector.model.money import ZERO, total
from connector.verification.check import BACKLOG, FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.contract_case import ContractCase
from connector.verification.days import cut_off_day, last_taken_day, next_row, transaction_day
from connector.verification.evidence import Evidence, Need, known
from connector.verification.example_contract import INVOICED, READY, hours
from connector.verification.examples import FORBIDDEN, HEALTHY, with_case, with_work
from connector.verification.finding import Finding, Outcome, Severity, failed, passed
from connector.verification.wording import counted, money

_TYPES = {
    BillingType.NON_CHARGEABLE: "non-chargeable",
    BillingType.COMPLIMENTARY: "complimentary",
    BillingType.NOT_AVAILABLE: "not available",
}
_ADJUSTMENTS = {
    AdjustmentStatus.IN_PROCESS: "being adjusted",
    AdjustmentStatus.ADJUSTED: "adjusted",
    AdjustmentStatus.UNADJUSTABLE: "unadjustable",
}
_NOTHING = "There is no unbilled transaction."


def _unbilled(case: ContractCase, evidence: Evidence) -> list[Actual]:
    if not case.is_taken(evidence.rules):
        return []
    drafted = BillingStatus.CUSTOMER_INVOICE_CREATED
    return [one for one in case.all_actuals() if one.billing_status != drafted]


def _told(case: ContractCase, words: Iterable[str | None], sentence: str) -> Iterator[Finding]:
    counts = Counter(word for word in words if word)
    if counts:
        what = ", ".join(f"{count} {word}" for word, count in counts.items())
        seen = {word: str(count) for word, count in counts.items()}
        yield passed(f"{case.name!r}: {what}: {sentence}.", case.record, seen)
    else:
        yield FINE


def _not_charged(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if actuals := _unbilled(case, evidence):
        words = (
            _TYPES.get(kind) if (kind := choice_of(BillingType, one.billing_type)) else None
            for one in actuals
        )
        yield from _told(case, words, "they add nothing to an invoice")


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
        wrong = [one for one in line.actuals if not line.includes(one.transaction_class)]
        if wrong:
            text = f"{case.where(line)}: {counted(len(wrong))} of a class that the line does not include."
            seen = {"msdyn_transactionclassification": str(wrong[0].transaction_class)}
            yield failed(text, line.record, {**seen, "count": str(len(wrong))})
        elif line.actuals:
            yield FINE


def _adjusted(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if actuals := _unbilled(case, evidence):
        words = (
            _ADJUSTMENTS.get(kind)
            if (kind := choice_of(AdjustmentStatus, one.adjustment_status)) is not None
            else None
            for one in actuals
        )
        yield from _told(case, words, "they are not invoiced, by design")


def _not_drafted_yet(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """On a draft, and within the scope of a run that is still to come: that run will pass over it."""
    today = known(evidence.today)
    for line in case.work_lines(evidence.rules):
        row = next_row(line.schedule, today)
        if row is None:
            continue
        done = [day for one in line.schedule if one.invoice and (day := cut_off_day(one, today))]
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


_ACTUALS = (Need.CONTRACTS, Need.SCHEDULE_ROWS, Need.ACTUALS, Need.CURRENCIES, Need.TODAY)
_UNREAD = Example("transactions that may not be read", replace(HEALTHY, actuals=FORBIDDEN), Outcome.UNKNOWN)
_OCTOBER = date(2020, 10, 2)
_CHARGEABILITY = PROJECT_OPERATIONS + "pro/sales/configure-chargeable-components-contract-line"
TRX05 = Check(
    code="TRX05",
    severity=Severity.INFO,
    title="What is not charged",
    question="Which contracts have unbilled transactions that are non-chargeable or complimentary?",
    why="They stand on an invoice and add nothing: that explains a total that looks too small.",
    fix="Nothing is wrong. Where they should be charged, change the chargeability of task, role or category.",
    link=_CHARGEABILITY,
    needs=(Need.CONTRACTS, Need.ACTUALS),
    judge=EachContract(_not_charged, "Contracts that charge all their unbilled transactions", _NOTHING),
    examples=(
        Example("all chargeable", HEALTHY, Outcome.PASS),
        Example(
            "one complimentary",
            with_work(actuals=(structs.replace(READY, billing_type=BillingType.COMPLIMENTARY),)),
            Outcome.PASS,
        ),
        Example("none at all", with_work(actuals=()), Outcome.NOT_APPLICABLE),
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
    link=_CHARGEABILITY,
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
TRX07 = Check(
    code="TRX07",
    severity=Severity.INFO,
    title="What is left out because it was adjusted",
    question="Which contracts have unbilled transactions that are adjusted or unadjustable?",
    why="They are excluded by design, and their corrections stand in for them.",
    fix="Nothing is wrong.",
    link=BACKLOG,
    needs=(Need.CONTRACTS, Need.ACTUALS),
    judge=EachContract(_adjusted, "Contracts without adjusted transactions", _NOTHING),
    examples=(
        Example("none adjusted", HEALTHY, Outcome.PASS),
        Example(
            "one adjusted",
            with_work(actuals=(structs.replace(READY, adjustment_status=AdjustmentStatus.ADJUSTED),)),
            Outcome.PASS,
        ),
        Example("none at all", with_work(actuals=()), Outcome.NOT_APPLICABLE),
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
CHECKS = (TRX05, TRX06, TRX07, TRX08)
