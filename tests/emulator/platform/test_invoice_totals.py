"""Totals of invoices that a client writes part by part."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.emulator.platform.world import World

CHARGEABLE, COMPLIMENTARY = 192350001, 192350002
DAY = "2020-10-04T00:00:00Z"


def invoice(world: World) -> str:
    account = world.create("accounts", {"name": "By hand"})
    body = {
        "name": "By hand",
        "msdyn_ordertype": 192350001,
        "msdyn_projectinvoicestatus": 192350000,
        "customerid_account@odata.bind": f"/accounts({account})",
        "invoice_details": [
            {"invoicedetailname": "Work", "producttypecode": 5, "quantity": 1, "priceperunit": 1, "tax": 5.5},
            {"invoicedetailname": "Goods", "producttypecode": 1, "quantity": 3, "priceperunit": 249.95},
        ],
    }
    return world.create("invoices", body)


def totals(world: World, id: str) -> tuple[Decimal, Decimal, Decimal]:
    row = world.row("invoices", id)
    return row["totallineitemamount"], row["totaltax"], row["totalamount"]


def detail(world: World, invoice: str, line: str, amount: float, kind: int) -> str:
    body: dict[str, Any] = {
        "msdyn_Invoice@odata.bind": f"/invoices({invoice})",
        "msdyn_InvoiceLineId@odata.bind": f"/invoicedetails({line})",
        "msdyn_transactiontypecode": 192350006,
        "msdyn_transactionclassification": 192350000,
        "msdyn_billingtype": kind,
        "msdyn_amount": amount,
        "msdyn_documentdate": DAY,
        "msdyn_startdatetime": DAY,
        "msdyn_enddatetime": DAY,
    }
    return world.create("msdyn_invoicelinetransactions", body)


def test_lines_add_up_to_the_invoice(bare: World) -> None:
    """A line is quantity times price plus tax; the invoice adds up its lines, exactly."""
    id = invoice(bare)
    assert totals(bare, id) == (Decimal("750.85"), Decimal("5.5"), Decimal("756.35"))


def test_only_chargeable_details_count(bare: World) -> None:
    """Details make up a project line's amount: chargeable ones add, complimentary ones stand beside."""
    id = invoice(bare)
    (work,) = bare.rows("invoicedetails", "invoicedetailname eq 'Work'")
    line = work["invoicedetailid"]
    detail(bare, id, line, 100.1, CHARGEABLE)
    detail(bare, id, line, 0.2, CHARGEABLE)
    free = detail(bare, id, line, 50, COMPLIMENTARY)
    after = bare.row("invoicedetails", line)
    assert (after["baseamount"], after["extendedamount"]) == (Decimal("100.3"), Decimal("105.8"))
    assert (after["msdyn_chargeableamount"], after["msdyn_complimentaryamount"]) == (Decimal("100.3"), 50)
    assert totals(bare, id) == (Decimal("850.15"), Decimal("5.5"), Decimal("855.65"))
    bare.patch("msdyn_invoicelinetransactions", free, {"msdyn_billingtype": CHARGEABLE})
    assert totals(bare, id)[0] == Decimal("900.15")
    bare.request("DELETE", f"msdyn_invoicelinetransactions({free})")
    assert totals(bare, id)[0] == Decimal("850.15")


def test_a_deleted_line_is_taken_off(bare: World) -> None:
    """Deleting a line lowers the totals of its invoice."""
    id = invoice(bare)
    (goods,) = bare.rows("invoicedetails", "invoicedetailname eq 'Goods'")
    bare.request("DELETE", f"invoicedetails({goods['invoicedetailid']})")
    assert totals(bare, id) == (Decimal(1), Decimal("5.5"), Decimal("6.5"))
