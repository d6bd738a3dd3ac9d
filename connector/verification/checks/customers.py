"""CON02 to CON04: whether every line has customers who can be billed, for the whole of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from msgspec import structs

from connector.model.contract_customer import ContractCustomer, ContractLineCustomer
from connector.model.money import ZERO, total
from connector.verification.check import FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.contract_case import ContractCase
from connector.verification.evidence import Evidence, Need, known
from connector.verification.example_contract import CONTRACT, CUSTOMER, WORK
from connector.verification.examples import FORBIDDEN, HEALTHY, with_case, with_contract, with_work
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, unknown

_ON_CONTRACTS = PROJECT_OPERATIONS + "pro/sales/manage-multiple-customers-contract-sales"
_ON_LINES = PROJECT_OPERATIONS + "pro/sales/manage-multiple-customers-contract-line-sales"
_WHOLE = Decimal(100)
_NO_LINES = "No contract that the job takes has a project-based line."


def _split(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    """The customers of a line outrank those of its contract, which stand in where it has none (rule G2)."""
    if not case.is_taken(evidence.rules):
        return
    for line in case.lines:
        if not line.is_project_based:
            continue
        shares: Sequence[ContractCustomer | ContractLineCustomer] = line.customers or case.customers
        percent = total(item.split_percent or ZERO for item in shares)
        if not shares:
            yield failed(f"{case.where(line)} has no customer.", line.record, {"customers": "none"})
        elif percent != _WHOLE:
            text = f"{case.where(line)}: its customers pay {percent.normalize():f} % in all."
            yield failed(text, line.record, {"split_percent": f"{percent.normalize():f}"})
        else:
            yield FINE


def _inherited(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if not case.is_taken(evidence.rules):
        return
    wanted = {item.customer for item in case.customers if item.customer}
    for line in case.lines:
        if not line.customers:
            continue
        missing = sorted(wanted - {item.customer for item in line.customers})
        if missing:
            count = f"{len(missing)} customer{'s' if len(missing) > 1 else ''}"
            text = f"{case.where(line)} lacks {count} of its contract."
            yield failed(text, line.record, {"missing customers": ", ".join(missing)})
        else:
            yield FINE


def _billable(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    inactive = known(evidence.inactive_accounts)
    if not case.is_taken(evidence.rules):
        return
    customers = [case.contract.customer, *(item.customer for item in case.customers)]
    customers += [item.customer for line in case.lines for item in line.customers]
    found = [one for one in dict.fromkeys(customers) if one in inactive]
    for one in found:
        name = inactive[one or ""] or one or ""
        text = f"{name}, a customer of the contract {case.name!r}, is deactivated."
        yield failed(text, Record("account", one or "", name), {"statecode": "Inactive"})
    trouble = _rounding(case, evidence) if len(case.customers) > 1 else None
    if trouble is not None:
        yield trouble
    elif not found:
        yield FINE


def _rounding(case: ContractCase, evidence: Evidence) -> Finding | None:
    if not evidence.tables.contract_customer.has("is_rounding"):
        return unknown("Which customer takes the rounding cannot be read here.", case.record)
    count = sum(item.is_rounding is True for item in case.customers)
    if count == 1:
        return None
    text = f"The contract {case.name!r} has {count or 'no'} rounding customer{'s' if count > 1 else ''}."
    return failed(text, case.record, {"Is Rounding": str(count)})


_SHARE = CONTRACT.customers[0]
_OTHER = structs.replace(_SHARE, id="s2", account="00000000-0000-0000-0000-000000000092", is_rounding=False)
_UNREAD = Example(
    "customers that may not be read", replace(HEALTHY, contract_customers=FORBIDDEN), Outcome.UNKNOWN
)
CON02 = Check(
    code="CON02",
    severity=Severity.ERROR,
    title="The customers of every line pay all of it",
    question="Has every line customers whose billing split is 100 percent?",
    why="The split decides which transactions and invoices there are; broken ones stop invoicing (3349847).",
    fix="Open the line's customers and let the percentages add up to 100.",
    link=_ON_LINES,
    needs=(Need.CONTRACTS, Need.CONTRACT_CUSTOMERS, Need.LINE_CUSTOMERS),
    judge=EachContract(_split, "Project-based lines whose split is 100 %", _NO_LINES),
    examples=(
        Example("one customer", HEALTHY, Outcome.PASS),
        Example(
            "90 percent",
            with_work(customers=(structs.replace(WORK.customers[0], split_percent=Decimal(90)),)),
            Outcome.FAIL,
        ),
        Example("nobody", with_case(customers=()), Outcome.FAIL),
        Example("no lines", with_contract(lines=()), Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
CON03 = Check(
    code="CON03",
    severity=Severity.WARNING,
    title="Lines know the customers of their contract",
    question="Does every line that has customers of its own have all of its contract's?",
    why="A customer who is added to a contract later does not come to its lines by itself.",
    fix="Add the customer to the line, with its share, where it is meant to pay.",
    link=_ON_CONTRACTS,
    needs=(Need.CONTRACTS, Need.CONTRACT_CUSTOMERS, Need.LINE_CUSTOMERS),
    judge=EachContract(_inherited, "Lines with all customers", "No line has customers of its own."),
    examples=(
        Example("the same customer", HEALTHY, Outcome.PASS),
        Example("one who came later", with_case(customers=(_SHARE, _OTHER)), Outcome.FAIL),
        Example("lines without customers of their own", with_work(customers=()), Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
CON04 = Check(
    code="CON04",
    severity=Severity.ERROR,
    title="Customers are active, and one takes the rounding",
    question="Is every customer's account active, and exactly one of several the rounding customer?",
    why="An invoice for a deactivated customer fails (6340757); what a split leaves over goes to one.",
    fix="Activate the account or replace the customer; mark one customer of the contract as Is Rounding.",
    link=_ON_CONTRACTS,
    needs=(Need.CONTRACTS, Need.CONTRACT_CUSTOMERS, Need.LINE_CUSTOMERS, Need.INACTIVE_ACCOUNTS),
    judge=EachContract(
        _billable, "Contracts whose customers can be billed", "There is no contract that the job takes."
    ),
    examples=(
        Example("active", HEALTHY, Outcome.PASS),
        Example(
            "deactivated", replace(HEALTHY, inactive_accounts={CUSTOMER: "Adatum Corporation"}), Outcome.FAIL
        ),
        Example(
            "two, none of whom rounds",
            replace(
                HEALTHY,
                contracts=with_case(customers=(structs.replace(_SHARE, is_rounding=False), _OTHER)).contracts,
            ),
            Outcome.FAIL,
        ),
        Example(
            "accounts that may not be read", replace(HEALTHY, inactive_accounts=FORBIDDEN), Outcome.UNKNOWN
        ),
        _UNREAD,
    ),
)
CHECKS = (CON02, CON03, CON04)
