"""Contracts from the plain words of a case file, and what was decided in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connector.model.actual import Actual, AdjustmentStatus, BillingType, TransactionClass, TransactionType
from connector.model.column_date import midnight_in
from connector.model.contract_customer import ContractCustomer, ContractLineCustomer
from connector.model.contract_line import BillingMethodChoice, BillingStatus, ContractLine, ProductType
from connector.model.currency import Currency
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.invoicing_rules import InvoicingRules
from connector.model.milestone import InvoiceStatus, Milestone
from connector.model.project_contract import ContractState, ContractStatusReason, OrderType, ProjectContract
from connector.workflow import (
    EXPENSES,
    ROLES,
    TIME_ENTRIES,
    ContractDecision,
    ContractSnapshot,
    CreateInvoice,
    Judgement,
    LineSnapshot,
    MarkScheduleRow,
    Run,
    Skip,
    UnapprovedEntry,
)
from projops_plugins.billing.fixed_price import FixedPrice
from projops_plugins.billing.product import Product
from projops_plugins.billing.progress import Progress
from projops_plugins.billing.time_and_material import TimeAndMaterial

Given = Mapping[str, Any]
UTC_ZONE = ZoneInfo("UTC")
METHODS = (FixedPrice(), Product(), Progress(), TimeAndMaterial())
CURRENCIES = {
    code: Currency(id=code, iso_code=code.upper(), precision=digits)
    for code, digits in (("usd", 2), ("eur", 2), ("jpy", 0), ("kwd", 3), ("xts", None))
}
"""xts, the code that ISO 4217 keeps for tests, stands for a currency whose record gives no precision."""
METHOD_CHOICES = {
    "time_and_material": BillingMethodChoice.TIME_AND_MATERIAL,
    "fixed_price": BillingMethodChoice.FIXED_PRICE,
}


def run_of(given: Given) -> Run:
    day = date.fromisoformat(given["day"])
    return Run(
        day=day,
        today=date.fromisoformat(given.get("today", given["day"])),
        zone=ZoneInfo(given.get("zone", "UTC")),
        rules=msgspec.convert(given.get("rules", {}), InvoicingRules),
        billing_methods=METHODS,
        takes_missed=given.get("takes_missed", False),
        only_rows=frozenset(given["only_rows"]) if "only_rows" in given else None,
    )


def contract_of(given: Given, zone: ZoneInfo) -> ContractSnapshot:
    return ContractSnapshot(
        contract=ProjectContract(
            id=given.get("id", "contract"),
            name=given.get("name", "Contract"),
            order_type=choice(OrderType, given.get("order_type", "work_based")),
            contract_state=choice(ContractState, given.get("state", "active")),
            contract_status_reason=choice(ContractStatusReason, given.get("status_reason", "confirmed")),
            customer=given.get("customer", "buyer"),
            currency=given.get("currency", "usd"),
            price_list=given.get("price_list"),
            opportunity=given.get("opportunity"),
        ),
        lines=tuple(_line(line, zone) for words in given.get("lines", ()) for line in _copied(words)),
        customers=tuple(_contract_customer(item) for item in given.get("customers", ())),
        currencies=CURRENCIES,
        invoiced=given.get("invoiced", {}),
        customer_names=given.get("customer_names", {}),
        inactive_customers=frozenset(given.get("inactive", ())),
        unknown=frozenset(given.get("unknown", ROLES)),
    )


def choice(kind: type[IntEnum], value: str | int | None) -> int | None:
    """A choice by its name in lower case, a number as it is."""
    if value is None or isinstance(value, int):
        return value
    return kind[value.upper()].value


def _copied(given: Given) -> list[Given]:
    """A line, or as many of the same kind as `copies` says, with ids of their own; actuals likewise."""
    actuals = [
        {**one, "id": f"{one['id']}-{number}"} if "copies" in one else one
        for one in given.get("actuals", ())
        for number in range(one.get("copies", 1))
    ]
    if "copies" not in given:
        return [{**given, "actuals": actuals}]
    return [
        {
            **given,
            "id": f"{given['id']}-{number}",
            "rows": [{**row, "id": f"{row['id']}-{number}"} for row in given.get("rows", ())],
            "actuals": [{**one, "id": f"{one['id']}-{number}"} for one in actuals],
        }
        for number in range(given["copies"])
    ]


def _line(given: Given, zone: ZoneInfo) -> LineSnapshot:
    method = given.get("method", "time_and_material")
    flags = {f"includes_{kind}": flag for kind, flag in given.get("includes", {}).items()}
    line = ContractLine(
        id=given["id"],
        name=given.get("name", given["id"]),
        product_type=ProductType.PRODUCT if method == "product" else ProductType.PROJECT_BASED_SERVICE,
        billing_method=METHOD_CHOICES.get(method),
        billing_status=choice(BillingStatus, given.get("status")),
        extended_amount=_decimal(given.get("extended_amount")),
        price_per_unit=_decimal(given.get("price")),
        quantity=_decimal(given.get("quantity")),
        tax=_decimal(given.get("tax")),
        project=given.get("project"),
        invoice_schedule_type=given.get("schedule_type"),
        **flags,
    )
    return LineSnapshot(
        line=line,
        schedule=tuple(_row(row, given["id"], zone) for row in given.get("rows", ())),
        milestones=tuple(_milestone(item, given["id"], zone) for item in given.get("milestones", ())),
        actuals=tuple(_actual(item, given["id"], zone) for item in given.get("actuals", ())),
        customers=tuple(_line_customer(item) for item in given.get("customers", ())),
        unapproved=tuple(_unapproved(item, zone) for item in given.get("unapproved", ())),
    )


def _unapproved(given: Given, zone: ZoneInfo) -> UnapprovedEntry:
    kind = TransactionClass[given.get("class", "time").upper()]
    table = TIME_ENTRIES if kind is TransactionClass.TIME else EXPENSES
    return UnapprovedEntry(table, given["id"], kind, _instant(given.get("date"), zone))


def _row(given: Given, line: str, zone: ZoneInfo) -> InvoiceSchedule:
    return InvoiceSchedule(
        id=given["id"],
        contract_line=line,
        invoice_run_date=_instant(given.get("run_date"), zone),
        transaction_cutoff_date=_instant(given.get("cut_off"), zone),
        run_status=choice(RunStatus, given.get("status", "not_run")),
        milestone=given.get("milestone"),
        invoice=given.get("invoice"),
        state=given.get("state", 0),
    )


def _milestone(given: Given, line: str, zone: ZoneInfo) -> Milestone:
    return Milestone(
        id=given["id"],
        name=given.get("name", given["id"]),
        contract_line=line,
        amount=_decimal(given.get("amount")),
        tax=_decimal(given.get("tax")),
        milestone_date=_instant(given.get("date"), zone),
        zone_independent_date=_instant(given.get("zone_free_date"), UTC_ZONE),
        invoice_status=choice(InvoiceStatus, given.get("status", "ready_for_invoicing")),
        currency=given.get("currency"),
        customer=given.get("customer"),
        state=given.get("state", 0),
        project=given.get("project", "project"),
        header=given.get("header"),
        next_invoice_percent=_decimal(given.get("next_percent")),
        next_invoice_amount=_decimal(given.get("next_amount")),
        next_invoice_status=choice(InvoiceStatus, given.get("next_status")),
    )


def _actual(given: Given, line: str, zone: ZoneInfo) -> Actual:
    return Actual(
        id=given["id"],
        transaction_type=choice(TransactionType, given.get("type", "unbilled_sales")),
        transaction_class=choice(TransactionClass, given.get("class", "time")),
        billing_type=choice(BillingType, given.get("billing_type", "chargeable")),
        billing_status=choice(BillingStatus, given.get("status", "ready_to_invoice")),
        adjustment_status=choice(AdjustmentStatus, given.get("adjustment")),
        amount=_decimal(given.get("amount")),
        tax=_decimal(given.get("tax")),
        document_date=_instant(given.get("date"), zone),
        start_date_time=_instant(given.get("start"), zone),
        transaction_date=_instant(given.get("zone_free_date"), UTC_ZONE),
        contract_line=line,
        account_customer=given.get("customer"),
        contract_line_customer=given.get("line_customer"),
        not_to_exceed_status=given.get("not_to_exceed"),
        currency=given.get("currency", "usd"),
        invoice=given.get("invoice"),
    )


def _contract_customer(given: Given) -> ContractCustomer:
    return ContractCustomer(
        id=f"share of {given['account']}",
        account=given["account"],
        split_percent=_decimal(given.get("percent")),
        is_rounding=given.get("is_rounding"),
    )


def _line_customer(given: Given) -> ContractLineCustomer:
    return ContractLineCustomer(
        id=given.get("id"),
        account=given["account"],
        split_percent=_decimal(given.get("percent")),
        is_rounding=given.get("is_rounding"),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    """A day stands for its midnight in the zone, as a user-local date is kept; instants stay."""
    if text is None:
        return None
    if "T" in text:
        return datetime.fromisoformat(text).astimezone(UTC)
    return midnight_in(zone, date.fromisoformat(text))


def outcome_of(decisions: Iterable[ContractDecision]) -> dict[str, list[Any]]:
    """Decisions in the words of a case file."""
    outcome: dict[str, list[Any]] = {"invoices": [], "marked": [], "skipped": []}
    for decision in decisions:
        match decision:
            case CreateInvoice():
                outcome["invoices"].append(_invoice(decision))
            case MarkScheduleRow():
                outcome["marked"].append(decision.schedule_row)
            case Skip():
                outcome["skipped"].append(_skip(decision))
    return outcome


def judged_of(decisions: Iterable[ContractDecision]) -> dict[str, list[str]]:
    """Source id -> the rules and reasons of its judgements, `taken` where there is none."""
    found: dict[str, list[str]] = {}
    for decision in decisions:
        if isinstance(decision, Judgement):
            told = f"{decision.rule} {decision.reason or 'taken'}".strip()
            found.setdefault(decision.source_id, []).append(told)
    return found


def _invoice(invoice: CreateInvoice) -> dict[str, Any]:
    return {
        "customer": invoice.customer,
        "currency": invoice.currency_code,
        "run_date": invoice.invoice_run_date.isoformat(),
        "total": str(invoice.total),
        "is_by_row": invoice.is_by_row,
        "rows": sorted(invoice.schedule_rows),
        "lines": {
            line.contract_line: {
                "amount": str(line.amount),
                "tax": str(line.tax),
                "method": line.billing_method,
                "sources": [detail.source_id for detail in line.details],
            }
            for line in invoice.lines
        },
    }


def _skip(skip: Skip) -> dict[str, Any]:
    return {
        "line": skip.contract_line,
        "reason": str(skip.reason),
        "until": skip.until.isoformat() if skip.until else None,
        "count": skip.count,
        "amount": None if skip.amount is None else str(skip.amount),
        "currency": skip.currency_code,
        "message": skip.message,
        "rule": skip.rule,
    }
