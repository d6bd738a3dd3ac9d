"""CON05 to CON07: whether work finds a price, in the currency of its contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from msgspec import structs

from connector.model.actual import Actual, TransactionClass
from connector.model.column_date import day_in
from connector.model.contract_line import BillingStatus
from connector.model.price_list import PriceContext, PriceList
from connector.verification.check import FINE, PROJECT_OPERATIONS, Check, EachContract, Example
from connector.verification.contract_case import ContractCase
from connector.verification.days import transaction_day
from connector.verification.evidence import Evidence, Need, Today, known
from connector.verification.example_contract import EUR, INVOICED, PRICE_LIST, PRICES, READY
from connector.verification.examples import FORBIDDEN, HEALTHY, with_case, with_contract, with_work
from connector.verification.finding import Finding, Outcome, Record, Severity, failed

_ZERO_PRICES = PROJECT_OPERATIONS + "psa/FAQ-zero-price-time-sales-actuals"
_NO_WORK = "No contract that the job takes has a time and material line."


def _is_priced(case: ContractCase, evidence: Evidence) -> bool:
    """Fixed prices need no price list to be billed."""
    return case.is_taken(evidence.rules) and any(line.is_time_and_material for line in case.lines)


def _lists(case: ContractCase, evidence: Evidence) -> Iterator[PriceList]:
    """The project price lists of a contract that are for sales; one without a context counts."""
    found = known(evidence.price_lists)
    for id in dict.fromkeys(case.price_lists):
        if (one := found.get(id)) is not None and one.context in {None, PriceContext.SALES}:
            yield one


def _attached(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    if not _is_priced(case, evidence):
        return
    lists = list(_lists(case, evidence))
    if not lists:
        text = f"The contract {case.name!r} has no project price list for sales."
        yield failed(text, case.record, {"msdyn_orderpricelists": "none"})
    wrong = 0
    for one in lists:
        if one.currency != case.contract.currency:
            wrong += 1
            text = (
                f"The price list {one.name or one.id!r} of the contract {case.name!r} is in another currency."
            )
            seen = {"transactioncurrencyid": _code(case.contract.currency, evidence)}
            yield failed(
                text,
                Record("pricelevel", one.id, one.name or ""),
                {**seen, "of the list": _code(one.currency, evidence)},
            )
    if lists and not wrong:
        yield FINE


def _code(currency: str | None, evidence: Evidence) -> str:
    found = known(evidence.currencies).get(currency or "")
    return (found.iso_code if found is not None else None) or currency or "empty"


def _valid(lists: list[PriceList], day: date, today: Today) -> list[PriceList]:
    return [
        one
        for one in lists
        if (one.begin_date is None or day_in(today.zone, one.begin_date) <= day)
        and (one.end_date is None or day <= day_in(today.zone, one.end_date))
    ]


def _one_a_day(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    today = known(evidence.today)
    lists = list(_lists(case, evidence))
    if not _is_priced(case, evidence) or not lists:
        return
    days = {day for one in _open_work(case) if (day := transaction_day(one, today)) is not None} | {today.day}
    wrong = {day: found for day in sorted(days) if len(found := _valid(lists, day, today)) != 1}
    if not wrong:
        yield FINE
        return
    day, found = next(iter(wrong.items()))
    names = ", ".join(repr(one.name or one.id) for one in found) or "none"
    more = f", and on {len(wrong) - 1} other days likewise" if len(wrong) > 1 else ""
    text = f"On {day} the contract {case.name!r} has {len(found)} valid price lists ({names}){more}."
    yield failed(text, case.record, {"day": day.isoformat(), "valid price lists": str(len(found))})


def _open_work(case: ContractCase) -> Iterator[Actual]:
    """What is not on an invoice yet: its price still matters."""
    for one in case.all_actuals():
        if one.billing_status != BillingStatus.CUSTOMER_INVOICE_CREATED:
            yield one


def _roles_priced(case: ContractCase, evidence: Evidence) -> Iterator[Finding]:
    today, prices = known(evidence.today), known(evidence.role_prices)
    lists = list(_lists(case, evidence))
    if not _is_priced(case, evidence) or not lists:
        return
    judged: dict[str, bool] = {}
    for one in _open_work(case):
        day = transaction_day(one, today)
        if one.transaction_class != TransactionClass.TIME or not one.resource_role or day is None:
            continue
        valid = _valid(lists, day, today) or lists
        has_price = any((item.id, one.resource_role) in prices for item in valid)
        judged[one.resource_role] = judged.get(one.resource_role, True) and has_price
    for role, has_price in judged.items():
        if has_price:
            yield FINE
            continue
        text = f"A role that worked for the contract {case.name!r} has no price in its price lists."
        record = Record("bookableresourcecategory", role)
        yield failed(text, record, {"_msdyn_resourcecategory_value": role, "contract": case.name})


_UNREAD = Example(
    "price lists that may not be read", replace(HEALTHY, price_lists=FORBIDDEN), Outcome.UNKNOWN
)
CON05 = Check(
    code="CON05",
    severity=Severity.ERROR,
    title="Contracts have a price list in their currency",
    question="Has every contract with time and material a project price list for sales, in its currency?",
    why="Without a price list invoices total zero (3509255).",
    fix="Attach a project price list for sales, in the contract's currency.",
    link=PROJECT_OPERATIONS + "pricing-costing/default-project-sales-price-lists",
    needs=(Need.CONTRACTS, Need.CONTRACT_PRICE_LISTS, Need.PRICE_LISTS, Need.CURRENCIES),
    judge=EachContract(_attached, "Contracts with a price list in their currency", _NO_WORK),
    examples=(
        Example("dollars and dollars", HEALTHY, Outcome.PASS),
        Example("none", with_case(price_lists=()), Outcome.FAIL),
        Example("a list in another currency", with_contract(currency=EUR), Outcome.FAIL),
        Example("no such lines", with_contract(lines=()), Outcome.NOT_APPLICABLE),
        _UNREAD,
    ),
)
_SECOND = "00000000-0000-0000-0000-000000000072"
CON06 = Check(
    code="CON06",
    severity=Severity.ERROR,
    title="On each day exactly one price list is valid",
    question="Is exactly one price list of each contract valid today and on the days of open transactions?",
    why="With none or with several, transactions get the price zero.",
    fix="Set the start and end dates of the contract's price lists so that one follows the other.",
    link=_ZERO_PRICES,
    needs=(Need.CONTRACTS, Need.CONTRACT_PRICE_LISTS, Need.PRICE_LISTS, Need.ACTUALS, Need.TODAY),
    judge=EachContract(
        _one_a_day, "Contracts with one valid price list", "No contract has a price list that is to be used."
    ),
    examples=(
        Example("one for the year", HEALTHY, Outcome.PASS),
        Example(
            "one that has ended",
            replace(HEALTHY, price_lists={PRICES: structs.replace(PRICE_LIST, end_date=date(2020, 9, 30))}),
            Outcome.FAIL,
        ),
        Example(
            "two at once",
            replace(
                HEALTHY,
                contracts=with_case(price_lists=(PRICES, _SECOND)).contracts,
                price_lists={PRICES: PRICE_LIST, _SECOND: structs.replace(PRICE_LIST, id=_SECOND)},
            ),
            Outcome.FAIL,
        ),
        _UNREAD,
    ),
)
CON07 = Check(
    code="CON07",
    severity=Severity.WARNING,
    title="The roles that work have a price",
    question="Has every role with time that is not invoiced a price in the contract's price list?",
    why="A role without a price makes transactions of zero.",
    fix="Add the role's price to the price list, then correct the transactions.",
    link=_ZERO_PRICES,
    needs=(
        Need.CONTRACTS,
        Need.CONTRACT_PRICE_LISTS,
        Need.PRICE_LISTS,
        Need.ROLE_PRICES,
        Need.ACTUALS,
        Need.TODAY,
    ),
    judge=EachContract(
        _roles_priced, "Roles of contracts with a price", "No time that is not invoiced names a role."
    ),
    examples=(
        Example("a consultant with a price", HEALTHY, Outcome.PASS),
        Example("a role without", replace(HEALTHY, role_prices=frozenset()), Outcome.FAIL),
        Example(
            "time without a role",
            with_work(actuals=(INVOICED, structs.replace(READY, resource_role=None))),
            Outcome.NOT_APPLICABLE,
        ),
        Example("role prices that may not be read", replace(HEALTHY, role_prices=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CHECKS = (CON05, CON06, CON07)
