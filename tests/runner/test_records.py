"""Drafts record by record, in the emulator: once, whole, and never over somebody else's change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import msgspec
import pytest

from connector.dataverse import EVERYTHING, Create
from connector.hooks import load_plugins
from connector.model.contract_line import BillingStatus
from connector.model.reason import Reason
from connector.runner.apply_records import ByRecords
from connector.runner.outcome import InvoiceState
from connector.runner.plan import ContractPlan, plan_contract
from connector.runner.read import stream_contracts
from connector.runner.read_drafts import Draft, read_drafts
from connector.runner.records import Recorder
from connector.workflow import LineSnapshot, Run
from projops_plugins.process_runner import ProcessRunner
from tests.job.faults import Fault, watched
from tests.plugins.contracts import run_of
from tests.runner.emulated import EXAMPLE, Emulated, emulated

FIRST = date(2020, 10, 5)
ORGANIZATION = "0f0f0f0f-0000-0000-0000-000000000000"


def the_run(world: Emulated) -> Run:
    rules = {"not_to_exceed_failed": 192350001}
    run = run_of({"day": FIRST.isoformat(), "rules": rules, "takes_missed": True})
    return replace(run, billing_methods=load_plugins().billing_methods)


def plan_of(world: Emulated, name: str) -> ContractPlan:
    [snapshot] = stream_contracts(world.client, world.tables, [world.contract(name).id])
    return plan_contract(snapshot, ProcessRunner(), the_run(world))


def maker(world: Emulated) -> ByRecords:
    return ByRecords(world.client, world.tables, ORGANIZATION)


def told(draft: Draft) -> tuple[object, ...]:
    """What two ways of creating an invoice must agree on."""
    lines = sorted(
        (line.name, line.base_amount, line.tax, line.extended_amount, line.chargeable_amount)
        for line in draft.lines
    )
    invoice = draft.invoice
    return invoice.customer, invoice.name, invoice.total_amount, invoice.total_tax, lines, draft.sources


def test_both_ways_make_the_same_invoices() -> None:
    """Sources, lines and sums agree with what the platform's action makes; wiring, not agreement."""
    found = []
    for is_by_records in (False, True):
        with emulated() as world:
            world.set_clock(FIRST)
            outcomes = world.apply(is_by_records=is_by_records)
            assert not [outcome.failures for outcome in outcomes if outcome.failures]
            contracts = [outcome.contract for outcome in outcomes]
            drafts = read_drafts(world.client, world.tables, contracts)
            found.append(sorted(map(told, drafts), key=str))
            statuses = {
                (row.name, row.run_status, row.invoice is not None)
                for row in world.client.list(world.tables.invoice_schedule, EVERYTHING)
            }
            found[-1].append(("rows", statuses))
    assert len(found[0]) == 8
    assert found[0] == found[1]


def test_the_same_plan_applied_twice_is_already_there(world: Emulated) -> None:
    """The id is made of all sources: the second time finds the first one's invoice."""
    plan = plan_of(world, EXAMPLE)
    first = maker(world).apply(plan)
    second = maker(world).apply(plan)
    assert [one.state for one in first.invoices] == [InvoiceState.CREATED]
    assert [one.state for one in second.invoices] == [InvoiceState.ALREADY_THERE]
    assert [one.id for one in first.invoices] == [one.id for one in second.invoices]
    assert second.failures == ()
    assert world.drafts(plan.snapshot.contract.id) == [first.invoices[0].id]


def test_an_invoice_that_holds_something_else_is_a_conflict(world: Emulated) -> None:
    """Under the same id only exactly the planned sources are "already there"."""
    plan = plan_of(world, EXAMPLE)
    assert maker(world).apply(plan).failures == ()
    with world.emulator.store.transaction() as tx:
        connection = tx.find("msdyn_transactionconnection", {})[0]
        tx.delete("msdyn_transactionconnection", str(connection["msdyn_transactionconnectionid"]))
    again = maker(world).apply(plan)
    assert again.invoices == ()
    assert [failure.reason for failure in again.failures] == [Reason.CONFLICT]


def test_a_write_that_nobody_answers_for_is_unknown(world: Emulated) -> None:
    """When looking is in vain too, the invoices are unknown, each with the id that it has if it is there."""
    plan = plan_of(world, EXAMPLE)
    with watched(world.client.url) as line:
        line.fault, line.at = Fault.DOWN, 1
        outcome = maker(world).apply(plan)
    assert [one.state for one in outcome.invoices] == [InvoiceState.UNKNOWN]
    assert [one.id for one in outcome.invoices] == world.drafts(plan.snapshot.contract.id)
    assert [failure.reason for failure in outcome.failures] == [Reason.BLOCKED]


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.GARBLED])
def test_a_lost_answer_makes_no_second_invoice(world: Emulated, fault: Fault) -> None:
    """A change set of creates and updates under etags may be repeated."""
    plan = plan_of(world, EXAMPLE)
    with watched(world.client.url) as line:
        line.fault, line.at = fault, 1  # after the customers were read
        outcome = maker(world).apply(plan)
    assert line.seen[1].endswith("$batch")
    assert outcome.failures == ()
    assert {one.state for one in outcome.invoices} <= {InvoiceState.CREATED, InvoiceState.ALREADY_THERE}
    assert world.drafts(plan.snapshot.contract.id) == [one.id for one in outcome.invoices]


def test_a_source_that_changed_is_a_conflict_and_nothing_is_written(world: Emulated) -> None:
    """If-Match on every source: all or nothing."""
    plan = plan_of(world, EXAMPLE)
    [actual, *_] = [
        actual
        for line in plan.snapshot.lines
        for actual in line.actuals
        if actual.description == "The day of the first cut-off"
    ]
    changes = {"msdyn_billingstatus": int(BillingStatus.UNBILLED_SALES_CREATED)}
    world.client.update(world.tables.actual.entity_set, actual.id, changes, etag=actual.etag or "")
    outcome = maker(world).apply(plan)
    assert outcome.invoices == ()
    assert [failure.reason for failure in outcome.failures] == [Reason.CONFLICT]
    assert world.drafts(plan.snapshot.contract.id) == []


def test_another_plan_makes_another_invoice(world: Emulated) -> None:
    """A source more is another id, so that it is never taken for already there."""
    plan = plan_of(world, EXAMPLE)
    recorder = Recorder(world.tables, ORGANIZATION, {})
    [invoice] = plan.invoices
    fewer = replace(invoice, lines=invoice.lines[:-1])
    assert recorder.invoice_id(invoice) == recorder.invoice_id(invoice)
    assert recorder.invoice_id(fewer) != recorder.invoice_id(invoice)


def test_a_contract_that_is_too_large_for_a_change_set_is_reported_with_its_count(world: Emulated) -> None:
    """1,000 operations are the limit; nothing is sent that cannot pass."""
    plan = plan_of(world, EXAMPLE)
    large = plan_contract(
        replace(plan.snapshot, lines=tuple(many(line) for line in plan.snapshot.lines)),
        ProcessRunner(),
        the_run(world),
    )
    with watched(world.client.url) as line:
        outcome = maker(world).apply(large)
    [failure] = outcome.failures
    assert failure.reason is Reason.TOO_LARGE
    assert "2006 operations" in failure.message
    assert not [request for request in line.seen if "$batch" in request]
    assert maker(world).preview(large).failures == outcome.failures


def many(line: LineSnapshot) -> LineSnapshot:
    """A thousand copies of the work of the day of the first cut-off, and nothing else to bill."""
    copied = [actual for actual in line.actuals if actual.description == "The day of the first cut-off"]
    return replace(
        line,
        actuals=tuple(
            msgspec.structs.replace(actual, id=f"00000000-0000-0000-0000-{number:012}")
            for actual in copied
            for number in range(1000)
        ),
    )


def test_every_source_is_written_under_its_etag(world: Emulated) -> None:
    """Rows, milestones, actuals: each once, each If-Match; everything new is create-only."""
    plan = plan_of(world, EXAMPLE)
    customers = {invoice.customer: "account" for invoice in plan.invoices}
    operations = Recorder(world.tables, ORGANIZATION, customers).operations(plan)
    updates = [operation for operation in operations if not isinstance(operation, Create)]
    details = sum(len(line.details) for invoice in plan.invoices for line in invoice.lines)
    rows = sum(len(invoice.schedule_rows) for invoice in plan.invoices)
    assert len(updates) == details + rows == 10
    assert all(getattr(update, "etag", None) for update in updates)
    assert len(operations) == len(updates) + len(plan.invoices) + details


def test_a_split_milestone_is_settled_once(world: Emulated) -> None:
    """G2: two invoices hold its parts, and it changes its status once."""
    world.set_clock(date(2020, 10, 19))
    outcomes = world.apply(world.contract("Fabrikam").id, is_by_records=True)
    [outcome] = outcomes
    assert outcome.failures == ()
    milestones = [
        (one.invoice.customer, detail.source_id, detail.amount)
        for one in outcome.invoices
        for line in one.invoice.lines
        for detail in line.details
        if detail.source == "msdyn_contractlinescheduleofvalue"
    ]
    assert len({customer for customer, _, _ in milestones}) == 2
    assert len({id for _, id, _ in milestones}) == 1
    assert sum((amount for _, _, amount in milestones), Decimal()) > 0
