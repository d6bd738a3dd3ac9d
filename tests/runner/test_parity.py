"""What the platform created for a run date, beside what the mirror would have created.

Against the emulator, whose job runs our own plug-ins, agreement proves wiring only: so most tests change
something by hand and see the comparison go red.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from connector.dataverse import Query, eq, guid
from connector.errors import UsageError
from connector.hooks import load_plugins
from connector.model.invoice import Invoice
from connector.model.invoice_line import InvoiceLineRecord
from connector.model.invoice_schedule import RunStatus
from connector.model.invoicing_rules import CutOff, InvoicingRules
from connector.runner.before_run import Created, created_on, doubtful, restored, why_unknown
from connector.runner.carried import carried
from connector.runner.compare import sources_of
from connector.runner.invoicing import RunRequest
from connector.runner.parity import Aspect, ContractParity, Score, Verdict, compared_contract
from connector.runner.plan import ContractPlan, plan_contract
from connector.runner.read_drafts import Draft
from connector.runner.read_parity import start_parity
from connector.workflow import ContractSnapshot, CreateInvoice, Run
from projops_plugins.process_runner import ProcessRunner
from tests.job.faults import watched
from tests.plugins.contracts import contract_of, run_of
from tests.plugins.generated import contracts, runs
from tests.runner.emulated import EXAMPLE, Emulated, emulated

Words = dict[str, Any]
FIFTH = date(2020, 10, 5)
RUN_AT = datetime(2020, 10, 5, 6, tzinfo=UTC)


def parities(
    world: Emulated, on: date = FIFTH, rules: InvoicingRules | None = None
) -> Mapping[str, ContractParity]:
    """By the first word of the contract's name."""
    run = start_parity(world.client, world.tables, load_plugins(), rules or world.rules, RunRequest(on=on))
    return {one.contract_name.split()[0]: one for one in run.contracts}


def aspects(parity: ContractParity) -> set[Aspect]:
    return {one.aspect for one in parity.differences}


@pytest.fixture
def invoiced(world: Emulated) -> Emulated:
    """The environment after the run of 5 October, on the next day."""
    world.apply()
    world.set_clock(date(2020, 10, 6))
    return world


def draft_of(world: Emulated, name: str) -> Invoice:
    table = world.tables.invoice
    found = world.client.list(
        table, Query(filter=eq(table.property_of("contract"), guid(world.contract(name).id)))
    )
    return next(iter(found))


def change(world: Emulated, entity_set: str, id: str, values: Mapping[str, object]) -> None:
    world.client.update(entity_set, id, values, etag="*")


def test_a_run_that_went_as_planned_is_equal(invoiced: Emulated) -> None:
    """Every contract with something on that date is compared; lost ones and ones on hold are not."""
    found = parities(invoiced)
    assert {name: one.verdict for name, one in found.items()} == {
        "Adatum": Verdict.EQUAL,
        "Alpine": Verdict.UNKNOWN,
        "Fabrikam": Verdict.EQUAL,
        "Fourth": Verdict.EQUAL,
        "Northwind": Verdict.EQUAL,
        "Proseware": Verdict.EQUAL,
        "Trey": Verdict.UNKNOWN,
        "Wingtip": Verdict.EQUAL,
    }
    assert found["Fabrikam"].created == found["Fabrikam"].planned == 2


def test_later_run_dates_change_nothing_about_an_earlier_one(invoiced: Emulated) -> None:
    """What was invoiced since then counts as not ready then, and that is said."""
    invoiced.set_clock(date(2020, 10, 19))
    invoiced.apply()
    found = parities(invoiced)
    assert found["Adatum"].verdict is Verdict.EQUAL
    assert any("later run date" in note for note in found["Adatum"].notes)
    assert parities(invoiced, date(2020, 10, 19))["Adatum"].verdict is Verdict.EQUAL


def test_posted_invoices_are_compared_too(invoiced: Emulated) -> None:
    """Their actuals are no longer among those that a run reads; they are fetched by their ids."""
    draft = draft_of(invoiced, "Wingtip")
    change(invoiced, invoiced.tables.invoice.entity_set, draft.id, {"msdyn_projectinvoicestatus": 192350002})
    actuals = invoiced.tables.actual
    [actual] = invoiced.client.list(actuals, Query(filter=eq(actuals.property_of("invoice"), guid(draft.id))))
    change(invoiced, actuals.entity_set, actual.id, {"msdyn_billingstatus": 192350002})
    assert parities(invoiced)["Wingtip"].verdict is Verdict.EQUAL


def test_another_rule_makes_the_comparison_red(invoiced: Emulated) -> None:
    """T3 read the other way plans fewer transactions: they are named, and so is the amount."""
    rules = replace_rules(invoiced.rules, cut_off=CutOff.EXCLUSIVE)
    found = parities(invoiced, rules=rules)["Adatum"]
    assert found.verdict is Verdict.DIFFERENT
    assert aspects(found) == {Aspect.SOURCE_EXTRA, Aspect.AMOUNT}
    assert any("The day of the first cut-off" in one.message for one in found.differences)


def replace_rules(rules: InvoicingRules, **values: Any) -> InvoicingRules:
    return msgspec.structs.replace(rules, **values)


def test_a_row_that_had_its_status_before_the_day_is_no_difference() -> None:
    """A copied contract brings Run Successful along: nothing was to be invoiced, and nothing was."""
    with emulated() as world:
        mark_run(world, "Wingtip")
        world.set_clock(date(2020, 10, 6))
        found = parities(world)["Wingtip"]
    assert (found.verdict, found.planned, found.created) == (Verdict.EQUAL, 0, 0)


def test_a_row_that_the_run_set_without_an_invoice_is_a_difference(world: Emulated) -> None:
    """Changed on the day itself: the platform found nothing where the mirror finds an invoice."""
    mark_run(world, "Wingtip")
    world.set_clock(date(2020, 10, 6))
    found = parities(world)["Wingtip"]
    assert found.verdict is Verdict.DIFFERENT
    assert Aspect.INVOICE_MISSING in aspects(found)


def mark_run(world: Emulated, contract: str) -> None:
    lines = world.tables.contract_line
    owner = guid(world.contract(contract).id)
    [line] = world.client.list(lines, Query(filter=eq(lines.property_of("contract"), owner)))
    rows = world.tables.invoice_schedule
    [row] = world.client.list(rows, Query(filter=eq(rows.property_of("contract_line"), guid(line.id))))
    change(world, rows.entity_set, row.id, {"msdyn_invoicerunstatus": 192350001})


def test_a_figure_that_somebody_changed_is_found(invoiced: Emulated) -> None:
    """A line's amount that is not the plan's is a difference of that line and of the invoice."""
    draft = draft_of(invoiced, "Wingtip")
    details = invoiced.tables.invoice_line_detail
    [detail] = invoiced.client.list(details, Query(filter=eq(details.property_of("invoice"), guid(draft.id))))
    change(invoiced, details.entity_set, detail.id, {"msdyn_amount": Decimal("400.00")})
    found = parities(invoiced)["Wingtip"]
    assert found.verdict is Verdict.DIFFERENT
    assert Aspect.AMOUNT in aspects(found)


def test_a_transaction_that_became_ready_after_the_run_is_left_out_and_said(invoiced: Emulated) -> None:
    """It was changed after the invoice was made, so nobody can hold it against the platform."""
    actuals = invoiced.tables.actual
    [late] = invoiced.client.list(actuals, Query(filter="msdyn_description eq 'Not yet approved'"))
    change(invoiced, actuals.entity_set, late.id, {"msdyn_billingstatus": 192350004})
    found = parities(invoiced)["Adatum"]
    assert found.verdict is Verdict.EQUAL
    assert any("1 transaction changed after the run" in note for note in found.notes)


def test_a_run_date_that_the_platform_did_not_run_is_different(world: Emulated) -> None:
    """Nothing was created and the row is still Not Run: the invoice is missing, and so is the status."""
    world.set_clock(date(2020, 10, 6))
    found = parities(world)["Wingtip"]
    assert aspects(found) == {Aspect.INVOICE_MISSING, Aspect.RUN_STATUS}
    assert (found.planned, found.created) == (1, 0)


def test_a_date_to_come_cannot_be_compared(sample: Emulated) -> None:
    """Nothing has been created for it; the error names today."""
    with pytest.raises(UsageError, match="2020-10-05"):
        start_parity(
            sample.client, sample.tables, load_plugins(), sample.rules, RunRequest(on=date(2020, 10, 6))
        )


def test_requests_do_not_grow_with_the_contracts(invoiced: Emulated) -> None:
    """A chunk of contracts is read together, its invoices too."""
    with watched(invoiced.client.url) as line:
        parities(invoiced)
    with watched(invoiced.client.url) as one:
        request = RunRequest(on=FIFTH, contracts=(invoiced.contract(EXAMPLE).id,))
        run = start_parity(invoiced.client, invoiced.tables, load_plugins(), invoiced.rules, request)
        list(run.contracts)
    # The contract that the second one asks for by name is a request of the test.
    assert abs(len(line.seen) - len(one.seen)) <= 1


# Pure: a contract, a plan, and the invoices that it became, with something changed by hand.


def made(invoice: CreateInvoice, id: str = "invoice", **changed: Any) -> Draft:
    """The invoice that the platform makes of a plan."""
    values: dict[str, Any] = {
        "customer": invoice.customer,
        "currency": invoice.currency,
        "total_amount": invoice.total,
        "created_on": RUN_AT,
        **changed,
    }
    lines = tuple(
        InvoiceLineRecord(
            id=line.name, contract_line=line.contract_line, extended_amount=line.extended_amount
        )
        for line in invoice.lines
    )
    return Draft(Invoice(id=id, name=id, **values), lines, sources_of(invoice))


def planned(words: Words | None = None) -> tuple[ContractPlan, Run]:
    run = run_of({"day": "2020-10-05"})
    given = words or {
        "lines": [
            {
                "id": "line",
                "rows": [{"id": "r", "run_date": "2020-10-05", "cut_off": "2020-10-04"}],
                "actuals": [
                    {"id": "a", "date": "2020-10-01", "amount": "10"},
                    {"id": "b", "date": "2020-10-02", "amount": "20"},
                ],
            }
        ]
    }
    return plan_contract(contract_of(given, run.zone), ProcessRunner(), run), run


def told(created: Created) -> ContractParity:
    plan, run = planned()
    return compared_contract(plan, carried(plan), created, run)


def test_each_difference_has_its_own_word() -> None:
    """Customer, currency, line, source missing and extra, amount: each with both sides and its rule."""
    [invoice] = planned()[0].invoices
    right = made(invoice)
    cases: list[tuple[Draft, set[Aspect]]] = [
        (right, set()),
        (made(invoice, customer="another"), {Aspect.CUSTOMER}),
        (made(invoice, currency="eur"), {Aspect.CURRENCY}),
        (made(invoice, total_amount=Decimal(31)), {Aspect.AMOUNT}),
        (made(invoice, total_amount=None), set()),
        (replace(right, sources=frozenset({"a"})), {Aspect.SOURCE_MISSING}),
        (replace(right, sources=frozenset({"a", "b", "c"})), {Aspect.SOURCE_EXTRA}),
        (replace(right, lines=()), {Aspect.LINE}),
    ]
    for draft, expected in cases:
        found = told(Created((draft,)))
        assert aspects(found) == expected
        assert all(one.rule and one.message for one in found.differences)


def test_missing_and_extra_invoices_are_told_apart() -> None:
    """An invoice that shares no source and is for somebody else is none of the planned ones."""
    [invoice] = planned()[0].invoices
    stranger = replace(made(invoice, "other", customer="another"), sources=frozenset({"x"}))
    assert aspects(told(Created((stranger,)))) == {Aspect.INVOICE_MISSING, Aspect.INVOICE_EXTRA}
    assert aspects(told(Created((made(invoice), stranger)))) == {Aspect.INVOICE_EXTRA}


def test_one_invoice_for_two_run_dates_breaks_a_rule() -> None:
    """G1: every run date has an invoice of its own."""
    plan, run = planned(
        {
            "lines": [
                {
                    "id": "line",
                    "rows": [
                        {"id": "r", "run_date": "2020-10-05", "cut_off": "2020-10-04", "invoice": "invoice"},
                        {"id": "s", "run_date": "2020-09-05", "cut_off": "2020-09-04", "invoice": "invoice"},
                    ],
                    "actuals": [{"id": "a", "date": "2020-10-01", "amount": "10"}],
                }
            ]
        }
    )
    created = Created((made(plan.invoices[0]),))
    found = compared_contract(plan, carried(plan), created, run)
    assert aspects(found) == {Aspect.RUN_DATE}
    assert "2020-09-05" in found.differences[0].message


def test_a_failed_row_is_a_difference() -> None:
    """G6: the mirror expected Run Successful, the platform says Run Failed."""
    plan, run = planned()
    failed = run_status(plan.snapshot, RunStatus.RUN_FAILED)
    found = compared_contract(plan, failed, Created((made(plan.invoices[0]),)), run)
    [one] = found.differences
    assert (one.aspect, one.planned, one.created) == (Aspect.RUN_STATUS, "Run Successful", "Run Failed")


def run_status(snapshot: ContractSnapshot, status: RunStatus) -> ContractSnapshot:
    lines = tuple(
        replace(
            line, schedule=tuple(msgspec.structs.replace(row, run_status=status) for row in line.schedule)
        )
        for line in snapshot.lines
    )
    return replace(snapshot, lines=lines)


@pytest.mark.parametrize(("changed_at", "count"), [(-1, 0), (0, 0), (1, 1)])
def test_only_what_was_changed_after_the_run_is_in_doubt(changed_at: int, count: int) -> None:
    """A transaction that stood there unchanged when the platform ran is held against it."""
    plan, run = planned()
    draft = replace(made(plan.invoices[0]), sources=frozenset({"a"}))
    changed = {"b": RUN_AT.replace(hour=6 + changed_at)}
    assert len(doubtful(plan, Created((draft,), modified=changed), run)) == count


def test_without_an_invoice_the_day_of_the_run_is_the_limit() -> None:
    """When the platform ran is not known then: what was changed on that day is in doubt already."""
    plan, run = planned()
    changed = {"a": datetime(2020, 10, 4, 23, tzinfo=UTC), "b": datetime(2020, 10, 5, 1, tzinfo=UTC)}
    assert doubtful(plan, Created(modified=changed), run) == {"b"}


def test_what_a_draft_or_a_posted_invoice_holds_was_ready_before() -> None:
    """A draft's sources are known as invoiced, a posted one's are not read at all: both come back."""
    plan, run = planned()
    now = carried(plan)
    posted = now.lines[0].actuals[0]
    left = replace(now.lines[0], actuals=now.lines[0].actuals[1:])
    now = replace(now, lines=(left,), invoiced={left.actuals[0].id: "invoice"})
    created = Created((made(plan.invoices[0]),), actuals=(posted,))
    again = plan_contract(restored(now, created, run), ProcessRunner(), run)
    assert [sources_of(one) for one in again.invoices] == [frozenset({"a", "b"})]


def test_the_second_customers_invoice_belongs_to_the_same_date() -> None:
    """Its source stands on the invoice that the row refers to; a later day of making it changes nothing."""
    words = {
        "customers": [{"account": "a", "percent": "60"}, {"account": "b", "percent": "40"}],
        "lines": [
            {
                "id": "line",
                "method": "fixed_price",
                "milestones": [{"id": "m", "date": "2020-10-05", "amount": "10", "project": "p"}],
                "rows": [{"id": "r", "run_date": "2020-10-05", "milestone": "m"}],
            }
        ],
    }
    run = run_of({"day": "2020-10-05", "rules": {"milestones_need_project": False}})
    plan = plan_contract(contract_of(words, run.zone), ProcessRunner(), run)
    later = datetime(2020, 10, 7, 6, tzinfo=UTC)
    drafts = [made(one, f"i{number}", created_on=later) for number, one in enumerate(plan.invoices)]
    assert len(created_on(linked(carried(plan), plan), drafts, run).invoices) == 2


def test_an_invoice_without_connections_cannot_be_compared() -> None:
    """Whose details have no known source is unknown, not different."""
    plan, _ = planned()
    blind = replace(made(plan.invoices[0]), sources=frozenset(), has_sources=False)
    assert "transaction connections" in why_unknown(plan.snapshot, Created((blind,)))


@settings(max_examples=120)
@given(contracts(), runs)
def test_the_state_before_a_run_is_put_back(words: Words, run_words: Words) -> None:
    """What a run makes of any contract, taken back from its invoices, is planned the same again.

    Rows of that day have not run before: a status that was copied with a contract cannot be told from one.
    Where invoices of several dates were made together and no row tells them apart, nothing is compared.
    """
    run = run_of({**run_words, "takes_missed": False})
    for row in (row for line in words["lines"] for row in line["rows"]):
        if row["run_date"] >= run_words["day"]:
            row["status"] = "not_run"
    before = contract_of(words, run.zone)
    plan = plan_contract(before, ProcessRunner(), run)
    drafts = [made(one, f"i{number}", invoice_date=run.day) for number, one in enumerate(plan.invoices)]
    now = linked(carried(plan), plan)
    created = created_on(now, drafts, run)
    if created.is_ambiguous:
        assert why_unknown(now, created)
        return
    of_the_day = {f"i{number}" for number, one in enumerate(plan.invoices) if one.invoice_run_date == run.day}
    assert of_the_day <= {draft.invoice.id for draft in created.invoices}
    again = plan_contract(restored(now, created, run), ProcessRunner(), run)
    found = compared_contract(again, now, created, run)
    assert aspects(found) <= {Aspect.RUN_STATUS}


def linked(now: ContractSnapshot, plan: ContractPlan) -> ContractSnapshot:
    """The rows refer to the invoices that settled them."""
    invoices = {row: f"i{number}" for number, one in enumerate(plan.invoices) for row in one.schedule_rows}
    lines = tuple(
        replace(
            line,
            schedule=tuple(
                msgspec.structs.replace(row, invoice=invoices.get(row.id, row.invoice))
                for row in line.schedule
            ),
        )
        for line in now.lines
    )
    return replace(now, lines=lines)


def test_a_score_counts_what_could_be_compared() -> None:
    """Unknown contracts are counted beside the score; it is rounded down, so that 1 means all."""
    score = Score(FIFTH)
    assert score.share is None
    verdicts = [*[Verdict.EQUAL] * 199, Verdict.DIFFERENT, Verdict.UNKNOWN]
    for number, verdict in enumerate(verdicts):
        score = score.counting(ContractParity(str(number), "", verdict))
    assert (score.equal, score.compared, score.unknown) == (199, 200, 1)
    assert score.share == Decimal("0.99")
