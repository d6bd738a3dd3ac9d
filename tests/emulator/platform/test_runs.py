"""Runs of ProcessRunner: switches, failures, privileges."""

from __future__ import annotations

from connector.emulator.seed.documented_example import NAME
from tests.emulator.platform.world import World

NOT_RUN, RUN_SUCCESSFUL, RUN_FAILED = 192350000, 192350001, 192350002


def row_of(world: World, line: str) -> tuple[int, str | None]:
    """Status and invoice of the first schedule row of a line, by its name."""
    (found,) = world.rows("salesorderdetails", f"salesorderdetailname eq '{line}'")
    filter = f"_msdyn_contractlineid_value eq {found['salesorderdetailid']}"
    row = world.rows("msdyn_contractlineinvoiceschedules", filter, "msdyn_invoicerundate")[0]
    return row["msdyn_invoicerunstatus"], row["_msdyn_invoice_value"]


def test_a_contract_that_fails_marks_its_rows_and_stops_no_other(sample: World) -> None:
    """Its due rows are Run Failed, nothing of it is written, and the others are invoiced (rule G6)."""
    (contract,) = sample.rows("salesorders", f"name eq '{NAME}'")
    sample.emulator.change_switches(failing_contracts=[contract["salesorderid"]])
    sample.start("ProcessRunCaller", sample.create_batch_job())
    sample.advance(days=2, hours=1)
    assert row_of(sample, "Implementation work") == (RUN_FAILED, None)
    assert row_of(sample, "Prototype work") == (RUN_FAILED, None)
    assert sample.rows("invoices", f"_salesorderid_value eq {contract['salesorderid']}") == []
    assert row_of(sample, "Shop rollout")[0] == RUN_SUCCESSFUL
    sample.emulator.change_switches(failing_contracts=[])
    sample.advance(days=1)
    assert row_of(sample, "Implementation work") == (RUN_FAILED, None)


def test_a_missed_run_date_is_caught_up_or_not(sample: World) -> None:
    """A run of 7 October takes the row of the 5th only if the switch says that the platform catches up."""
    sample.advance(days=4)
    sample.emulator.change_switches(catches_up=False)
    sample.start("ProcessRunner", sample.create_batch_job())
    assert row_of(sample, "Shop rollout") == (NOT_RUN, None)
    sample.emulator.change_switches(catches_up=True)
    sample.advance(days=1, hours=1)
    assert row_of(sample, "Shop rollout")[0] == RUN_SUCCESSFUL


def test_the_invoicing_rules_are_the_emulators_own(sample: World) -> None:
    """With an exclusive cut-off the day of the cut-off waits for the next run date (rule T3)."""
    sample.emulator.change_switches(rules={"cut_off": "exclusive"})
    sample.start("ProcessRunCaller", sample.create_batch_job())
    sample.advance(days=2, hours=1)
    statuses = {row["msdyn_description"]: row["msdyn_billingstatus"] for row in sample.rows("msdyn_actuals")}
    assert statuses["The day before the first cut-off"] == 192350001
    assert statuses["The day of the first cut-off"] == 192350004


def test_a_starter_without_the_right_to_create_invoices_makes_the_run_fail(sample: World) -> None:
    """The job runs as its starter: without prvCreateInvoice the run fails and says so."""
    sample.start("ProcessRunCaller", sample.create_batch_job())
    sample.emulator.change_privileges({"take": ["prvCreateInvoice"]})
    sample.advance(days=3)
    assert sample.states() == [("ProcessRunCaller", 3, 30), ("ProcessRunner", 3, 31)]
    assert "prvCreateInvoice" in sample.jobs()[-1]["message"]
    assert sample.rows("invoices") == []


def test_an_invoice_belongs_to_the_starter_of_the_job(sample: World) -> None:
    """What the job writes is owned and created by the user under whom it runs."""
    sample.start("ProcessRunCaller", sample.create_batch_job())
    sample.advance(days=2, hours=1)
    user = sample.emulator.running.user_id  # type: ignore[union-attr]
    for invoice in sample.rows("invoices"):
        assert (invoice["_ownerid_value"], invoice["_createdby_value"]) == (user, user)
