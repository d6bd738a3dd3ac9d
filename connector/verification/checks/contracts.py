"""CON01, CON08 to CON10: whether contracts are open for invoicing, and how many invoices they will get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from msgspec import structs

from connector.model.actual import BillingType
from connector.model.choice import known as choice_of
from connector.model.contract_line import BillingStatus
from connector.model.invoice_schedule import RunStatus
from connector.model.milestone import InvoiceStatus
from connector.model.project_contract import ContractState, ContractStatusReason
from connector.model.solution import DUAL_WRITE_SOLUTION
from connector.verification.check import (
    FINE,
    PROJECT_OPERATIONS,
    SETTING_UP_THE_JOB,
    Check,
    EachContract,
    Example,
)
from connector.verification.contract_case import ContractCase, LineCase
from connector.verification.days import last_taken_day, milestone_day, next_row, run_day, transaction_day
from connector.verification.evidence import Evidence, Need, Today, known
from connector.verification.example_contract import EUR, READY, WORK
from connector.verification.examples import FORBIDDEN, HEALTHY, with_case, with_contract, with_work
from connector.verification.finding import Finding, Outcome, Severity, failed, passed

MOST_LINES = 5_000
"""More than that once lost lines of an invoice (3817244)."""
_NO_CONTRACT = "There is no project contract."
_REASONS = {
    ContractStatusReason.COMPLETED: "Completed",
    ContractStatusReason.LOST: "Lost",
    ContractStatusReason.ABANDONED: "Abandoned",
}


def _open(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    state = case.contract.contract_state
    waiting = ", ".join(_waiting(case, known(evidence.today)))
    if state == ContractState.ACTIVE or not waiting:
        yield FINE
        return
    seen = {"msdyn_psastate": str(state), "msdyn_psastatusreason": str(case.contract.contract_status_reason)}
    if state in {ContractState.CLOSED, ContractState.ON_HOLD}:
        word = "on hold" if state == ContractState.ON_HOLD else _closed_as(case)
        yield failed(f"The contract {case.name!r} is {word}, and not invoiced: {waiting}.", case.record, seen)
    else:
        text = f"The contract {case.name!r} is a draft, which the job may not take, with {waiting}."
        yield failed(text, case.record, seen, severity=Severity.WARNING)


def _closed_as(case: ContractCase) -> str:
    reason = choice_of(ContractStatusReason, case.contract.contract_status_reason)
    return "closed" if reason is None else _REASONS.get(reason, "closed")


def _waiting(case: ContractCase, today: Today) -> Iterator[str]:
    """What a contract still has to bill by now, in words."""
    ready = sum(item.billing_status == BillingStatus.READY_TO_INVOICE for item in case.all_actuals())
    if ready:
        yield f"{ready} transaction{'s' if ready > 1 else ''} ready to invoice"
    milestones = (*case.milestones, *(item for line in case.lines for item in line.milestones))
    if count := sum(item.invoice_status == InvoiceStatus.READY_FOR_INVOICING for item in milestones):
        yield f"{count} milestone{'s' if count > 1 else ''} ready for invoicing"
    due = sum(
        _is_due(row.run_status, run_day(row, today), today) for line in case.lines for row in line.schedule
    )
    if due:
        yield f"{due} run date{'s' if due > 1 else ''} that came"


def _is_due(status: int | None, day: date | None, today: Today) -> bool:
    return status == RunStatus.NOT_RUN and day is not None and day <= today.day


def _currency_of_unit(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    solutions = {item.unique_name for item in known(evidence.solutions)}
    unit = known(evidence.units).get(case.contract.contracting_unit or "")
    if (
        DUAL_WRITE_SOLUTION not in solutions
        or unit is None
        or not unit.currency
        or not case.contract.currency
    ):
        return
    if unit.currency == case.contract.currency or case.contract.contract_state == ContractState.CLOSED:
        yield FINE
        return
    currencies = known(evidence.currencies)
    codes = [
        (found.iso_code or id) if (found := currencies.get(id)) else id
        for id in (case.contract.currency, unit.currency)
    ]
    text = f"The contract {case.name!r} is in {codes[0]}, its unit {unit.name or unit.id!r} in {codes[1]}."
    yield failed(text, case.record, {"transactioncurrencyid": codes[0], "msdyn_currency": codes[1]})


def _few_lines(case: ContractCase, _: Evidence) -> Iterator[Finding]:
    if len(case.lines) > MOST_LINES:
        text = f"The contract {case.name!r} has {len(case.lines)} lines."
        yield failed(text, case.record, {"salesorderdetails": str(len(case.lines))})
    else:
        yield FINE


def _expected(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """Told where a run makes more than one invoice; by customers of transactions, and of milestones."""
    today = known(evidence.today)
    if not case.is_taken(evidence.rules):
        return
    runs = [
        day for line in case.lines if (row := next_row(line.schedule, today)) and (day := run_day(row, today))
    ]
    if not runs:
        return
    day = min(runs)
    customers = {one for line in case.lines for one in _billed(line, day, evidence)}
    if len(customers) < 2:
        yield FINE
    else:
        text = f"{case.name!r} gets {len(customers)} invoices on {day}, one for each customer who is billed."
        yield passed(text, case.record, {"customers": ", ".join(sorted(customers))})


def _billed(line: LineCase, day: date, evidence: Evidence) -> Iterator[str]:
    today = known(evidence.today)
    row = next_row(line.schedule, today)
    if row is not None and run_day(row, today) == day:
        last = last_taken_day(line.schedule, today)
        for actual in line.actuals:
            customer = actual.account_customer or actual.contact_customer
            of_day = transaction_day(actual, today)
            is_ready = actual.billing_status == BillingStatus.READY_TO_INVOICE
            is_taken = is_ready and actual.billing_type == BillingType.CHARGEABLE
            if customer and is_taken and of_day is not None and of_day <= last:
                yield customer
    for milestone in line.milestones:
        due = milestone_day(milestone, today)
        if milestone.invoice_status == InvoiceStatus.READY_FOR_INVOICING and due is not None and due <= day:
            yield from (item.customer for item in line.customers if item.customer)


CON01 = Check(
    code="CON01",
    severity=Severity.ERROR,
    title="What waits for its invoice stands on open contracts",
    question="Is no contract with something to bill closed, on hold or still a draft?",
    why="The job passes over closed contracts and those on hold; whether it takes drafts no page says.",
    fix="Take the contract off hold, or confirm the draft. What a closed one left behind is billed by hand.",
    link=PROJECT_OPERATIONS + "sales/create-estimate-quote-line",
    needs=(Need.CONTRACTS, Need.SCHEDULE_ROWS, Need.MILESTONES, Need.ACTUALS, Need.TODAY),
    judge=EachContract(_open, "Contracts that are open, or have nothing to bill", _NO_CONTRACT),
    examples=(
        Example("confirmed", HEALTHY, Outcome.PASS),
        Example("on hold", with_contract(contract_state=ContractState.ON_HOLD), Outcome.FAIL),
        Example(
            "lost",
            with_contract(
                contract_state=ContractState.CLOSED, contract_status_reason=ContractStatusReason.LOST
            ),
            Outcome.FAIL,
        ),
        Example("a draft", with_contract(contract_state=ContractState.DRAFT), Outcome.FAIL),
        Example(
            "closed with nothing to bill",
            with_contract(contract_state=ContractState.CLOSED, lines=()),
            Outcome.PASS,
        ),
        Example("transactions that may not be read", replace(HEALTHY, actuals=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CON08 = Check(
    code="CON08",
    severity=Severity.WARNING,
    title="Contracts have the currency of their contracting unit",
    question="Where Finance is integrated: is every contract in the currency of its contracting unit?",
    why="With dual-write a contract in another currency than its unit or owning company is refused.",
    fix="Choose a contracting unit (or an owning company) with the contract's currency.",
    link=PROJECT_OPERATIONS + "troubleshooting/project-sales-process/currency-mismatch-error",
    needs=(Need.CONTRACTS, Need.UNITS, Need.CURRENCIES, Need.SOLUTIONS),
    judge=EachContract(
        _currency_of_unit,
        "Contracts in the currency of their unit",
        "Finance is not integrated by dual-write, or no contract names its unit.",
    ),
    examples=(
        Example("the same", HEALTHY, Outcome.PASS),
        Example(
            "euros in a unit of dollars",
            with_contract(currency=EUR),
            Outcome.FAIL,
        ),
        Example("without dual-write", replace(HEALTHY, solutions=()), Outcome.NOT_APPLICABLE),
        Example("units that may not be read", replace(HEALTHY, units=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CON09 = Check(
    code="CON09",
    severity=Severity.WARNING,
    title="No contract has more than 5,000 lines",
    question="Has every contract at most 5,000 lines?",
    why="Invoices of larger contracts have missed lines (3817244), and take long.",
    fix="Update Project Operations, and split the contract where that can be done.",
    link=PROJECT_OPERATIONS + "pro/whats-new/whats-new-apr-2024-lite",
    needs=(Need.CONTRACTS,),
    judge=EachContract(_few_lines, "Contracts with at most 5,000 lines", _NO_CONTRACT),
    examples=(
        Example("four lines", HEALTHY, Outcome.PASS),
        Example("one too many", with_case(lines=(WORK,) * (MOST_LINES + 1)), Outcome.FAIL),
        Example("lines that may not be read", replace(HEALTHY, contracts=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CON10 = Check(
    code="CON10",
    severity=Severity.INFO,
    title="How many invoices the next runs make",
    question="Which contracts get more than one invoice at their next run date?",
    why="One invoice is made for each customer with something to bill: that explains three for one contract.",
    fix="Nothing is wrong. `projops run --on DATE` shows the invoices themselves.",
    link=SETTING_UP_THE_JOB,
    needs=(
        Need.CONTRACTS,
        Need.SCHEDULE_ROWS,
        Need.MILESTONES,
        Need.ACTUALS,
        Need.LINE_CUSTOMERS,
        Need.TODAY,
    ),
    judge=EachContract(
        _expected, "Contracts with at most one invoice at their next run", "No run is to come."
    ),
    examples=(
        Example("one customer", HEALTHY, Outcome.PASS),
        Example(
            "two customers",
            with_work(actuals=(READY, structs.replace(READY, id="other", account_customer="other"))),
            Outcome.PASS,
        ),
        Example("no run to come", with_work(schedule=()), Outcome.NOT_APPLICABLE),
        Example("transactions that may not be read", replace(HEALTHY, actuals=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CHECKS = (CON01, CON08, CON09, CON10)
