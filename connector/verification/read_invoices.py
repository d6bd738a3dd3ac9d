"""Draft invoices and what stands on them, and the other live invoices that bill the same.

Which transaction a detail bills stands in transaction connections, as texts: the detail is side 1, what it
bills is side 2. History is not read: confirmed invoices only where they share a source with a draft.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from connector.dataverse import DataverseClient, PartsPlan, Query, eq
from connector.model.contract_line import ProductType
from connector.model.invoice import Invoice, InvoiceState
from connector.model.project_contract import OrderType
from connector.model.table import Table
from connector.model.tables import Tables
from connector.verification.contract_case import DRAFTS
from connector.verification.evidence import NotRead
from connector.verification.spill import Spill, frugal, in_chunks, packed, unpacked

_ROWS_AT_A_TIME = 1000
_NEXT = "SELECT detail, invoice, source FROM source WHERE detail > ? ORDER BY detail LIMIT ?"
_SOURCES = {
    "msdyn_actual",
    "msdyn_contractlinescheduleofvalue",
    "msdyn_contractlineinvoiceschedule",
}
_COLUMNS = (
    "name",
    "contract",
    "customer",
    "currency",
    "project_invoice_status",
    "state",
    "total_amount",
    "created_on",
)
Keep = Callable[[Iterable[Invoice]], None]


@dataclass(frozen=True)
class InvoiceReader:
    client: DataverseClient
    tables: Tables
    spill: Spill
    told: Callable[[str, int], None]

    @property
    def table(self) -> Table[Any]:
        return frugal(self.tables.invoice)

    def drafts(self, keep: Keep) -> None:
        """All drafts of project contracts. Raises NotRead where the table lacks what it takes."""
        table = self._table("invoice", "contract", "project_invoice_status", "order_type", "state")
        status = table.property_of("project_invoice_status")
        conditions = (
            eq(table.property_of("order_type"), OrderType.WORK_BASED.value),
            "(" + " or ".join(eq(status, one.value) for one in DRAFTS) + ")",
            eq(table.property_of("state"), InvoiceState.ACTIVE.value),
        )
        query = Query(filter=" and ".join(conditions), select=_select(table, _COLUMNS))
        for invoices in in_chunks(self.client.list(table, query), _ROWS_AT_A_TIME):
            self._own(invoices, keep)

    def sources(self, keep: Keep) -> None:
        """What stands on the drafts, then who else bills it."""
        self._table("invoice_line_detail", "invoice")
        self._table("transaction_connection", "transaction_1", "transaction_2", "type_2")
        drafts = [unpacked(id) for (id,) in self.spill.rows("SELECT id FROM invoice")]
        if not drafts:
            return
        self._details("invoice", drafts)
        self._products(drafts)
        billed = self._connect(unpacked(id) for (id,) in self.spill.rows("SELECT detail FROM source"))
        self._billed_elsewhere(billed, keep)

    def pairs(self) -> Iterator[list[tuple[str, str | None]]]:
        """Invoice and source, some at a time; None for a source that nothing tells."""
        last = b""
        while rows := self.spill.rows(_NEXT, (last, _ROWS_AT_A_TIME)):
            last = rows[-1][0]
            yield [(unpacked(invoice), source) for _, invoice, source in rows]

    def _own(self, invoices: Iterable[Invoice], keep: Keep) -> None:
        some = list(invoices)
        self.spill.own((one.id, one.contract) for one in some if one.contract)
        self.spill.execute("INSERT OR IGNORE INTO invoice VALUES (?)", [(packed(one.id),) for one in some])
        keep(some)
        self.told(self.tables.invoice.logical_name, len(some))

    def _details(self, field: str, keys: Iterable[str]) -> None:
        table = frugal(self.tables.invoice_line_detail)
        column = table.column_of(field)
        query = Query(select=_select(table, ("invoice",)))
        found = self.client.list_by_keys(table, column, keys, query, plan=PartsPlan(pages_in_flight=4))
        for rows in in_chunks(found, _ROWS_AT_A_TIME):
            pairs = [(packed(row.id), packed(row.invoice)) for row in rows if row.invoice]
            self.spill.execute("INSERT OR IGNORE INTO source VALUES (?, ?, NULL)", pairs)
            self.told(table.logical_name, len(rows))

    def _products(self, drafts: Iterable[str]) -> None:
        """Product lines ride on an invoice as lines, without details."""
        table = frugal(self.tables.invoice_line)
        if not all(table.has(name) for name in ("invoice", "contract_line", "product_type")):
            return
        is_product = eq(table.property_of("product_type"), ProductType.PRODUCT.value)
        query = Query(filter=is_product, select=_select(table, ("invoice", "contract_line")))
        for line in self.client.list_by_keys(table, table.column_of("invoice"), drafts, query):
            if line.invoice and line.contract_line:
                row = (packed(line.id), packed(line.invoice), line.contract_line)
                self.spill.execute("INSERT OR IGNORE INTO source VALUES (?, ?, ?)", [row])

    def _connect(self, details: Iterable[str]) -> list[str]:
        """Tell the sources of details; the sources that were found."""
        found: list[str] = []
        for detail, source in self._connections("transaction_1", details):
            self.spill.execute("UPDATE source SET source = ? WHERE detail = ?", [(source, packed(detail))])
            found.append(source)
        return found

    def _billed_elsewhere(self, billed: Iterable[str], keep: Keep) -> None:
        known = "SELECT 1 FROM source WHERE detail = ?"
        others = {
            detail: source
            for detail, source in self._connections("transaction_2", billed)
            if not self.spill.one(known, (packed(detail),))
        }
        if not others:
            return
        self._details("id", others)
        table = self.table
        missing = "SELECT DISTINCT invoice FROM source WHERE invoice NOT IN (SELECT id FROM invoice)"
        ids = [unpacked(id) for (id,) in self.spill.rows(missing)]
        live = Query(
            filter=f"{table.property_of('state')} ne {InvoiceState.CANCELED.value}",
            select=_select(table, _COLUMNS),
        )
        self._own(self.client.list_by_keys(table, table.key, ids, live), keep)
        self.spill.execute(
            "UPDATE source SET source = ? WHERE detail = ?",
            [(source, packed(detail)) for detail, source in others.items()],
        )

    def _connections(self, side: str, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Detail and source of the connections that have one of the keys on a side."""
        table = frugal(self.tables.transaction_connection)
        query = Query(select=_select(table, ("transaction_1", "transaction_2", "type_2")))
        for row in self.client.list_by_keys(table, table.column_of(side), keys, query):
            if row.type_2 in _SOURCES and row.transaction_1 and row.transaction_2:
                yield plain_id(row.transaction_1), plain_id(row.transaction_2)

    def _table(self, field: str, *columns: str) -> Table[Any]:
        table: Table[Any] = getattr(self.tables, field)
        if not self.tables.has(field):
            raise NotRead(f"The environment has no table {table.logical_name}.")
        for name in columns:
            if not table.has(name):
                raise NotRead(f"The table {table.logical_name} has no column {table.column_of(name)}.")
        return frugal(table)


def plain_id(text: str) -> str:
    """An id from a text column: lower case, without the braces that some write."""
    return text.strip().strip("{}").lower()


def _select(table: Table[Any], columns: Iterable[str]) -> tuple[str, ...]:
    return (table.key, *(table.property_of(one) for one in columns if table.has(one)))
