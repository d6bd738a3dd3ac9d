"""Draft invoices of contracts with what stands on them: for rule G8, and to compare with a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connector.dataverse import DataverseClient, Query, any_of, eq
from connector.model.contract_line import ProductType
from connector.model.invoice import Invoice, InvoiceState, ProjectInvoiceStatus
from connector.model.invoice_line import InvoiceLineRecord
from connector.model.table import Record, Table
from connector.model.tables import Tables
from connector.model.transaction_connection import TransactionConnection
from connector.workflow import ACTUAL, MILESTONE, SCHEDULE_ROW

IDS_PER_REQUEST = 400
"""As many ids as an In list holds without its address growing too long (32,768 characters)."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft invoice; `sources` are the ids of the actuals, milestones and product lines on it.

    `has_sources` is False where details stand on it whose sources nothing tells.
    """

    invoice: Invoice
    lines: tuple[InvoiceLineRecord, ...]
    sources: frozenset[str]
    has_sources: bool = True


def in_batches(items: Iterable[str], size: int = IDS_PER_REQUEST) -> Iterator[list[str]]:
    batch: list[str] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def read_by_ids(
    client: DataverseClient, table: Table[R], column: str, ids: Iterable[str], more: str = ""
) -> Iterator[R]:
    """The rows whose field `column` holds one of the ids, a request for each few hundred of them."""
    for batch in in_batches(ids):
        wanted = any_of(table.column_of(column), batch)
        yield from client.list(table, Query(filter=f"{wanted} and {more}" if more else wanted))


def read_drafts(client: DataverseClient, tables: Tables, contracts: Sequence[str]) -> list[Draft]:
    """All drafts of the contracts that are neither confirmed nor canceled, with their sources."""
    status, state = (tables.invoice.property_of(name) for name in ("project_invoice_status", "state"))
    is_open = " or ".join(
        eq(status, int(choice)) for choice in (ProjectInvoiceStatus.DRAFT, ProjectInvoiceStatus.IN_REVIEW)
    )
    is_live = f"({is_open}) and {eq(state, int(InvoiceState.ACTIVE))}"
    found = list(read_by_ids(client, tables.invoice, "contract", contracts, is_live))
    return with_contents(client, tables, found)


def with_contents(client: DataverseClient, tables: Tables, invoices: Sequence[Invoice]) -> list[Draft]:
    """Invoices with their lines and sources, in three requests for all of them."""
    if not invoices:
        return []
    ids = [invoice.id for invoice in invoices]
    lines: dict[str, list[InvoiceLineRecord]] = {id: [] for id in ids}
    for line in read_by_ids(client, tables.invoice_line, "invoice", ids):
        lines[line.invoice or ""].append(line)
    details = {
        detail.id: detail.invoice or ""
        for detail in read_by_ids(client, tables.invoice_line_detail, "invoice", ids)
    }
    billed = _billed_by_detail(client, tables, details)
    of_invoice: dict[str, dict[str, str | None]] = {id: {} for id in ids}
    for detail, owner in details.items():
        of_invoice[owner][detail] = billed.get(detail)
    return [_draft(invoice, lines[invoice.id], of_invoice[invoice.id]) for invoice in invoices]


def _billed_by_detail(client: DataverseClient, tables: Tables, details: Iterable[str]) -> Mapping[str, str]:
    """Detail id -> source id, by transaction connections: the detail is side 1, its source side 2."""
    if not tables.has("transaction_connection"):
        return {}
    found: dict[str, str] = {}
    for connection in read_by_ids(client, tables.transaction_connection, "transaction_1", details):
        if pair := _pair(connection):
            found[pair[0]] = pair[1]
    return found


def _pair(connection: TransactionConnection) -> tuple[str, str] | None:
    if connection.type_2 not in {ACTUAL, MILESTONE, SCHEDULE_ROW}:
        return None
    if not (connection.transaction_1 and connection.transaction_2):
        return None
    return plain_id(connection.transaction_1), plain_id(connection.transaction_2)


def plain_id(text: str) -> str:
    """An id from a text column: lower case, without the braces that some write."""
    return text.strip().strip("{}").lower()


def _draft(invoice: Invoice, lines: Sequence[InvoiceLineRecord], details: Mapping[str, str | None]) -> Draft:
    products = {
        line.contract_line
        for line in lines
        if line.product_type == ProductType.PRODUCT and line.contract_line
    }
    known = {source for source in details.values() if source}
    return Draft(invoice, tuple(lines), frozenset(known | products), None not in details.values())
