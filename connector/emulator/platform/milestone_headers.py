"""Headers of split and progress milestones (rule G7), and what confirming an invoice does to its sources.

Who marks the next invoice of a header ready gets its parts: what is to be billed, ready, and the rest,
not ready; one of each for every customer of the line. The header's status follows its parts. Source,
below articles/: proforma-invoicing/billing-hub.md, pro/proforma-invoicing/manage-billing-backlog-sales.md;
the columns' names are the emulator's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.emulator.platform.live_invoices import sources_of
from connector.emulator.platform.words import (
    ACTUAL,
    CONTRACT_LINE,
    INVOICE,
    MILESTONE,
    BillingStatus,
    InvoiceStatus,
    MilestoneStatus,
)
from connector.emulator.registry import Change
from connector.emulator.store import Transaction, Value
from connector.model.milestone import Milestone
from connector.model.progress import (
    HUNDRED,
    INVOICED,
    Share,
    header_status_of,
    next_invoice_of,
    split_header,
)

HEADER, HEADER_STATUS, LINE_CUSTOMER = "emu_headermilestone", "emu_headerstatus", "emu_linecustomer"
NEXT_STATUS, NEXT_PERCENT, NEXT_AMOUNT = (
    "emu_nextinvoicestatus",
    "emu_nextinvoicepercent",
    "emu_nextinvoiceamount",
)
USUAL_DIGITS = 2
_KEY = f"{MILESTONE}id"
_COPIED = (
    "msdyn_contract",
    "msdyn_contractlineid",
    "msdyn_project",
    "msdyn_invoicedate",
    "msdyn_milestonedate",
    "msdyn_transactionclassification",
    "msdyn_transactiontypecode",
    "transactioncurrencyid",
)
_POSTED: Mapping[str, dict[str, Value]] = {
    ACTUAL: {"msdyn_billingstatus": BillingStatus.CUSTOMER_INVOICE_POSTED.value},
    MILESTONE: {"msdyn_invoicestatus": MilestoneStatus.CUSTOMER_INVOICE_POSTED.value},
    CONTRACT_LINE: {"msdyn_billingstatus": BillingStatus.CUSTOMER_INVOICE_POSTED.value},
}


def follow_milestone(tx: Transaction, change: Change) -> None:
    """After a client wrote a milestone: its header's status, and its split if it is a header."""
    row = tx.get(MILESTONE, change.id)
    if row is None:
        if change.before is not None and change.before[HEADER]:
            settle_header(tx, str(change.before[HEADER]), change.caller)
        return
    if change.values.get(NEXT_STATUS) == MilestoneStatus.READY:
        _split(tx, row, change.caller)
        settle_header(tx, change.id, change.caller)
    if row[HEADER]:
        settle_header_of(tx, change.id, change.caller)


def follow_confirmation(tx: Transaction, change: Change) -> None:
    """After a client confirmed an invoice: its sources are Customer Invoice Posted."""
    if change.values.get("msdyn_projectinvoicestatus") != InvoiceStatus.CONFIRMED:
        return
    if tx.get(INVOICE, change.id) is None:
        return
    for source in sources_of(tx, change.id):
        if source.table in _POSTED and tx.get(source.table, source.id) is not None:
            tx.update(source.table, source.id, _POSTED[source.table], caller=change.caller)
            if source.table == MILESTONE:
                settle_header_of(tx, source.id, change.caller)


def settle_header_of(tx: Transaction, milestone: str, caller: str) -> None:
    """The header of a milestone whose status has moved, if it has one; its next invoice goes along."""
    row = tx.get(MILESTONE, milestone)
    if row is None or not row[HEADER]:
        return
    header = tx.get(MILESTONE, str(row[HEADER]))
    if header is not None and header[NEXT_STATUS] is not None and _status(row) in INVOICED:
        tx.update(MILESTONE, str(row[HEADER]), {NEXT_STATUS: _status(row)}, caller=caller)
    settle_header(tx, str(row[HEADER]), caller)


def settle_header(tx: Transaction, header: str, caller: str) -> None:
    """Rule G7. A header that is gone, or has no parts, keeps what it has."""
    parts = tx.find(MILESTONE, {HEADER: header})
    if not parts or tx.get(MILESTONE, header) is None:
        return
    status = header_status_of(_status(part) for part in parts)
    tx.update(MILESTONE, header, {HEADER_STATUS: int(status)}, caller=caller)


def _split(tx: Transaction, header: Mapping[str, Value], caller: str) -> None:
    parts = tx.find(MILESTONE, {HEADER: str(header[_KEY])})
    if any(_status(part) == MilestoneStatus.READY for part in parts):
        return
    digits = _digits(tx, header)
    next_invoice = next_invoice_of(_as_value(header), [_as_value(part) for part in parts], digits)
    if next_invoice is None:
        return
    for part in parts:
        if _status(part) in {None, MilestoneStatus.NOT_READY}:
            tx.delete(MILESTONE, str(part[_KEY]))
    shares = _shares(tx, str(header["msdyn_contractlineid"]))
    for made in split_header(next_invoice, shares, digits):
        status = MilestoneStatus.READY if made.is_ready else MilestoneStatus.NOT_READY
        values: dict[str, Value] = {name: header[name] for name in _COPIED} | {
            "msdyn_name": header["msdyn_name"],
            "msdyn_amount": made.amount,
            "msdyn_price": made.amount,
            "msdyn_tax": made.tax,
            "msdyn_invoicestatus": status.value,
            HEADER: str(header[_KEY]),
            LINE_CUSTOMER: made.customer or None,
        }
        tx.insert(MILESTONE, values, caller=caller)


def _shares(tx: Transaction, line: str) -> list[Share]:
    """The customers of the line, by their records; a line without any has one part that names nobody."""
    rows = tx.find("emu_contractlinecustomer", {"emu_contractline": line})
    given = [
        Share(
            str(row["emu_contractlinecustomerid"]),
            percent,
            is_rounding=bool(row["emu_isrounding"]),
        )
        for row in rows
        if isinstance(percent := row["emu_splitpercent"], Decimal) and percent
    ]
    if not given:
        return [Share("", HUNDRED, is_rounding=True)]
    if any(share.is_rounding for share in given):
        return given
    return [Share(one.customer, one.percent, one is given[0]) for one in given]


def _digits(tx: Transaction, row: Mapping[str, Value]) -> int:
    currency = tx.get("transactioncurrency", str(row["transactioncurrencyid"]))
    precision = currency["currencyprecision"] if currency else None
    return precision if isinstance(precision, int) else USUAL_DIGITS


def _status(row: Mapping[str, Any]) -> int | None:
    status = row["msdyn_invoicestatus"]
    return status if isinstance(status, int) else None


def _as_value(row: Mapping[str, Any]) -> Milestone:
    return Milestone(
        id=str(row[_KEY]),
        amount=row["msdyn_amount"],
        tax=row["msdyn_tax"],
        invoice_status=_status(row),
        next_invoice_percent=row[NEXT_PERCENT],
        next_invoice_amount=row[NEXT_AMOUNT],
    )
