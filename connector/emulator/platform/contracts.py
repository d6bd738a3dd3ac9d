"""From rows to the values that plug-ins are given: one `ContractSnapshot` per contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import msgspec

from connector.emulator.platform.concurrency import before_this_instant
from connector.emulator.platform.live_invoices import live_invoices
from connector.emulator.platform.words import (
    ACTUAL,
    CONTRACT,
    CONTRACT_LINE,
    UNBILLED_SALES,
    WORK_BASED,
)
from connector.emulator.schema import Schema
from connector.emulator.schema import Table as Definition
from connector.emulator.store import Transaction, Value
from connector.emulator.store.ddl import VERSION
from connector.model.contract_customer import CONTRACT_LINE_CUSTOMER_ROLE
from connector.model.table import Record, Table, logical_name_of
from connector.model.tables import DECLARED, Tables
from connector.workflow import (
    CONTRACT_LINE_CUSTOMER_OF_ACTUAL,
    CUSTOMERS_OF_CONTRACT,
    CUSTOMERS_OF_LINE,
    EXPENSES,
    HEADER_OF_MILESTONE,
    NOT_TO_EXCEED_STATUS_OF_ACTUAL,
    TIME_ENTRIES,
    ContractSnapshot,
    LineSnapshot,
)

INACTIVE = 1
LINE_CUSTOMER = "emu_contractlinecustomer"
_ONLY: Mapping[str, dict[str, Any]] = {ACTUAL: {"msdyn_transactiontypecode": UNBILLED_SALES}}
T = TypeVar("T", bound=Record)


@dataclass(frozen=True)
class _LiveColumn:
    label: str
    type: str


@dataclass(frozen=True)
class _LiveTable:
    entity_set: str
    primary_id: str
    columns: Mapping[str, _LiveColumn]


@cache
def resolve_tables(schema: Schema) -> Tables:
    """The declared tables with their roles resolved against the emulator's own schema."""
    return DECLARED.resolved(
        {table.logical_name: _live(table) for table in schema},
        {CONTRACT_LINE_CUSTOMER_ROLE: LINE_CUSTOMER},
    )


def contract_ids(tx: Transaction) -> list[str]:
    """All project contracts, oldest first."""
    rows = tx.find(CONTRACT, {"msdyn_ordertype": WORK_BASED}, order_by=("createdon", "name"))
    return [str(row["salesorderid"]) for row in rows]


def read_contract(tx: Transaction, contract: str, *, is_blind: bool = False) -> ContractSnapshot | None:
    """One contract with everything that decides about it; None when it is gone.

    `is_blind`: as it stood before anything was invoiced at this instant (see concurrency.py).
    """
    tables = resolve_tables(tx.schema)
    row = tx.get(CONTRACT, contract)
    if row is None:
        return None
    lines = tx.find(CONTRACT_LINE, {"salesorderid": contract}, order_by=("lineitemnumber", "createdon"))
    ids = tuple(str(line["salesorderdetailid"]) for line in lines)
    schedule = _by_line(tx, tables.invoice_schedule, "msdyn_contractlineid", ids, is_blind=is_blind)
    milestones = _by_line(tx, tables.milestone, "msdyn_contractlineid", ids, is_blind=is_blind)
    actuals = _by_line(tx, tables.actual, "msdyn_salescontractlineid", ids, is_blind=is_blind)
    customers = _by_line(tx, tables.contract_line_customer, "emu_contractline", ids)
    snapshots = tuple(
        LineSnapshot(
            line=_record(tx, tables.contract_line, line),
            schedule=_records(tx, tables.invoice_schedule, schedule[id]),
            milestones=_records(tx, tables.milestone, milestones[id]),
            actuals=_records(tx, tables.actual, actuals[id]),
            customers=_records(tx, tables.contract_line_customer, customers[id]),
        )
        for id, line in zip(ids, lines, strict=True)
    )
    shares = tx.find(tables.contract_customer.logical_name, {"emu_contract": contract})
    currencies = _records(tx, tables.currency, tx.find(tables.currency.logical_name))
    return ContractSnapshot(
        contract=_record(tx, tables.project_contract, row),
        lines=snapshots,
        customers=_records(tx, tables.contract_customer, shares),
        currencies={currency.id: currency for currency in currencies},
        invoiced=live_invoices(tx, contract, milestones.values(), lines),
        unknown=_unknown(tx.schema),
        inactive_customers=_inactive_customers(tx),
    )


def _inactive_customers(tx: Transaction) -> frozenset[str]:
    rows = tx.find("account", {"statecode": INACTIVE}, columns=("accountid",))
    return frozenset(str(row["accountid"]) for row in rows)


def _live(table: Definition) -> _LiveTable:
    columns = {column.name: _LiveColumn(column.display_name, column.type) for column in table.columns}
    return _LiveTable(table.entity_set, table.primary_id, columns)


def _by_line(
    tx: Transaction, table: Table[T], column: str, lines: tuple[str, ...], *, is_blind: bool = False
) -> dict[str, list[dict[str, Value]]]:
    name = table.logical_name
    where: dict[str, Any] = {column: lines} | _ONLY.get(name, {})
    found: dict[str, list[dict[str, Value]]] = defaultdict(list)
    for row in tx.find(name, where, columns=_columns(tx.schema)[name]):
        found[str(row[column])].append(before_this_instant(name, row, tx.now) if is_blind else row)
    return found


@cache
def _columns(schema: Schema) -> Mapping[str, tuple[str, ...]]:
    """What the records of each wide table are made of, and when they changed; it has four times as many."""
    tables = resolve_tables(schema)
    wide: tuple[Table[Any], ...] = (
        tables.invoice_schedule,
        tables.milestone,
        tables.actual,
        tables.contract_line_customer,
    )
    return {
        t.logical_name: (*dict.fromkeys(map(logical_name_of, t.select)), "modifiedon", VERSION) for t in wide
    }


def _records(tx: Transaction, table: Table[T], rows: Iterable[Mapping[str, Value]]) -> tuple[T, ...]:
    return tuple(_record(tx, table, row) for row in rows)


def _record(tx: Transaction, table: Table[T], row: Mapping[str, Value]) -> T:
    columns = tx.schema[table.logical_name].by_name
    values = {columns[name].property_name: value for name, value in row.items() if name in columns}
    values["@odata.etag"] = f'W/"{row.get(VERSION)}"'
    return msgspec.convert(values, table.record)


@cache
def _unknown(schema: Schema) -> frozenset[str]:
    """The roles that the emulator's schema does not have, in the words of connector.workflow.ROLES."""
    tables = resolve_tables(schema)
    has = {
        CONTRACT_LINE_CUSTOMER_OF_ACTUAL: tables.actual.has("contract_line_customer"),
        NOT_TO_EXCEED_STATUS_OF_ACTUAL: tables.actual.has("not_to_exceed_status"),
        CUSTOMERS_OF_CONTRACT: tables.has("contract_customer"),
        CUSTOMERS_OF_LINE: tables.has("contract_line_customer"),
        HEADER_OF_MILESTONE: tables.milestone.has("header"),
        TIME_ENTRIES: tables.has("time_entry"),
        EXPENSES: tables.has("expense"),
    }
    return frozenset(role for role, is_there in has.items() if not is_there)
