"""msdyn_NewInvoiceContract: before and after by hand, from the page on creating invoices manually.

Source: MicrosoftDocs/dynamics-365-project-operations,
articles/pro/proforma-invoicing/create-manual-proforma-invoice-sales.md: an invoice is generated for all
transactions of the contract that are Ready to Invoice, milestones and product lines among them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.emulator.platform.world import World, refusal_of

ACTION = "msdyn_NewInvoiceContract"
ADATUM = (
    # line, its amount: what is Ready to Invoice on 20 October, by hand from the sample's transactions
    ("Expenses incurred", "189.99+23.45+67.80"),
    # 8 + 2.5 + 8 + 7.25 + 3 + 8 hours at 150; complimentary, unapproved and corrected ones add nothing
    ("Implementation work", "1200+375+1200+1087.50+450+1200"),
    # both milestones are ready, whatever their dates
    ("Prototype work", "5000+12000"),
)


def contract(world: World, name: str) -> str:
    found = world.rows("salesorders", f"startswith(name,'{name}')")
    return str(found[0]["salesorderid"])


def call(world: World, name: str) -> dict[str, Any]:
    answer = world.action("salesorders", contract(world, name), ACTION, {})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json(parse_float=Decimal)
    return found


def lines_of(world: World, invoice: str) -> dict[str, Decimal]:
    rows = world.rows("invoicedetails", f"_invoiceid_value eq {invoice}")
    return {row["invoicedetailname"]: row["baseamount"] for row in rows}


def test_all_that_is_ready_is_on_one_draft(sample: World) -> None:
    """Time, expenses and milestones up to today, by hand; the answer is the draft."""
    sample.advance(days=17)
    invoice = call(sample, "Adatum")
    wanted = {name: sum(map(Decimal, amounts.split("+"))) for name, amounts in ADATUM}
    assert lines_of(sample, invoice["invoiceid"]) == wanted
    assert invoice["totalamount"] == sum(wanted.values())
    assert invoice["msdyn_projectinvoicestatus"] == 192350000


def test_a_milestone_keeps_its_own_date(sample: World) -> None:
    """The detail begins on the milestone's date, not on the day of the invoice (rule T6)."""
    sample.advance(days=17)
    invoice = call(sample, "Adatum")["invoiceid"]
    details = sample.rows("msdyn_invoicelinetransactions", f"_msdyn_invoice_value eq {invoice}")
    dates = {row["msdyn_amount"]: row["msdyn_startdatetime"] for row in details}
    assert dates[Decimal(5000)] == "2020-10-05T00:00:00Z"
    assert dates[Decimal(12000)] == "2020-11-03T00:00:00Z"


def test_schedule_rows_stay_as_they_are(sample: World) -> None:
    """Run dates are the job's; it finds what came after, 0.20 of 4 October, and nothing twice."""
    call(sample, "Fourth Coffee")
    rows = sample.rows("msdyn_contractlineinvoiceschedules", "msdyn_invoicerunstatus ne 192350000")
    assert rows == []
    sample.start("ProcessRunner", sample.create_batch_job())
    sample.advance(days=3)
    found = sample.rows("invoices", f"_salesorderid_value eq {contract(sample, 'Fourth Coffee')}")
    assert {row["totalamount"] for row in found} == {Decimal("774.71"), Decimal("0.20")}


def test_a_ready_product_line_needs_no_due_row(sample: World) -> None:
    """Three tablets at 249.95 are on it though no transaction of the contract is due by a row."""
    for row in sample.rows("msdyn_contractlineinvoiceschedules"):
        sample.request(
            "DELETE", f"msdyn_contractlineinvoiceschedules({row['msdyn_contractlineinvoicescheduleid']})"
        )
    invoice = call(sample, "Northwind")["invoiceid"]
    assert lines_of(sample, invoice)["Rugged tablet"] == Decimal("749.85")


def test_nothing_ready_is_refused_and_nothing_is_written(sample: World) -> None:
    """A second call finds nothing: 400, and still one invoice."""
    call(sample, "Fourth Coffee")
    again = sample.action("salesorders", contract(sample, "Fourth Coffee"), ACTION, {})
    assert refusal_of(again) == (400, "0x80040265")
    assert len(sample.rows("invoices")) == 1


def test_it_takes_no_parameters_and_wants_the_billing_privileges(sample: World) -> None:
    """A parameter is 400; without prvCreateInvoice it is 403."""
    order = contract(sample, "Adatum")
    assert sample.action("salesorders", order, ACTION, {"Day": "2020-10-05"}).status_code == 400
    sample.emulator.change_privileges({"take": ["prvCreateInvoice"]})
    assert refusal_of(sample.action("salesorders", order, ACTION, {})) == (403, "0x80040220")


@pytest.mark.parametrize("name", ["Alpine", "Trey"])
def test_a_contract_that_is_not_open_is_not_invoiced(sample: World, name: str) -> None:
    """Lost and on hold: refused (rule L1)."""
    answer = sample.action("salesorders", contract(sample, name), ACTION, {})
    assert refusal_of(answer) == (400, "0x80040265")
