"""The documented example, day by day, against expectations written by hand.

Days and lines are those of Microsoft's page (docs/invoicing-rules.md, "The documented example"); the
amounts were added up by hand from the seeded transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from connector.emulator.ownership import open_emulator
from connector.emulator.seed.documented_example import NAME
from tests.emulator.platform.world import World

DAYS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "2020-10-05": [
        (
            "6788.44",
            {"Expenses incurred": "213.44", "Implementation work": "1575", "Prototype work": "5000"},
        )
    ],
    "2020-10-19": [("2737.5", {"Implementation work": "2737.5"})],
    "2020-11-02": [("2633.77", {"Expenses incurred": "121.27", "Implementation work": "2512.5"})],
    "2020-11-03": [("12000", {"Prototype work": "12000"})],
    "2020-11-16": [("1950", {"Implementation work": "1950"})],
}
"""Day -> (total, {line: amount}) of each invoice; on every other day there is none."""
TIME, MILESTONE = 192350000, 192350003
READY, CREATED = 192350004, 192350001
MILESTONE_READY, MILESTONE_INVOICED = 192350001, 192350002
NOT_RUN, RUN_SUCCESSFUL = 192350000, 192350001


@pytest.fixture(scope="module", params=["jobs", "steps"])
def played(request: pytest.FixtureRequest) -> Iterator[World]:
    """The sample's job, started on 3 October 2020 and run until 20 November."""
    with open_emulator(None) as emulator:
        emulator.change_switches(job_shape=request.param)
        world = World(emulator)
        world.start("ProcessRunCaller", world.create_batch_job())
        emulator.advance_clock(timedelta(days=48))
        yield world
        world.session.close()


def contract(world: World) -> str:
    return str(world.rows("salesorders", f"name eq '{NAME}'")[0]["salesorderid"])


def test_each_day_has_the_invoices_of_the_page(played: World) -> None:
    """On each day exactly the documented invoices are created, with their lines and exact amounts."""
    seen: dict[str, list[tuple[Decimal, dict[str, Decimal]]]] = {}
    for invoice in played.rows("invoices", f"_salesorderid_value eq {contract(played)}", "createdon"):
        lines = played.rows("invoicedetails", f"_invoiceid_value eq {invoice['invoiceid']}")
        amounts = {line["invoicedetailname"]: line["baseamount"] for line in lines}
        seen.setdefault(invoice["createdon"][:10], []).append((invoice["totalamount"], amounts))
    expected = {
        day: [(Decimal(total), {name: Decimal(amount) for name, amount in lines.items()})]
        for day, [(total, lines)] in DAYS.items()
    }
    assert seen == expected


def test_each_invoice_is_a_draft_that_takes_its_head_from_the_contract(played: World) -> None:
    """State, status, order type, name, customer, currency and price list are those of rule G5."""
    order = played.row("salesorders", contract(played))
    for invoice in played.rows("invoices", f"_salesorderid_value eq {order['salesorderid']}"):
        assert (invoice["statecode"], invoice["msdyn_projectinvoicestatus"]) == (0, 192350000)
        assert invoice["msdyn_ordertype"] == 192350001
        for column in ("name", "_customerid_value", "_transactioncurrencyid_value", "_pricelevelid_value"):
            assert invoice[column] == order[column]
        assert invoice["billto_name"] == "Adatum Corporation"


def test_the_details_of_the_first_invoice_are_its_sources(played: World) -> None:
    """Chargeable, complimentary and non-chargeable time stand on it, what is not ready does not."""
    first = played.rows("invoices", f"_salesorderid_value eq {contract(played)}", "createdon")[0]
    details = played.rows("msdyn_invoicelinetransactions", f"_msdyn_invoice_value eq {first['invoiceid']}")
    time = sorted(
        (row["msdyn_documentdate"][:10], row["msdyn_billingtype"], row["msdyn_amount"])
        for row in details
        if row["msdyn_transactionclassification"] == TIME
    )
    assert time == [
        ("2020-10-01", 192350000, Decimal("225")),
        ("2020-10-01", 192350002, Decimal("450")),
        ("2020-10-03", 192350001, Decimal("1200")),
        ("2020-10-04", 192350001, Decimal("375")),
    ]
    (milestone,) = [row for row in details if row["msdyn_transactionclassification"] == MILESTONE]
    assert milestone["msdyn_description"] == "Prototype accepted"
    assert milestone["msdyn_startdatetime"] == "2020-10-05T00:00:00Z"
    assert milestone["msdyn_price"] == milestone["msdyn_amount"] == Decimal(5000)
    assert {row["msdyn_transactiontypecode"] for row in details} == {192350006}


def test_every_detail_of_an_actual_is_connected_to_it(played: World) -> None:
    """A transaction connection has the detail on side 1 and the actual on side 2, once for each actual."""
    connections = played.rows("msdyn_transactionconnections", "msdyn_transaction2type eq 'msdyn_actual'")
    details = {
        row["msdyn_invoicelinetransactionid"]: row for row in played.rows("msdyn_invoicelinetransactions")
    }
    actuals = {row["msdyn_actualid"]: row for row in played.rows("msdyn_actuals")}
    for row in connections:
        assert row["msdyn_transaction1type"] == "msdyn_invoicelinetransaction"
        assert (row["msdyn_transaction1role"], row["msdyn_transaction2role"]) == (
            "Billed Sales",
            "Unbilled Sales",
        )
        detail, actual = details[row["msdyn_transaction1"]], actuals[row["msdyn_transaction2"]]
        assert detail["msdyn_amount"] == actual["msdyn_amount"]
        assert actual["msdyn_billingstatus"] == CREATED
    assert len({row["msdyn_transaction2"] for row in connections}) == len(connections)


def test_statuses_move_as_documented_and_only_those(played: World) -> None:
    """Afterwards: what was taken is Customer Invoice Created, the rest is as it was (rule G6)."""
    statuses = {
        (row["msdyn_description"], row["msdyn_billingstatus"])
        for row in played.rows("msdyn_actuals", f"_msdyn_salescontract_value eq {contract(played)}")
    }
    untouched = {text for text, status in statuses if status != CREATED}
    assert untouched == {"Corrected later", "Not yet approved", "The day after the fourth cut-off", "Flight"}
    milestones = played.rows(
        "msdyn_contractlinescheduleofvalues", f"_msdyn_contract_value eq {contract(played)}"
    )
    assert {row["msdyn_invoicestatus"] for row in milestones} == {MILESTONE_INVOICED}


def test_rows_are_run_and_name_their_invoice(played: World) -> None:
    """Every schedule row that was due is Run Successful and refers to the invoice of its run date."""
    lines = played.rows("salesorderdetails", f"_salesorderid_value eq {contract(played)}")
    invoices = {row["invoiceid"]: row["createdon"][:10] for row in played.rows("invoices")}
    rows = [
        row
        for line in lines
        for row in played.rows(
            "msdyn_contractlineinvoiceschedules",
            f"_msdyn_contractlineid_value eq {line['salesorderdetailid']}",
        )
    ]
    assert len(rows) == 8
    for row in rows:
        assert row["msdyn_invoicerunstatus"] == RUN_SUCCESSFUL
        assert invoices[row["_msdyn_invoice_value"]] == row["msdyn_invoicerundate"][:10]
