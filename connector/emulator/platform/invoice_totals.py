"""Totals of invoices whose parts a client writes; an invoice of the job has its own from the start.

A project line adds up its details by billing type, and only the chargeable ones count (rule T5). A
line's extended amount is its amount plus its tax, the invoice adds up its lines (rule T9): details
have no tax column, so the tax of what is not chargeable cannot be told apart here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from connector.emulator.platform.words import INVOICE, INVOICE_LINE, INVOICE_LINE_DETAIL
from connector.emulator.registry import Change
from connector.emulator.store import Transaction, Value
from connector.model.actual import BillingType
from connector.model.money import EXACT, ZERO, total

_COLUMNS = {
    BillingType.CHARGEABLE: "msdyn_chargeableamount",
    BillingType.COMPLIMENTARY: "msdyn_complimentaryamount",
    BillingType.NON_CHARGEABLE: "msdyn_nonchargeableamount",
}


def follow_detail(tx: Transaction, change: Change) -> None:
    """After an invoice line detail was written: its line and its invoice."""
    row = tx.get(INVOICE_LINE_DETAIL, change.id) or change.before
    line = tx.get(INVOICE_LINE, str(row["msdyn_invoicelineid"])) if row else None
    if line is None:
        return
    id = str(line["invoicedetailid"])
    details = tx.find(INVOICE_LINE_DETAIL, {"msdyn_invoicelineid": id})
    sums = {column: _sum(details, kind) for kind, column in _COLUMNS.items()}
    amount = sums["msdyn_chargeableamount"]
    values: dict[str, Value] = {
        **sums,
        "baseamount": amount,
        "extendedamount": EXACT.add(amount, _money(line["tax"])),
    }
    tx.update(INVOICE_LINE, id, values, caller=change.caller)
    _total(tx, line["invoiceid"], change.caller)


def follow_line(tx: Transaction, change: Change) -> None:
    """After an invoice line was written: its own amounts, unless they were given, and its invoice."""
    row = tx.get(INVOICE_LINE, change.id)
    if row is None:
        _total(tx, change.before["invoiceid"] if change.before else None, change.caller)
        return
    if {"quantity", "priceperunit", "tax", "manualdiscountamount"} & set(change.values):
        values = _amounts(row, change.values)
        if tx.find(INVOICE_LINE_DETAIL, {"msdyn_invoicelineid": change.id}, limit=1):
            values = {"extendedamount": EXACT.add(_money(row["baseamount"]), _money(row["tax"]))}
        tx.update(INVOICE_LINE, change.id, values, caller=change.caller)
    _total(tx, row["invoiceid"], change.caller)


def _amounts(row: Mapping[str, Value], given: Mapping[str, Value]) -> dict[str, Value]:
    price, quantity = row["priceperunit"], row["quantity"]
    base = row["baseamount"] if "baseamount" in given else None
    if base is None and isinstance(price, Decimal) and isinstance(quantity, Decimal):
        base = EXACT.multiply(price, quantity)
    net = EXACT.subtract(_money(base), _money(row["manualdiscountamount"]))
    extended = row["extendedamount"] if "extendedamount" in given else EXACT.add(net, _money(row["tax"]))
    return {"baseamount": base, "extendedamount": extended}


def _total(tx: Transaction, invoice: Value, caller: str) -> None:
    if invoice is None or tx.get(INVOICE, str(invoice)) is None:
        return
    lines = tx.find(INVOICE_LINE, {"invoiceid": invoice})
    amount = total(_money(line["baseamount"]) for line in lines)
    values: dict[str, Value] = {
        "totallineitemamount": amount,
        "totalamountlessfreight": amount,
        "totaltax": total(_money(line["tax"]) for line in lines),
        "totalamount": total(_money(line["extendedamount"]) for line in lines),
    }
    tx.update(INVOICE, str(invoice), values, caller=caller)


def _sum(details: Iterable[Mapping[str, Value]], kind: BillingType) -> Decimal:
    return total(_money(row["msdyn_amount"]) for row in details if row["msdyn_billingtype"] == kind)


def _money(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else ZERO
