"""Defects and housekeeping of the platform as switches: doubled run dates, purged jobs, deactivation."""

from __future__ import annotations

from decimal import Decimal

from tests.emulator.platform.test_invoice_action import contract, rows_of
from tests.emulator.platform.world import World

ROWS = "msdyn_contractlineinvoiceschedules"
FIRST_RUN = Decimal("8") * 150 + Decimal("2.5") * 150
"""What is ready of Implementation work up to its first cut-off, 4 October, by hand."""


def with_two_rows(world: World) -> None:
    """Implementation work has its first run date twice."""
    (row, *_) = rows_of(world, "Implementation work")
    found = world.row(ROWS, row)
    body = {
        "msdyn_name": "The same day again",
        "msdyn_invoicerundate": "2020-10-05T00:00:00Z",
        "msdyn_transactioncutoffdate": "2020-10-04T00:00:00Z",
        "msdyn_ContractLineId@odata.bind": f"/salesorderdetails({found['_msdyn_contractlineid_value']})",
    }
    world.create(ROWS, body)


def amount(world: World) -> Decimal:
    order = contract(world)
    (invoice,) = world.rows("invoices", f"_salesorderid_value eq {order}")
    lines = world.rows("invoicedetails", f"_invoiceid_value eq {invoice['invoiceid']}")
    amounts = {row["invoicedetailname"]: Decimal(row["baseamount"]) for row in lines}
    return amounts["Implementation work"]


def test_two_rows_of_one_run_date_count_once_or_twice(sample: World) -> None:
    """Once, as since May 2025 (rule L8); with defect 4769472 each row brings its transactions."""
    with_two_rows(sample)
    sample.start("ProcessRunner", sample.create_batch_job())
    sample.advance(days=2, hours=1)
    assert amount(sample) == FIRST_RUN
    (invoice,) = sample.rows("invoices", f"_salesorderid_value eq {contract(sample)}")
    assert sample.request("DELETE", f"invoices({invoice['invoiceid']})").status_code == 204
    sample.emulator.change_switches(doubles_same_run_date=True, catches_up=True)
    sample.advance(days=1)
    assert amount(sample) == FIRST_RUN * 2


def test_succeeded_jobs_are_gone_thirty_days_after_their_end(bare: World) -> None:
    """The built-in bulk deletion takes succeeded workflow jobs; failed and canceled ones stay."""
    batch_job = bare.create_batch_job()
    canceled = bare.start("ProcessRunCaller", batch_job)["asyncoperationid"]
    bare.patch("asyncoperations", canceled, {"statecode": 3, "statuscode": 32})
    first = bare.start("ProcessRunner", batch_job)["asyncoperationid"]
    bare.advance(days=30)
    assert bare.request("GET", f"asyncoperations({first})").status_code == 200
    bare.advance(minutes=2)
    assert bare.request("GET", f"asyncoperations({first})").status_code == 404
    assert bare.row("asyncoperations", canceled)["statuscode"] == 32


def test_nothing_is_purged_when_told_so(bare: World) -> None:
    """purges_after_days 0 keeps every job."""
    bare.emulator.change_switches(purges_after_days=0)
    first = bare.start("ProcessRunner", bare.create_batch_job())["asyncoperationid"]
    bare.advance(days=45)
    assert bare.row("asyncoperations", first)["statuscode"] == 30


def test_a_deactivated_workflow_has_no_jobs_that_wait(shaped: World) -> None:
    """Its waiting job is canceled, with its step; the chain ends there."""
    job = shaped.start("ProcessRunCaller", shaped.create_batch_job())["asyncoperationid"]
    definition = shaped.definition("ProcessRunCaller")
    with shaped.emulator.store.transaction() as tx:
        tx.update("workflow", definition, {"ownerid": shaped.user})
    shaped.patch("workflows", definition, {"statecode": 0, "statuscode": 1})
    found = shaped.row("asyncoperations", job)
    assert (found["statecode"], found["statuscode"], found["postponeuntil"]) == (3, 32, None)
    assert {row["status"] for row in shaped.rows("workflowlogs")} <= {4}
    shaped.advance(days=3)
    assert len(shaped.jobs()) == 1


def test_a_deactivated_workflow_lets_others_wait(shaped: World) -> None:
    """Only its own jobs are canceled."""
    job = shaped.start("ProcessRunCaller", shaped.create_batch_job())["asyncoperationid"]
    definition = shaped.definition("UpdateRoleUtilization")
    with shaped.emulator.store.transaction() as tx:
        tx.update("workflow", definition, {"ownerid": shaped.user})
    shaped.patch("workflows", definition, {"statecode": 0, "statuscode": 1})
    assert shaped.row("asyncoperations", job)["statecode"] == 1
