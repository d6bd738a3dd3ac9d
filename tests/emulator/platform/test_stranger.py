"""What a stranger writes with nothing but the published schema is enough to be invoiced."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.emulator.platform.world import World

WORK_BASED, TIME_AND_MATERIAL, FIXED_PRICE, PROJECT_BASED = 192350001, 192350000, 192350001, 5
UNBILLED_SALES, TIME, READY, CHARGEABLE = 192350005, 192350000, 192350004, 192350001
DAY = "2020-10-04T00:00:00Z"


def contract(world: World, **more: Any) -> str:
    account = world.create("accounts", {"name": "Stranger Ltd"})
    body = {
        "name": "A stranger's contract",
        "msdyn_ordertype": WORK_BASED,
        "msdyn_psastate": 192350002,
        "msdyn_psastatusreason": 192350003,
        "customerid_account@odata.bind": f"/accounts({account})",
    }
    return world.create("salesorders", body | more)


def line(world: World, order: str, method: int) -> str:
    body = {
        "salesorderid@odata.bind": f"/salesorders({order})",
        "salesorderdetailname": "Work",
        "productdescription": "Work",
        "isproductoverridden": True,
        "producttypecode": PROJECT_BASED,
        "msdyn_billingmethod": method,
        "quantity": 1,
    }
    return world.create("salesorderdetails", body)


def row(world: World, line: str, **more: Any) -> str:
    body = {
        "msdyn_name": "5 October",
        "msdyn_ContractLineId@odata.bind": f"/salesorderdetails({line})",
        "msdyn_invoicerundate": "2020-10-05",
        "msdyn_transactioncutoffdate": "2020-10-04",
        "msdyn_invoicerunstatus": 192350000,
    }
    return world.create("msdyn_contractlineinvoiceschedules", body | more)


def actual(world: World, line: str, amount: float, **more: Any) -> str:
    body = {
        "msdyn_SalesContractLineId@odata.bind": f"/salesorderdetails({line})",
        "msdyn_transactiontypecode": UNBILLED_SALES,
        "msdyn_transactionclassification": TIME,
        "msdyn_billingtype": CHARGEABLE,
        "msdyn_billingstatus": READY,
        "msdyn_amount": amount,
        "msdyn_documentdate": DAY,
        "msdyn_startdatetime": DAY,
        "msdyn_enddatetime": DAY,
    }
    return world.create("msdyn_actuals", body | more)


def run(world: World) -> list[dict[str, Any]]:
    """The invoices after the platform's job has run on 5 October."""
    world.start("ProcessRunCaller", world.create_batch_job())
    world.advance(days=2, hours=1)
    return world.rows("invoices")


def test_time_and_material_needs_no_invented_column(bare: World) -> None:
    """Contract, line, row and actual by POST: one invoice to the contract's customer, exact to the cent."""
    order = contract(bare)
    work = line(bare, order, TIME_AND_MATERIAL)
    schedule_row = row(bare, work)
    first, second = actual(bare, work, 100.10), actual(bare, work, 0.2)
    (invoice,) = run(bare)
    assert invoice["totalamount"] == Decimal("100.3")
    assert invoice["_customerid_value"] == bare.row("salesorders", order)["_customerid_value"]
    assert {bare.row("msdyn_actuals", id)["msdyn_billingstatus"] for id in (first, second)} == {192350001}
    done = bare.row("msdyn_contractlineinvoiceschedules", schedule_row)
    assert (done["msdyn_invoicerunstatus"], done["_msdyn_invoice_value"]) == (
        192350001,
        invoice["invoiceid"],
    )


def test_what_a_new_row_is_need_not_be_said(bare: World) -> None:
    """A new schedule row has not run, and a line with a billing method is a project-based service."""
    order = contract(bare)
    body = {"salesorderid@odata.bind": f"/salesorders({order})", "msdyn_billingmethod": TIME_AND_MATERIAL}
    work = bare.create("salesorderdetails", body)
    bind = {"msdyn_ContractLineId@odata.bind": f"/salesorderdetails({work})"}
    bare.create("msdyn_contractlineinvoiceschedules", {**bind, "msdyn_invoicerundate": "2020-10-05"})
    actual(bare, work, 12.5)
    (invoice,) = run(bare)
    assert invoice["totalamount"] == Decimal("12.5")


@pytest.mark.parametrize("column", ["msdyn_documentdate", "msdyn_startdatetime"])
def test_one_date_and_no_billing_type_are_enough_for_an_actual(bare: World, column: str) -> None:
    """An actual has the day of whichever date was sent, and is chargeable unless it says otherwise."""
    order = contract(bare)
    work = line(bare, order, TIME_AND_MATERIAL)
    row(bare, work)
    body = {
        "msdyn_SalesContractLineId@odata.bind": f"/salesorderdetails({work})",
        "msdyn_transactiontypecode": UNBILLED_SALES,
        "msdyn_transactionclassification": TIME,
        "msdyn_billingstatus": READY,
        "msdyn_amount": 80,
        column: DAY,
    }
    bare.create("msdyn_actuals", body)
    (invoice,) = run(bare)
    assert invoice["totalamount"] == Decimal(80)


def test_a_new_milestone_is_not_ready(bare: World) -> None:
    """Without an invoice status a milestone waits, as one that says Not Ready for invoicing."""
    order = contract(bare)
    bind = {"msdyn_ContractLineId@odata.bind": f"/salesorderdetails({line(bare, order, FIXED_PRICE)})"}
    milestone = bare.create(
        "msdyn_contractlinescheduleofvalues", {**bind, "msdyn_amount": 5, "msdyn_invoicedate": "2020-10-05"}
    )
    assert bare.row("msdyn_contractlinescheduleofvalues", milestone)["msdyn_invoicestatus"] == 192350000
    assert run(bare) == []


@pytest.mark.parametrize("has_row", [True, False])
def test_a_milestone_is_invoiced_with_or_without_a_row(bare: World, has_row: bool) -> None:
    """A ready milestone is due on its date; a schedule row may stand for it (rule L6)."""
    order = contract(bare)
    work = line(bare, order, FIXED_PRICE)
    milestone = bare.create(
        "msdyn_contractlinescheduleofvalues",
        {
            "msdyn_name": "Done",
            "msdyn_contract@odata.bind": f"/salesorders({order})",
            "msdyn_ContractLineId@odata.bind": f"/salesorderdetails({work})",
            "msdyn_amount": 250.5,
            "msdyn_invoicedate": "2020-10-05",
            "msdyn_invoicestatus": 192350001,
            "msdyn_transactionclassification": 192350003,
            "msdyn_transactiontypecode": UNBILLED_SALES,
        },
    )
    if has_row:
        navigation = "msdyn_ContractLineScheduleOfValue@odata.bind"
        row(bare, work, **{navigation: f"/msdyn_contractlinescheduleofvalues({milestone})"})
    (invoice,) = run(bare)
    assert invoice["totalamount"] == Decimal("250.5")
    stored = bare.row("msdyn_contractlinescheduleofvalues", milestone)
    assert stored["msdyn_invoicestatus"] == 192350002


def test_a_contract_in_another_currency_needs_it_said_once(bare: World) -> None:
    """Lines, milestones and actuals without a currency take the contract's."""
    (euro,) = bare.rows("transactioncurrencies", "isocurrencycode eq 'EUR'")
    id = euro["transactioncurrencyid"]
    order = contract(bare, **{"transactioncurrencyid@odata.bind": f"/transactioncurrencies({id})"})
    work = line(bare, order, TIME_AND_MATERIAL)
    row(bare, work)
    actual(bare, work, 10)
    (invoice,) = run(bare)
    assert invoice["_transactioncurrencyid_value"] == id


def test_an_actual_names_its_customer(bare: World) -> None:
    """Actuals of two customers make an invoice for each (rule G2)."""
    order = contract(bare)
    work = line(bare, order, TIME_AND_MATERIAL)
    row(bare, work)
    other = bare.create("accounts", {"name": "The other one"})
    actual(bare, work, 60)
    actual(bare, work, 40, **{"msdyn_AccountCustomer@odata.bind": f"/accounts({other})"})
    invoices = run(bare)
    assert {invoice["totalamount"] for invoice in invoices} == {Decimal(60), Decimal(40)}


def test_the_day_is_that_of_the_user_who_runs_the_job(bare: World) -> None:
    """With a user in Auckland, midnight of 5 October there is the evening before in UTC (rule L7)."""
    user = bare.user
    bare.patch("usersettingscollection", user, {"timezonecode": 290})
    work = line(bare, contract(bare), TIME_AND_MATERIAL)
    row(
        bare,
        work,
        msdyn_invoicerundate="2020-10-04T11:00:00Z",
        msdyn_transactioncutoffdate="2020-10-03T11:00:00Z",
    )
    actual(
        bare, work, 7, msdyn_documentdate="2020-10-03T11:00:00Z", msdyn_startdatetime="2020-10-03T11:00:00Z"
    )
    bare.start("ProcessRunCaller", bare.create_batch_job())
    bare.advance(hours=28)
    assert bare.rows("invoices") == []
    bare.emulator.change_switches(catches_up=False)
    bare.advance(hours=21)
    (invoice,) = bare.rows("invoices")
    assert invoice["createdon"] == "2020-10-05T06:01:30Z"


def test_a_batch_job_of_another_name_invoices_nothing(bare: World) -> None:
    """Without "create invoices" in its name the run succeeds and touches nothing (rule J1)."""
    work = line(bare, contract(bare), TIME_AND_MATERIAL)
    row(bare, work)
    actual(bare, work, 10)
    bare.start("ProcessRunner", bare.create_batch_job("Something else"))
    bare.advance(days=3)
    assert bare.rows("invoices") == []
    assert bare.states()[0] == ("ProcessRunner", 3, 30)


def test_the_name_of_the_batch_job_is_read_without_regard_to_case(bare: World) -> None:
    """PSA CREATE INVOICES is the invoice job too (rule J1)."""
    work = line(bare, contract(bare), TIME_AND_MATERIAL)
    row(bare, work)
    actual(bare, work, 10)
    bare.start("ProcessRunner", bare.create_batch_job("PSA CREATE INVOICES"))
    bare.advance(days=3)
    assert len(bare.rows("invoices")) == 1
