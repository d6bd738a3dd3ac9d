"""The tables that make a contract whole, as they are read: which columns, which rows, and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from connector.dataverse import eq
from connector.model.actual import TransactionType
from connector.model.contract_line import BillingStatus
from connector.model.project_contract import OrderType
from connector.model.table import Table
from connector.model.tables import Tables
from connector.verification.evidence import Need, NotRead

_ACTIVE = 0
_OVER = (BillingStatus.CUSTOMER_INVOICE_POSTED, BillingStatus.CANCELED)


class Kind(IntEnum):
    """What a part of a contract is. The numbers give the order in which the parts come out."""

    CONTRACT = 0
    LINE = 1
    SCHEDULE_ROW = 2
    MILESTONE = 3
    ACTUAL = 4
    CONTRACT_CUSTOMER = 5
    LINE_CUSTOMER = 6
    PRICE_LIST = 7
    INVOICE = 8
    SOURCE = 9


@dataclass(frozen=True)
class Part:
    """One table as it is read: the columns that are taken, those it cannot do without, and who owns a row."""

    need: Need
    kind: Kind
    field: str
    columns: tuple[str, ...]
    must: tuple[str, ...]
    owners: Callable[[Any], Sequence[str | None]]
    filter: Callable[[Table[Any]], str] = lambda _: ""

    def table(self, tables: Tables) -> Table[Any]:
        """The table. Raises NotRead where it, or a column that it cannot do without, is not there."""
        table: Table[Any] = getattr(tables, self.field)
        if not tables.has(self.field):
            raise NotRead(f"The environment has no table {table.logical_name or self.field}.")
        for name in self.must:
            if not table.has(name):
                column = table.column_of(name).lstrip("?:")
                raise NotRead(f"The table {table.logical_name} has no column {column}.")
        return table


def _is_active(table: Table[Any]) -> str:
    return eq(table.property_of("state"), _ACTIVE) if table.has("state") else ""


def _unbilled(table: Table[Any]) -> str:
    """Unbilled sales whose billing is not over; a status that is empty is none that is over."""
    status = table.property_of("billing_status")
    is_open = " and ".join(f"{status} ne {int(one)}" for one in _OVER)
    kind = eq(table.property_of("transaction_type"), TransactionType.UNBILLED_SALES.value)
    return f"{kind} and ({eq(status, None)} or ({is_open}))"


def _first(*names: str) -> Callable[[Any], Sequence[str | None]]:
    if len(names) == 1:
        return lambda row: (getattr(row, names[0]), None)
    return lambda row: (getattr(row, names[0]), getattr(row, names[1]))


_ACTUAL_COLUMNS = (
    "description",
    "transaction_type",
    "transaction_class",
    "billing_type",
    "billing_status",
    "adjustment_status",
    "amount",
    "price",
    "document_date",
    "transaction_date",
    "contract",
    "contract_line",
    "account_customer",
    "contact_customer",
    "project",
    "task",
    "resource_role",
    "currency",
    "contract_line_customer",
    "not_to_exceed_status",
)
_SHARE_COLUMNS = ("account", "contact", "split_percent", "is_rounding")
PARTS = (
    Part(
        Need.SCHEDULE_ROWS,
        Kind.SCHEDULE_ROW,
        "invoice_schedule",
        (
            "name",
            "contract_line",
            "invoice_run_date",
            "transaction_cutoff_date",
            "run_status",
            "milestone",
            "invoice",
            "created_on",
        ),
        ("contract_line", "invoice_run_date", "run_status"),
        _first("contract_line"),
        _is_active,
    ),
    Part(
        Need.MILESTONES,
        Kind.MILESTONE,
        "milestone",
        (
            "name",
            "contract",
            "contract_line",
            "project",
            "amount",
            "tax",
            "milestone_date",
            "zone_independent_date",
            "invoice_status",
            "header",
            "header_status",
            "next_invoice_percent",
            "next_invoice_amount",
            "next_invoice_status",
        ),
        ("contract_line", "invoice_status"),
        _first("contract_line", "contract"),
        _is_active,
    ),
    Part(
        Need.ACTUALS,
        Kind.ACTUAL,
        "actual",
        _ACTUAL_COLUMNS,
        ("contract_line", "billing_status", "transaction_type"),
        _first("contract_line", "contract"),
        _unbilled,
    ),
    Part(
        Need.CONTRACT_CUSTOMERS,
        Kind.CONTRACT_CUSTOMER,
        "contract_customer",
        ("contract", *_SHARE_COLUMNS),
        ("contract", "account"),
        _first("contract"),
    ),
    Part(
        Need.LINE_CUSTOMERS,
        Kind.LINE_CUSTOMER,
        "contract_line_customer",
        ("contract_line", *_SHARE_COLUMNS),
        ("contract_line", "account", "split_percent"),
        _first("contract_line"),
    ),
    Part(
        Need.CONTRACT_PRICE_LISTS,
        Kind.PRICE_LIST,
        "contract_price_list",
        ("contract", "price_list"),
        ("contract", "price_list"),
        _first("contract"),
    ),
)
CONTRACTS = Part(
    Need.CONTRACTS,
    Kind.CONTRACT,
    "project_contract",
    (
        "name",
        "contract_state",
        "contract_status_reason",
        "requested_delivery_date",
        "customer",
        "currency",
        "price_list",
        "contracting_unit",
    ),
    ("order_type", "contract_state"),
    _first("id"),
    lambda table: eq(table.property_of("order_type"), OrderType.WORK_BASED.value),
)
LINES = Part(
    Need.CONTRACTS,
    Kind.LINE,
    "contract_line",
    (
        "contract",
        "name",
        "description",
        "product_type",
        "billing_method",
        "billing_status",
        "billing_start_date",
        "includes_time",
        "includes_expense",
        "includes_material",
        "includes_fee",
        "base_amount",
        "extended_amount",
        "tax",
        "project",
        "invoice_frequency",
        "invoice_schedule_type",
    ),
    ("contract", "product_type", "billing_method"),
    _first("contract"),
)
