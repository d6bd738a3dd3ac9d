"""Runs of ProcessRunner: switches, failures, privileges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from connector.emulator.ownership import open_emulator
from connector.emulator.seed.documented_example import NAME
from connector.hooks import Plugins, load_plugins
from connector.model.invoicing_rules import InvoicingRules
from connector.workflow import Call, ContractDecision, ContractSnapshot, Run, StepDecision, Workflow
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
    user = sample.user
    for invoice in sample.rows("invoices"):
        assert (invoice["_ownerid_value"], invoice["_createdby_value"]) == (user, user)


class Dying:
    """ProcessRunner, until a certain contract ends the process."""

    is_reading_contracts = True

    def __init__(self, workflow: Workflow) -> None:
        self.name = workflow.name
        self._workflow = workflow

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:
        return self._workflow.start(call, rules)

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        if contract.contract.name == "Northwind - set-up with hardware":
            raise KeyboardInterrupt
        return self._workflow.decide(contract, run)

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:
        return self._workflow.end(call, ended_at)


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """Contracts that were done stay done, the others follow when the file is opened again."""
    whole = load_plugins()
    dying = tuple(Dying(item) if item.name == "ProcessRunner" else item for item in whole.workflows)
    path = tmp_path / "state.db"
    with open_emulator(path, plugins=Plugins(dying, whole.billing_methods)) as emulator:
        world = World(emulator)
        world.advance(days=1)
        world.start("ProcessRunCaller", world.create_batch_job())
        with pytest.raises(KeyboardInterrupt):
            world.advance(days=2)
        assert world.states()[-1] == ("ProcessRunner", 2, 20)
        before = {row["invoiceid"]: row["totalamount"] for row in world.rows("invoices")}
        assert len(before) == 4
        world.session.close()
    with open_emulator(path) as emulator:
        world = World(emulator)
        after = {row["invoiceid"]: row["totalamount"] for row in world.rows("invoices")}
        assert after.items() > before.items()
        assert len(after) == 7
        assert {row["createdon"] for row in world.rows("invoices")} == {"2020-10-05T06:00:00Z"}
        world.advance(minutes=2)
        assert world.states()[-2:] == [("ProcessRunner", 3, 30), ("ProcessRunCaller", 1, 10)]
        world.session.close()
