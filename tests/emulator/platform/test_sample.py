"""The other contracts of the sample: what is invoiced on 5 October 2020, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.emulator.ownership import open_emulator
from tests.emulator.platform.world import World

INVOICES: dict[str, set[tuple[str, str, str]]] = {
    "Adatum - prototype, implementation and expenses": {("Adatum Corporation", "6788.44", "0")},
    "Fabrikam and Litware - joint rollout, 60 to 40": {
        ("Fabrikam, Inc.", "813.33", "0"),
        ("Litware, Inc.", "542.22", "0"),
    },
    "Northwind - set-up with hardware": {("Northwind Traders", "1266.70", "0")},
    "Proseware - portal at a fixed price": {("Proseware, Inc.", "4165.00", "665.00")},
    "Wingtip - draft contract": {("Wingtip Toys", "399.99", "0")},
    "Fourth Coffee - rollout in EUR": {("Fourth Coffee", "774.91", "0")},
}
"""Contract -> {(customer, total, tax)}: by hand from the seeded rows."""
NOT_INVOICED = {
    "Tailspin - support without a schedule",
    "Alpine - lost contract",
    "Trey - contract on hold",
    "Lucerne - press moved, billed by progress",
}


@pytest.fixture(scope="module")
def played() -> Iterator[World]:
    with open_emulator(None) as emulator:
        world = World(emulator)
        world.start("ProcessRunner", world.create_batch_job())
        emulator.move_clock(datetime(2020, 10, 5, 12, tzinfo=UTC))
        yield world
        world.session.close()


def by_contract(world: World) -> dict[str, list[dict[str, Any]]]:
    names = {row["salesorderid"]: row["name"] for row in world.rows("salesorders")}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names.values()}
    for invoice in world.rows("invoices"):
        found[names[invoice["_salesorderid_value"]]].append(invoice)
    return found


def test_each_contract_has_the_invoices_that_it_should(played: World) -> None:
    """Customers, totals and taxes are as added up by hand; the others have none."""
    customers = {row["accountid"]: row["name"] for row in played.rows("accounts")}
    seen = {
        name: {(customers[row["_customerid_value"]], row["totalamount"], row["totaltax"]) for row in invoices}
        for name, invoices in by_contract(played).items()
        if invoices
    }
    expected = {
        name: {(customer, Decimal(total), Decimal(tax)) for customer, total, tax in rows}
        for name, rows in INVOICES.items()
    }
    assert seen == expected
    assert {name for name, invoices in by_contract(played).items() if not invoices} == NOT_INVOICED


def test_the_contract_in_euro_has_an_invoice_in_euro(played: World) -> None:
    """The invoice is in the contract's currency, its base amounts in the organisation's."""
    (invoice,) = by_contract(played)["Fourth Coffee - rollout in EUR"]
    currency = played.row("transactioncurrencies", invoice["_transactioncurrencyid_value"])
    assert currency["isocurrencycode"] == "EUR"
    assert invoice["totalamount_base"] == Decimal("911.6588")


def test_a_product_line_that_is_ready_rides_along(played: World) -> None:
    """The product stands on the invoice of the due row with its quantity and price (rule T8)."""
    (invoice,) = by_contract(played)["Northwind - set-up with hardware"]
    lines = played.rows("invoicedetails", f"_invoiceid_value eq {invoice['invoiceid']}")
    (product,) = [row for row in lines if row["producttypecode"] == 1]
    assert (product["invoicedetailname"], product["quantity"], product["baseamount"]) == (
        "Rugged tablet",
        Decimal(3),
        Decimal("749.85"),
    )
    statuses = {
        row["salesorderdetailname"]: row["msdyn_billingstatus"]
        for row in played.rows("salesorderdetails", "producttypecode eq 1")
    }
    assert statuses == {"Rugged tablet": 192350001, "Spare battery": 192350000}


def test_what_the_limit_holds_back_is_not_invoiced(played: World) -> None:
    """An actual whose not-to-exceed status is Failed stays Ready to Invoice (rule T4)."""
    (actual,) = played.rows("msdyn_actuals", "msdyn_description eq 'Above the limit'")
    assert (actual["msdyn_billingstatus"], actual["_msdyn_invoice_value"]) == (192350004, None)


def test_a_milestone_that_is_not_ready_stays_as_it_is(played: World) -> None:
    """Its status and its row are untouched by the run of its day."""
    (milestone,) = played.rows("msdyn_contractlinescheduleofvalues", "msdyn_name eq 'Portal accepted'")
    assert milestone["msdyn_invoicestatus"] == 192350000


def test_a_split_milestone_goes_to_both_customers_and_no_cent_is_lost(played: World) -> None:
    """1,000.01 at 60 to 40 is 600.01 and 400.00: the rounding customer bears the rest (rule G2)."""
    played.emulator.move_clock(datetime(2020, 10, 20, tzinfo=UTC))
    invoices = by_contract(played)["Fabrikam and Litware - joint rollout, 60 to 40"]
    later = {row["totalamount"] for row in invoices if row["createdon"] > "2020-10-19"}
    assert later == {Decimal("600.01"), Decimal("400.00")}


def test_progress_is_billed_by_the_part_that_is_ready(played: World) -> None:
    """20 percent of 1,000: 200 are invoiced, 800 wait, and the header bills nothing itself (rule G7)."""
    played.emulator.move_clock(datetime(2020, 10, 20, tzinfo=UTC))
    (invoice,) = by_contract(played)["Lucerne - press moved, billed by progress"]
    assert invoice["totalamount"] == Decimal(200)
    milestones = played.rows("msdyn_contractlinescheduleofvalues", "msdyn_name eq 'Press moved'")
    created, waiting = 192350002, 192350000
    assert {(row["msdyn_amount"], row["msdyn_invoicestatus"]) for row in milestones} == {
        (Decimal(1000), waiting),
        (Decimal(200), created),
        (Decimal(800), waiting),
    }
