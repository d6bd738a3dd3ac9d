"""What creating, deleting and confirming an invoice does to statuses: tables before and after, by hand.

Each table has its source: a page of MicrosoftDocs/dynamics-365-project-operations below articles/, or a
rule of docs/invoicing-rules.md where that says whose choice it is. Nothing here is taken from the runner,
which shares its plug-ins with the emulator.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.emulator.platform.world import World

MILESTONES, ROWS = "msdyn_contractlinescheduleofvalues", "msdyn_contractlineinvoiceschedules"
ACTUALS, LINES, INVOICES = "msdyn_actuals", "salesorderdetails", "invoices"
ACTION = "msdyn_createinvoicefrominvoiceschedule"
ROW = "msdyn_contractlineinvoiceschedule"
NOT_RUN, RUN_SUCCESSFUL = 192350000, 192350001
UNBILLED, INVOICED, POSTED, READY = 192350000, 192350001, 192350002, 192350004
M_NOT_READY, M_READY, M_INVOICED, M_POSTED = 192350000, 192350001, 192350002, 192350003
DRAFT, CONFIRMED = 192350000, 192350002
NOT_STARTED, IN_PROGRESS, COMPLETED = 192350000, 192350001, 192350002
EXAMPLE = "Adatum"

WORK = "Implementation work"
# The work up to the second run date: status before, on the draft of 5 October, after its confirmation.
# Source: proforma-invoicing/manage-billing-backlog.md (what is taken, and Customer Invoice Created),
# pro/proforma-invoicing/manage-billing-backlog-sales.md (Customer Invoice Posted on confirmation); that
# the day of the cut-off is taken is the default of the setting cut_off.
TRANSACTIONS = {
    "Corrected later": (READY, READY, READY),
    "Introductory workshop": (READY, INVOICED, POSTED),
    "Travel to site": (READY, INVOICED, POSTED),
    "Not yet approved": (UNBILLED, UNBILLED, UNBILLED),
    "The day before the first cut-off": (READY, INVOICED, POSTED),
    "The day of the first cut-off": (READY, INVOICED, POSTED),
    "The day after the first cut-off": (READY, READY, READY),
    "The day before the second cut-off": (READY, READY, READY),
}
# Source: the same pages.
MILESTONES_OF_THE_LINE = {
    "Prototype accepted": (M_READY, M_INVOICED, M_POSTED),
    "Prototype in use": (M_READY, M_READY, M_READY),
}
# Source: rule G6 of docs/invoicing-rules.md; the statuses are those of the column's reference.
ROWS_OF_WORK = {"2020-10-05": (NOT_RUN, RUN_SUCCESSFUL), "2020-10-19": (NOT_RUN, NOT_RUN)}
BEFORE, DRAFTED, AFTER_CONFIRMATION = 0, 1, 2
SPLIT = {
    "source": "proforma-invoicing/billing-hub.md: 1,000 at 20 percent, marked Ready for invoicing",
    "before": [],
    "after": [(Decimal(200), M_READY), (Decimal(800), M_NOT_READY)],
    "after the invoice": [(Decimal(200), M_INVOICED), (Decimal(800), M_NOT_READY)],
    "after its confirmation": [(Decimal(200), M_POSTED), (Decimal(800), M_NOT_READY)],
}
HEADER = {
    "source": "pro/proforma-invoicing/manage-billing-backlog-sales.md: Not Started, In Progress, Completed",
    "no part ready": NOT_STARTED,
    "first part ready": IN_PROGRESS,
    "first part invoiced": IN_PROGRESS,
    "first part confirmed, one to go": IN_PROGRESS,
    "all parts confirmed": COMPLETED,
}


def line(world: World, name: str) -> dict[str, Any]:
    return world.rows(LINES, f"salesorderdetailname eq '{name}'")[0]


def invoice(world: World, *lines: dict[str, Any], day: str = "2020-10-05") -> None:
    """The platform's action for the rows of a day of these lines."""
    rows = [
        row[f"{ROW}id"]
        for one in lines
        for row in world.rows(ROWS, f"_msdyn_contractlineid_value eq {one['salesorderdetailid']}")
        if row["msdyn_invoicerundate"].startswith(day)
    ]
    items = [{"@odata.type": f"Microsoft.Dynamics.CRM.{ROW}", f"{ROW}id": row} for row in rows]
    body = {"InvoiceSchedules": items}
    answer = world.action("salesorders", lines[0]["_salesorderid_value"], ACTION, body)
    assert answer.status_code == 204, answer.text


def transactions(world: World, stage: int) -> None:
    id = line(world, WORK)["salesorderdetailid"]
    found = {
        row["msdyn_description"]: row["msdyn_billingstatus"]
        for row in world.rows(ACTUALS, f"_msdyn_salescontractlineid_value eq {id}")
    }
    expected = {name: statuses[stage] for name, statuses in TRANSACTIONS.items()}
    assert {name: found[name] for name in TRANSACTIONS} == expected


def milestones(world: World, stage: int) -> None:
    id = line(world, "Prototype work")["salesorderdetailid"]
    found = {
        row["msdyn_name"]: row["msdyn_invoicestatus"]
        for row in world.rows(MILESTONES, f"_msdyn_contractlineid_value eq {id}")
    }
    assert found == {name: statuses[stage] for name, statuses in MILESTONES_OF_THE_LINE.items()}


def rows(world: World, stage: int) -> None:
    id = line(world, WORK)["salesorderdetailid"]
    found = {
        row["msdyn_invoicerundate"][:10]: row["msdyn_invoicerunstatus"]
        for row in world.rows(ROWS, f"_msdyn_contractlineid_value eq {id}")
    }
    expected = {day: statuses[stage] for day, statuses in ROWS_OF_WORK.items()}
    assert {day: found[day] for day in ROWS_OF_WORK} == expected


@pytest.fixture
def day(sample: World) -> World:
    """Noon of the documented example's first run date."""
    sample.advance(days=2)
    return sample


def test_creating_a_draft_moves_what_is_on_it_and_nothing_else(day: World) -> None:
    """G6: row, transactions and milestone of 5 October; what is later keeps its status."""
    for held_against_its_table in (transactions, milestones, rows):
        held_against_its_table(day, BEFORE)
    invoice(day, line(day, WORK), line(day, "Prototype work"))
    for held_against_its_table in (transactions, milestones, rows):
        held_against_its_table(day, DRAFTED)


def test_confirming_an_invoice_posts_its_sources(day: World) -> None:
    """G6: with the draft confirmed, its transactions and milestones are Customer Invoice Posted."""
    invoice(day, line(day, WORK), line(day, "Prototype work"))
    (draft,) = day.rows(INVOICES)
    day.patch(INVOICES, draft["invoiceid"], {"msdyn_projectinvoicestatus": CONFIRMED})
    transactions(day, AFTER_CONFIRMATION)
    milestones(day, AFTER_CONFIRMATION)


def test_deleting_a_draft_gives_everything_back(day: World) -> None:
    """G8: what stood on it can be invoiced again; that its row runs again is our reading."""
    invoice(day, line(day, WORK), line(day, "Prototype work"))
    (draft,) = day.rows(INVOICES)
    assert day.request("DELETE", f"invoices({draft['invoiceid']})").status_code == 204
    for held_against_its_table in (transactions, milestones, rows):
        held_against_its_table(day, BEFORE)


def progress_header(world: World) -> tuple[dict[str, Any], str]:
    """A header of 1,000 on a line of its own, nothing marked."""
    (contract,) = world.rows("salesorders", f"startswith(name,'{EXAMPLE}')")
    body = {
        "salesorderid@odata.bind": f"/salesorders({contract['salesorderid']})",
        "salesorderdetailname": "By progress",
        "producttypecode": 5,
        "msdyn_billingmethod": 192350001,
        "emu_invoicescheduletype": 192350001,
    }
    id = world.create(LINES, body)
    header = world.create(
        MILESTONES,
        {
            "msdyn_name": "Build",
            "msdyn_contract@odata.bind": f"/salesorders({contract['salesorderid']})",
            "msdyn_ContractLineId@odata.bind": f"/salesorderdetails({id})",
            "msdyn_amount": 1000,
            "msdyn_invoicedate": "2020-10-05",
            "msdyn_transactionclassification": 192350003,
            "msdyn_transactiontypecode": 192350005,
            "emu_headerstatus": NOT_STARTED,
        },
    )
    world.create(
        ROWS,
        {
            "msdyn_ContractLineId@odata.bind": f"/salesorderdetails({id})",
            "msdyn_ContractLineScheduleOfValue@odata.bind": f"/{MILESTONES}({header})",
            "msdyn_invoicerundate": "2020-10-05",
        },
    )
    return line(world, "By progress"), header


def parts(world: World, header: str) -> list[tuple[Decimal, int]]:
    found = world.rows(MILESTONES, f"_emu_headermilestone_value eq {header}", "msdyn_amount")
    return [(row["msdyn_amount"], row["msdyn_invoicestatus"]) for row in found]


def header_status(world: World, header: str) -> int:
    return int(world.row(MILESTONES, header)["emu_headerstatus"])


def test_progress_at_20_percent_of_1000(day: World) -> None:
    """G7: the split, the draft and its confirmation, as billing-hub.md tells them, step by step."""
    one, header = progress_header(day)
    assert parts(day, header) == SPLIT["before"]
    assert header_status(day, header) == HEADER["no part ready"]
    day.patch(MILESTONES, header, {"emu_nextinvoicepercent": 20, "emu_nextinvoicestatus": M_READY})
    assert parts(day, header) == SPLIT["after"]
    assert header_status(day, header) == HEADER["first part ready"]
    invoice(day, one)
    assert parts(day, header) == SPLIT["after the invoice"]
    assert header_status(day, header) == HEADER["first part invoiced"]
    assert day.row(MILESTONES, header)["emu_nextinvoicestatus"] == M_INVOICED, "ours: it is billed"
    (draft,) = day.rows(INVOICES)
    assert draft["totalamount"] == Decimal(200)
    day.patch(INVOICES, draft["invoiceid"], {"msdyn_projectinvoicestatus": CONFIRMED})
    assert parts(day, header) == SPLIT["after its confirmation"]
    assert header_status(day, header) == HEADER["first part confirmed, one to go"]


def test_a_header_is_completed_with_its_last_part(day: World) -> None:
    """G7: the remaining 100 percent in one go, invoiced and confirmed."""
    one, header = progress_header(day)
    day.patch(MILESTONES, header, {"emu_nextinvoicepercent": 100, "emu_nextinvoicestatus": M_READY})
    assert parts(day, header) == [(Decimal(1000), M_READY)]
    invoice(day, one)
    (draft,) = day.rows(INVOICES)
    day.patch(INVOICES, draft["invoiceid"], {"msdyn_projectinvoicestatus": CONFIRMED})
    assert header_status(day, header) == HEADER["all parts confirmed"]


def test_progress_is_split_for_each_customer_of_the_line(day: World) -> None:
    """G2: 200 and 800 at 60 to 40 make four parts, each naming the line's customer that pays it."""
    one, header = progress_header(day)
    customers = {}
    for name, percent in (("Fabrikam, Inc.", 60), ("Litware, Inc.", 40)):
        (account,) = day.rows("accounts", f"name eq '{name}'")
        body = {
            "emu_ContractLine@odata.bind": f"/salesorderdetails({one['salesorderdetailid']})",
            "emu_Account@odata.bind": f"/accounts({account['accountid']})",
            "emu_splitpercent": percent,
            "emu_isrounding": percent == 60,
        }
        customers[day.create("emu_contractlinecustomers", body)] = name
    day.patch(MILESTONES, header, {"emu_nextinvoicepercent": 20, "emu_nextinvoicestatus": M_READY})
    found = day.rows(MILESTONES, f"_emu_headermilestone_value eq {header}")
    told = {
        (customers[row["_emu_linecustomer_value"]], row["msdyn_amount"], row["msdyn_invoicestatus"])
        for row in found
    }
    assert told == {
        ("Fabrikam, Inc.", Decimal(120), M_READY),
        ("Litware, Inc.", Decimal(80), M_READY),
        ("Fabrikam, Inc.", Decimal(480), M_NOT_READY),
        ("Litware, Inc.", Decimal(320), M_NOT_READY),
    }
    invoice(day, one)
    assert sorted(row["totalamount"] for row in day.rows(INVOICES)) == [Decimal(80), Decimal(120)]
