"""Drafts by the platform's own action: what is asked for, read back, compared, and never asked twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest

from connector.dataverse import EVERYTHING
from connector.errors import Refused
from connector.model.invoicing_rules import InvoicingRules
from connector.model.reason import Reason
from connector.runner.apply import ACTION
from connector.runner.compare import sources_of
from connector.runner.invoicing import RunRequest
from connector.runner.outcome import ContractOutcome, InvoiceState
from connector.runner.read_drafts import read_drafts
from connector.workflow import CreateInvoice
from tests.job.faults import Fault, watched
from tests.runner.emulated import EXAMPLE, Emulated

FIRST, MISSED = date(2020, 10, 5), date(2020, 10, 20)


def states(outcomes: list[ContractOutcome]) -> set[InvoiceState]:
    return {invoice.state for outcome in outcomes for invoice in outcome.invoices}


def failures(outcomes: list[ContractOutcome]) -> list[tuple[Reason, str]]:
    return [(failure.reason, failure.message) for outcome in outcomes for failure in outcome.failures]


def number_of(seen: list[str], words: str) -> int:
    return next(number for number, request in enumerate(seen) if words in request)


def test_what_is_applied_is_what_was_previewed(world: Emulated) -> None:
    """The platform's drafts equal the plan, source by source and to the cent; wiring, not agreement."""
    preview = {
        (one.invoice.contract, one.invoice.customer, one.invoice.currency): one.invoice
        for outcome in world.run(RunRequest())
        for one in outcome.invoices
    }
    outcomes = world.apply()
    assert failures(outcomes) == []
    assert states(outcomes) == {InvoiceState.CREATED}
    created = [one for outcome in outcomes for one in outcome.invoices]
    assert len(created) == len(preview) == 7
    for one in created:
        planned = preview[one.invoice.contract, one.invoice.customer, one.invoice.currency]
        [draft] = [
            draft
            for draft in read_drafts(world.client, world.tables, [one.invoice.contract])
            if draft.invoice.id == one.id
        ]
        assert draft.invoice.total_amount == planned.total


def test_a_second_run_creates_nothing(world: Emulated) -> None:
    """What was invoiced is not invoiced again, and every line says why."""
    world.apply()
    again = world.apply()
    assert states(again) == set()
    assert failures(again) == []


def test_missed_dates_are_caught_up_oldest_first(world: Emulated) -> None:
    """L4 and G1: each run date gets its own call and its own invoice."""
    world.set_clock(MISSED)
    contract = world.contract(EXAMPLE).id
    with watched(world.client.url) as line:
        [outcome] = world.apply(contract)
    assert [str(one.invoice.invoice_run_date) for one in outcome.invoices] == ["2020-10-05", "2020-10-19"]
    assert outcome.failures == ()
    assert len([request for request in line.seen if ACTION in request]) == 2


def test_a_row_that_changed_since_the_plan_is_a_conflict_and_nothing_is_sent(world: Emulated) -> None:
    """The action has no etag: rows are read again just before, and a change stops the contract."""
    contract = world.contract(EXAMPLE).id
    with watched(world.client.url) as rehearsal:
        world.preview(FIRST, contract)
    with watched(world.client.url) as line:
        line.at, line.before = len(rehearsal.seen), lambda: change_a_row(world, contract)
        [outcome] = world.apply(contract)
    assert outcome.invoices == ()
    [failure] = outcome.failures
    assert failure.reason is Reason.CONFLICT
    assert failure.invoice_run_date == FIRST
    assert not any(ACTION in request for request in line.seen)
    assert world.drafts(contract) == []


def change_a_row(world: Emulated, contract: str) -> None:
    """What somebody else does between the plan and the call."""
    table = world.tables.invoice_schedule
    lines = {
        line.id
        for line in world.client.list(world.tables.contract_line, EVERYTHING)
        if line.contract == contract and line.name == "Implementation work"
    }
    row = min(
        (row for row in world.client.list(table, EVERYTHING) if row.contract_line in lines),
        key=lambda row: str(row.invoice_run_date),
    )
    world.client.update(table.entity_set, row.id, {"msdyn_name": "renamed"}, etag=row.etag or "")


def test_a_contract_that_fails_does_not_stop_the_others(world: Emulated) -> None:
    """The platform's error is named, and later contracts are invoiced."""
    contract = world.contract(EXAMPLE).id
    world.emulator.change_switches(failing_contracts=(contract,))
    outcomes = world.apply()
    [failed] = [outcome for outcome in outcomes if outcome.failures]
    assert failed.contract == contract
    assert failed.invoices == ()
    assert failed.failures[0].reason is Reason.BLOCKED
    assert contract in failed.failures[0].message
    assert len([one for outcome in outcomes for one in outcome.invoices]) == 6


def test_a_later_date_waits_when_an_earlier_one_failed(world: Emulated) -> None:
    """T7: its invoice would take what the earlier one left."""
    world.set_clock(MISSED)
    contract = world.contract(EXAMPLE).id
    world.emulator.change_switches(failing_contracts=(contract,))
    with watched(world.client.url) as line:
        [outcome] = world.apply(contract)
    assert [str(failure.invoice_run_date) for failure in outcome.failures] == ["2020-10-05", "2020-10-19"]
    assert "not asked for" in outcome.failures[1].message
    assert len([request for request in line.seen if ACTION in request]) == 1


def test_a_milestone_without_a_row_needs_one(world: Emulated) -> None:
    """The action takes rows only: the milestone is planned in a preview and told when applied."""
    contract = world.contract("Proseware").id
    table = world.tables.invoice_schedule
    lines = [
        line.id
        for line in world.client.list(world.tables.contract_line, EVERYTHING)
        if line.contract == contract
    ]
    for row in world.client.list(table, EVERYTHING):
        if row.contract_line in lines:
            world.client.delete(table.entity_set, row.id, etag=row.etag or "")
    [preview] = world.preview(FIRST, contract)
    assert [one.invoice.is_by_row for one in preview.invoices] == [False]
    assert preview.on_apply == ()
    [outcome] = world.apply(contract)
    assert outcome.invoices == ()
    [told] = [skip for skip in outcome.skips if skip.reason is Reason.NEEDS_SCHEDULE_ROW]
    assert (told.count, told.currency_code) == (1, "USD")
    assert world.drafts(contract) == []


@pytest.mark.parametrize("catch_up", [True, False])
@pytest.mark.parametrize("is_by_records", [True, False])
def test_a_run_creates_what_its_preview_showed_for_it(
    world: Emulated, catch_up: bool, is_by_records: bool
) -> None:
    """L4: run dates that only a run of ours takes up are shown apart, and nothing else is created."""
    world.set_clock(MISSED)
    contract = world.contract(EXAMPLE).id
    rules = msgspec.structs.replace(world.rules, catch_up=catch_up)
    request = RunRequest(contracts=(contract,), is_by_records=is_by_records)
    [preview] = world.run(request, rules)
    [outcome] = world.run(replace(request, is_applying=True), rules)
    assert outcome.failures == ()
    assert (preview.on_apply is not None) is catch_up
    planned = tuple(one.invoice for one in preview.invoices)
    shown = planned if preview.on_apply is None else preview.on_apply
    assert [without_numbers(one) for one in shown] == [
        without_numbers(one.invoice) for one in outcome.invoices
    ]
    assert planned != shown or not catch_up


def without_numbers(invoice: CreateInvoice) -> tuple[object, ...]:
    """What an invoice is, whatever stands on it in which order."""
    return invoice.invoice_run_date, invoice.customer, invoice.currency, invoice.total, sources_of(invoice)


@pytest.mark.parametrize("fault", [Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.DOWN])
def test_a_lost_answer_is_looked_into_and_never_asked_again(world: Emulated, fault: Fault) -> None:
    """Not idempotent: what was done is found by looking, what was not stays unknown."""
    contract = world.contract("Wingtip").id
    with watched(world.client.url) as rehearsal:
        world.preview(FIRST, contract)
    with watched(world.client.url) as line:
        line.fault = fault
        line.at = len(rehearsal.seen) + 2  # after the rows and the drafts were read again
        [outcome] = world.apply(contract)
    assert len([request for request in line.seen if ACTION in request]) == 1
    [invoice] = outcome.invoices
    if fault is Fault.DOWN:
        assert (invoice.state, invoice.id) == (InvoiceState.UNKNOWN, None)
        assert "could not be read back" in outcome.failures[0].message
    elif fault is Fault.LOST_AFTER:
        assert invoice.state is InvoiceState.CREATED
        assert [invoice.id] == world.drafts(contract)
        assert outcome.failures == ()
    else:
        assert (invoice.state, invoice.id) == (InvoiceState.UNKNOWN, None)
        assert "look again" in outcome.failures[0].message
        assert world.drafts(contract) == []


def test_what_the_platform_did_otherwise_is_named(world: Emulated) -> None:
    """The plan knows no value for a failed not-to-exceed check: the platform left that actual out."""
    contract = world.contract("Northwind").id
    request = RunRequest(contracts=(contract,), is_applying=True)
    [outcome] = world.run(request, InvoicingRules())
    [invoice] = outcome.invoices
    assert invoice.state is InvoiceState.UNKNOWN
    assert invoice.id in world.drafts(contract)
    [failure] = outcome.failures
    assert failure.reason is Reason.CONFLICT
    assert "total" in failure.message
    assert "missing" in failure.message


def test_a_row_with_nothing_to_bill_is_marked_without_an_invoice(world: Emulated) -> None:
    """G6: the platform marks it; the mirror asks for it and creates nothing."""
    world.apply()
    world.set_clock(date(2020, 11, 16))
    world.apply()
    world.set_clock(date(2020, 11, 17))
    assert failures(world.apply()) == []


def test_creating_ends_when_the_environments_own_run_is_due(world: Emulated) -> None:
    """J10: a long run stops before the next contract, and what it created until then was handed out."""
    world.client.who_am_i()  # the environment's now, as its latest answer has it
    own = world.client.now + timedelta(hours=1)
    run = world.start(RunRequest(is_applying=True, until=own))
    first = next(run.outcomes)
    world.emulator.move_clock(own)
    world.client.who_am_i()
    with pytest.raises(Refused, match="due since"):
        list(run.outcomes)
    drafts = list(world.client.list(world.tables.invoice, EVERYTHING))
    assert {draft.id for draft in drafts} == {one.id for one in first.invoices}


def test_the_invoices_of_a_day_to_come_are_refused(world: Emulated) -> None:
    """The platform's action would not wait."""
    with pytest.raises(Refused):
        world.start(RunRequest(on=date(2020, 10, 19), is_applying=True))


def test_without_the_schedules_definition_nothing_is_sent(world: Emulated) -> None:
    """The body is made from the live definition, not from a guess."""
    blind = replace(world, row_definition=None)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="msdyn_contractlineinvoiceschedule"):
        blind.start(RunRequest(is_applying=True))
