"""What holds for every contract, whatever stands in it."""

from __future__ import annotations

import decimal
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model.contract_line import BillingStatus, ProductType
from connector.model.invoice_schedule import RunStatus
from connector.model.invoicing_rules import CutOff, NothingToBill
from connector.model.milestone import InvoiceStatus
from connector.model.reason import Reason
from connector.runner.plan import plan_contract
from connector.workflow import (
    ACTUAL,
    MILESTONE,
    ContractDecision,
    ContractSnapshot,
    CreateInvoice,
    Judgement,
    LineSnapshot,
    Run,
    Skip,
)
from projops_plugins.process_runner import ProcessRunner
from tests.plugins.aftermath import after
from tests.plugins.contracts import contract_of, run_of
from tests.plugins.generated import contracts, runs

Words = dict[str, Any]
some = settings(max_examples=120)


def decided(contract_words: Words, run_words: Words) -> tuple[ContractSnapshot, Run, list[ContractDecision]]:
    run = run_of(run_words)
    contract = contract_of(contract_words, run.zone)
    return contract, run, list(ProcessRunner().decide(contract, run))


def invoices(decisions: list[ContractDecision]) -> list[CreateInvoice]:
    return [decision for decision in decisions if isinstance(decision, CreateInvoice)]


def exact(amount: Decimal) -> Fraction:
    return Fraction(amount)


@some
@given(contracts(), runs)
def test_the_sums_of_an_invoice_agree_to_the_last_digit(contract: Words, run: Words) -> None:
    """T9 holds exactly, held against fractions, for amounts of 15 digits with 10 decimals."""
    with decimal.localcontext(prec=9):
        _, _, decisions = decided(contract, run)
        for invoice in invoices(decisions):
            for line in invoice.lines:
                chargeable = [detail for detail in line.details if detail.is_chargeable]
                assert exact(line.amount) == sum(exact(detail.amount) for detail in chargeable)
                assert exact(line.tax) == sum(exact(detail.tax) for detail in line.details)
                assert exact(line.extended_amount) == sum(
                    exact(detail.amount) + exact(detail.tax) for detail in chargeable
                )
            assert exact(invoice.total) == sum(exact(line.extended_amount) for line in invoice.lines)


@some
@given(contracts(), runs)
def test_no_source_stands_on_two_invoices(contract: Words, run: Words) -> None:
    """G8: a source is billed once; the parts of a split milestone go to different customers."""
    _, _, decisions = decided(contract, run)
    taken = Counter(
        (detail.source, detail.source_id, invoice.customer if detail.source == MILESTONE else "")
        for invoice in invoices(decisions)
        for line in invoice.lines
        for detail in line.details
    )
    assert not [source for source, count in taken.items() if count > 1]


@some
@given(contracts(), runs)
def test_the_parts_of_a_milestone_add_up_to_it(contract: Words, run: Words) -> None:
    """G2: whatever the shares, customers pay the milestone and not a digit more or less."""
    snapshot, _, decisions = decided(contract, run)
    parts: dict[str, Fraction] = {}
    for invoice in invoices(decisions):
        for line in invoice.lines:
            for detail in line.details:
                if detail.source == MILESTONE:
                    parts[detail.source_id] = parts.get(detail.source_id, Fraction()) + exact(detail.amount)
    amounts = {item.id: item.amount for line in snapshot.lines for item in line.milestones}
    for milestone, paid in parts.items():
        amount = amounts[milestone]
        assert amount is not None
        assert paid == exact(amount)


@some
@given(contracts(), runs, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(contract: Words, run: Words, random: Random) -> None:
    """The plan is a function of what stands in the environment, not of how it was read."""
    snapshot, the_run, decisions = decided(contract, run)
    assert list(ProcessRunner().decide(shuffled(snapshot, random), the_run)) == decisions


def shuffled(contract: ContractSnapshot, random: Random) -> ContractSnapshot:
    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(random.sample(items, len(items)))

    lines: tuple[LineSnapshot, ...] = mixed(contract.lines)
    return replace(
        contract,
        customers=mixed(contract.customers),
        lines=tuple(
            replace(
                line,
                schedule=mixed(line.schedule),
                milestones=mixed(line.milestones),
                actuals=mixed(line.actuals),
                customers=mixed(line.customers),
                unapproved=mixed(line.unapproved),
            )
            for line in lines
        ),
    )


@some
@given(contracts(), runs)
def test_every_ready_transaction_that_is_due_is_invoiced_or_has_a_reason(contract: Words, run: Words) -> None:
    """For each line: what a due row covers and is ready is either billed or counted under a reason."""
    snapshot, the_run, decisions = decided(contract, run)
    billed = Counter(
        line.contract_line
        for invoice in invoices(decisions)
        for line in invoice.lines
        for detail in line.details
        if detail.source == ACTUAL
    )
    reasons: Counter[str | None] = Counter()
    for decision in decisions:
        if isinstance(decision, Skip):
            reasons[decision.contract_line] += decision.count or 0
    for line in snapshot.lines:
        assert billed[line.line.id] + reasons[line.line.id] >= len(due_and_ready(line, the_run))


def due_and_ready(line: LineSnapshot, run: Run) -> list[str]:
    """Written again from the rules, without the plug-in's own code."""
    statuses = {RunStatus.NOT_RUN} | ({RunStatus.RUN_FAILED} if run.rules.retry_failed else set())
    cut_offs = [
        run.day_of(row.transaction_cutoff_date)
        for row in line.schedule
        if row.run_status in statuses and row.invoice_run_date and row.transaction_cutoff_date
        if run.day_of(row.invoice_run_date) == run.day
        or (run.takes_missed and run.day_of(row.invoice_run_date) < run.day)
    ]
    if not cut_offs:
        return []
    latest = min(max(cut_offs), run.day)
    return [
        actual.id
        for actual in line.actuals
        if actual.billing_status == BillingStatus.READY_TO_INVOICE
        and actual.document_date is not None
        and (
            run.day_of(actual.document_date) < latest
            or (run.rules.cut_off is CutOff.INCLUSIVE and run.day_of(actual.document_date) == latest)
        )
    ]


@some
@given(contracts(), runs)
def test_every_ready_milestone_whose_date_has_come_is_invoiced_or_has_a_reason(
    contract: Words, run: Words
) -> None:
    """L6: a milestone of the past that is ready is billed, or its line says why not."""
    snapshot, the_run, decisions = decided(contract, run)
    billed = {
        detail.source_id
        for invoice in invoices(decisions)
        for line in invoice.lines
        for detail in line.details
    }
    told = {decision.contract_line for decision in decisions if isinstance(decision, Skip)}
    for line in snapshot.lines:
        headers = {milestone.header for milestone in line.milestones}
        for milestone in line.milestones:
            if milestone.id in headers:
                assert milestone.id not in billed, "G7: a header is billed by its parts"
                continue
            assert milestone.milestone_date is not None
            has_come = the_run.day_of(milestone.milestone_date) <= the_run.day
            if has_come and milestone.invoice_status == InvoiceStatus.READY_FOR_INVOICING:
                assert milestone.id in billed or line.line.id in told


@some
@given(contracts(), runs)
def test_planning_again_after_the_plan_was_carried_out_bills_nothing(contract: Words, run: Words) -> None:
    """What was invoiced is not invoiced again, and rows that ran do not run again."""
    snapshot, the_run, decisions = decided(contract, run)
    again = list(ProcessRunner().decide(after(snapshot, decisions), the_run))
    assert not invoices(again)
    if the_run.rules.nothing_to_bill is NothingToBill.SUCCESSFUL:
        assert all(isinstance(decision, Skip) for decision in again)


@some
@given(contracts(), runs)
def test_an_empty_line_never_makes_an_invoice(contract: Words, run: Words) -> None:
    """G4: no transactions, no invoice."""
    _, _, decisions = decided(contract, run)
    for invoice in invoices(decisions):
        assert any(line.details for line in invoice.lines)


@some
@given(contracts(), runs)
def test_a_row_is_settled_by_one_decision_only(contract: Words, run: Words) -> None:
    """G6: of several invoices of one run date one carries the rows, and no row is marked besides."""
    _, _, decisions = decided(contract, run)
    settled = Counter(row for invoice in invoices(decisions) for row in invoice.schedule_rows)
    settled.update(decision.schedule_row for decision in decisions if hasattr(decision, "schedule_row"))
    assert not [row for row, count in settled.items() if count > 1]


@some
@given(contracts(), runs)
def test_every_source_has_a_judgement_and_those_taken_are_those_invoiced(contract: Words, run: Words) -> None:
    """Asked to explain itself, a run says of each transaction, milestone and product what became of it."""
    snapshot, the_run, decisions = decided(contract, run)
    explained = list(ProcessRunner().decide(snapshot, replace(the_run, is_explaining=True)))
    judged = [one for one in explained if isinstance(one, Judgement)]
    assert [one for one in explained if not isinstance(one, Judgement)] == decisions
    billed = {
        detail.source_id
        for invoice in invoices(decisions)
        for line in invoice.lines
        for detail in line.details
    }
    taken = {one.source_id for one in judged if one.is_taken}
    left = [one.source_id for one in judged if not one.is_taken]
    assert taken == billed
    assert not taken & set(left)
    assert len(left) == len(set(left)), "two reasons for one source"
    sources = {item.id for line in snapshot.lines for item in line.milestones}
    sources |= {item.id for line in snapshot.lines for item in line.actuals}
    sources |= {line.line.id for line in snapshot.lines if line.line.product_type == ProductType.PRODUCT}
    assert taken | set(left) == sources


@some
@given(contracts(), runs)
def test_a_judgement_says_what_the_reasons_of_its_line_say(contract: Words, run: Words) -> None:
    """What is counted under a reason of a line is what was judged so, transaction by transaction."""
    snapshot, the_run, _ = decided(contract, run)
    plan = plan_contract(snapshot, ProcessRunner(), replace(the_run, is_explaining=True))
    counted: Counter[tuple[str | None, str]] = Counter()
    for one in plan.skips:
        counted[one.contract_line, str(one.reason)] += one.count or 0
    judged: Counter[tuple[str | None, str]] = Counter(
        (one.contract_line, str(one.reason)) for one in plan.judgements if one.reason
    )
    for key, count in counted.items():
        assert judged[key] >= count, key  # what is no news of an earlier run is judged and not counted
    told = {one.contract_line for one in plan.skips}
    for judgement in plan.judgements:
        is_news = judgement.reason not in {None, Reason.ALREADY_ON_INVOICE, Reason.ADJUSTED}
        if is_news and judgement.source == ACTUAL:
            assert judgement.contract_line in told or not _is_ready(snapshot, judgement.source_id)
            assert judgement.found


def _is_ready(snapshot: ContractSnapshot, actual: str) -> bool:
    return any(
        one.id == actual and one.billing_status == BillingStatus.READY_TO_INVOICE
        for line in snapshot.lines
        for one in line.actuals
    )
