"""Which source stands on which live invoice (rule G8), and which sources an invoice has.

An actual names its invoice itself. For milestones the emulator writes a transaction connection as it
does for actuals: public documents give the connection for actuals alone, the rest is our choice. A
product line is named by its invoice line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.emulator.platform.words import (
    ACTUAL,
    CONNECTION,
    CONTRACT_LINE,
    INVOICE,
    INVOICE_LINE,
    INVOICE_LINE_DETAIL,
    MILESTONE,
    SCHEDULE_ROW,
    MilestoneStatus,
)
from connector.emulator.store import Transaction, Value

CANCELED = 3
PRODUCT = 1
_INVOICED = (MilestoneStatus.CUSTOMER_INVOICE_CREATED, MilestoneStatus.CUSTOMER_INVOICE_POSTED)


@dataclass(frozen=True)
class Source:
    """A source on an invoice: its table, its id, and the connection that says so (None for products)."""

    table: str
    id: str
    connection: str | None = None


def live_invoices(
    tx: Transaction,
    contract: str,
    milestones: Iterable[Iterable[Mapping[str, Value]]],
    lines: Iterable[Mapping[str, Value]],
) -> dict[str, str]:
    """Source id -> invoice id, for the milestones and product lines of a contract."""
    ids = [
        str(row["msdyn_contractlinescheduleofvalueid"])
        for rows in milestones
        for row in rows
        if row["msdyn_invoicestatus"] in _INVOICED
    ]
    products = [str(row["salesorderdetailid"]) for row in lines if row["producttypecode"] == PRODUCT]
    if not ids and not products:
        return {}
    live = {str(row["invoiceid"]) for row in tx.find(INVOICE, {"salesorderid": contract}) if is_live(row)}
    return _of_milestones(tx, ids, live) | _of_products(tx, products, live)


def is_live(invoice: Mapping[str, Value]) -> bool:
    return invoice["statecode"] != CANCELED


def sources_of(tx: Transaction, invoice: str) -> list[Source]:
    """All sources that stand on an invoice."""
    details = tx.find(INVOICE_LINE_DETAIL, {"msdyn_invoice": invoice})
    ids = tuple(str(row["msdyn_invoicelinetransactionid"]) for row in details)
    connections = tx.find(CONNECTION, {"msdyn_transaction1": ids}) if ids else []
    found = [
        Source(
            str(row["msdyn_transaction2type"]),
            str(row["msdyn_transaction2"]),
            str(row["msdyn_transactionconnectionid"]),
        )
        for row in connections
        if row["msdyn_transaction2type"] in {ACTUAL, MILESTONE, SCHEDULE_ROW}
    ]
    products = tx.find(INVOICE_LINE, {"invoiceid": invoice, "producttypecode": PRODUCT})
    named = [str(row["salesorderdetailid"]) for row in products if row["salesorderdetailid"]]
    return found + [Source(CONTRACT_LINE, id) for id in named]


def _of_milestones(tx: Transaction, ids: Sequence[str], live: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in tx.find(CONNECTION, {"msdyn_transaction2": tuple(ids)}) if ids else []:
        detail = tx.get(INVOICE_LINE_DETAIL, str(row["msdyn_transaction1"]))
        if detail is not None and detail["msdyn_invoice"] in live:
            found[str(row["msdyn_transaction2"])] = str(detail["msdyn_invoice"])
    return found


def _of_products(tx: Transaction, ids: Sequence[str], live: set[str]) -> dict[str, str]:
    rows = tx.find(INVOICE_LINE, {"salesorderdetailid": tuple(ids)}) if ids else []
    return {str(row["salesorderdetailid"]): str(row["invoiceid"]) for row in rows if row["invoiceid"] in live}
