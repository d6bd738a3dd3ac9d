"""Every run date of a period, each as if the earlier ones had been run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import UsageError
from connector.hooks import load_plugins
from connector.model.reason import Reason
from connector.runner.calendar import Calendar
from connector.runner.carried import carried
from connector.runner.compare import sources_of
from connector.runner.invoicing import RunRequest
from connector.runner.look_ahead import LookAhead, Outlook, Period, outlook_of, start_look_ahead
from connector.runner.look_ahead_report import as_text
from connector.runner.plan import plan_contract
from connector.workflow import ContractSnapshot, CreateInvoice, Run, Skip
from projops_plugins.process_runner import ProcessRunner
from tests.job.faults import watched
from tests.plugins.contracts import contract_of, run_of
from tests.plugins.generated import contracts, runs
from tests.runner.emulated import EXAMPLE, Emulated

Words = dict[str, Any]
OCTOBER = Period(date(2020, 10, 1), date(2020, 10, 31))
DOCUMENTED = {
    date(2020, 10, 5): {"Prototype work", "Implementation work", "Expenses incurred"},
    date(2020, 10, 19): {"Implementation work"},
    date(2020, 11, 2): {"Implementation work", "Expenses incurred"},
    date(2020, 11, 3): {"Prototype work"},
    date(2020, 11, 16): {"Implementation work"},
}
"""The run dates and lines of Microsoft's page, copied by hand; the fourth date of Implementation work is on
its table, though the page does not walk through it."""


def ahead(world: Emulated, period: Period, *names: str) -> LookAhead:
    ids = tuple(world.contract(name).id for name in names)
    request = RunRequest(contracts=ids)
    return start_look_ahead(world.client, world.tables, load_plugins(), world.rules, period, request)


def outlook(words: Words, period: Period = OCTOBER, **run_words: Any) -> Outlook:
    run = run_of({"day": "2020-10-01", **run_words})
    return outlook_of(contract_of(words, run.zone), ProcessRunner(), run, period)


def planned(found: Outlook) -> dict[date, list[CreateInvoice]]:
    return {one.day: list(one.invoices) for one in found.days}


def time_line(rows: list[Words], actuals: list[Words]) -> Words:
    return {"lines": [{"id": "line", "rows": rows, "actuals": actuals}]}


def test_the_documented_example_in_one_reading(sample: Emulated) -> None:
    """The dates of Microsoft's page come out of one look ahead, each with its lines."""
    [found] = ahead(sample, Period(date(2020, 10, 5), date(2020, 11, 30)), EXAMPLE).outlooks
    lines = {
        day: {line.name for one in drafts for line in one.lines} for day, drafts in planned(found).items()
    }
    assert lines == DOCUMENTED


def test_requests_do_not_grow_with_the_days(sample: Emulated) -> None:
    """A year costs the requests of a day: contracts are read once."""
    counts = []
    for days in (0, 30, 365):
        period = Period(date(2020, 10, 5), date(2020, 10, 5) + timedelta(days))
        with watched(sample.client.url) as line:
            list(ahead(sample, period).outlooks)
        counts.append(len(line.seen))
    assert counts[0] == counts[1] == counts[2]


def test_a_look_ahead_says_what_the_runs_then_do(world: Emulated) -> None:
    """Run day by day, the emulator's environment gets the drafts and amounts that were foreseen."""
    period = Period(date(2020, 10, 5), date(2020, 11, 3))
    [found] = ahead(world, period, EXAMPLE).outlooks
    foreseen = {day: [one.total for one in drafts] for day, drafts in planned(found).items()}
    contract = world.contract(EXAMPLE).id
    done: dict[date, list[Decimal]] = {}
    for day in (
        date(2020, 10, 5),
        date(2020, 10, 12),
        date(2020, 10, 19),
        date(2020, 11, 2),
        date(2020, 11, 3),
    ):
        world.set_clock(day)
        [outcome] = world.apply(contract)
        if outcome.invoices:
            done[day] = [one.invoice.total for one in outcome.invoices]
    assert done == foreseen


def test_what_one_date_takes_the_next_one_does_not() -> None:
    """T7 and G8: an actual that two cut-offs cover goes to the earlier date only; rows count as run."""
    rows = [
        {"id": "r1", "run_date": "2020-10-05", "cut_off": "2020-10-04"},
        {"id": "r2", "run_date": "2020-10-12", "cut_off": "2020-10-11"},
    ]
    actuals = [
        {"id": "a", "date": "2020-10-01", "amount": "10"},
        {"id": "b", "date": "2020-10-08", "amount": "5"},
    ]
    found = planned(outlook(time_line(rows, actuals)))
    assert {day: [one.total for one in drafts] for day, drafts in found.items()} == {
        date(2020, 10, 5): [Decimal(10)],
        date(2020, 10, 12): [Decimal(5)],
    }


def test_runs_before_the_first_day_are_taken_as_run() -> None:
    """Between today and the first day the job runs too: what it takes is not shown, and not taken again."""
    rows = [
        {"id": "r1", "run_date": "2020-10-05", "cut_off": "2020-10-04"},
        {"id": "r2", "run_date": "2020-10-12", "cut_off": "2020-10-11"},
    ]
    actuals = [{"id": "a", "date": "2020-10-01", "amount": "10"}]
    found = outlook(time_line(rows, actuals), Period(date(2020, 10, 10), date(2020, 10, 31)))
    assert [(one.day, one.invoices, one.empty_rows) for one in found.days] == [(date(2020, 10, 12), (), 1)]
    assert found.uncertain == ()


def test_a_missed_run_date_is_uncertain_and_in_no_sum() -> None:
    """L4: a row whose date passed without a run stands beside the sums, with what waits for it."""
    rows = [{"id": "r1", "run_date": "2020-10-05", "cut_off": "2020-10-04"}]
    actuals = [{"id": "a", "date": "2020-10-01", "amount": "10"}]
    found = outlook(time_line(rows, actuals), day="2020-10-07")
    assert found.days == ()
    assert [(one.reason, one.amount) for one in found.uncertain] == [(Reason.PAST_DUE_UNCERTAIN, Decimal(10))]
    calendar = Calendar()
    calendar.add(found)
    assert (calendar.currencies, calendar.uncertain["USD"].amount) == ([], Decimal(10))


def test_the_first_run_is_the_jobs_next_one(sample: Emulated) -> None:
    """L4: what is dated before the job's next run will be missed by it, and is in no sum."""
    request = RunRequest(contracts=(sample.contract("Wingtip").id,))
    period = Period(date(2020, 10, 5), date(2020, 10, 31))
    found = []
    for next_run in (None, datetime(2020, 10, 5, 20, tzinfo=UTC), datetime(2020, 10, 6, 2, tzinfo=UTC)):
        looked = start_look_ahead(
            sample.client, sample.tables, load_plugins(), sample.rules, period, request, next_run
        )
        [one] = looked.outlooks
        found.append((looked.first_run.day, len(one.days), len(one.uncertain)))
    assert found == [(5, 1, 0), (5, 1, 0), (6, 0, 1)]


def test_what_somebody_has_to_release_is_uncertain() -> None:
    """A transaction that is not ready and a milestone that is not ready may be invoiced all the same."""
    words = {
        "lines": [
            {
                "id": "work",
                "rows": [{"id": "r", "run_date": "2020-10-05", "cut_off": "2020-10-04"}],
                "actuals": [
                    {"id": "a", "date": "2020-10-01", "amount": "7", "status": "unbilled_sales_created"}
                ],
            },
            {
                "id": "fixed",
                "method": "fixed_price",
                "milestones": [
                    {
                        "id": "m",
                        "date": "2020-10-20",
                        "amount": "3",
                        "status": "not_ready_for_invoicing",
                        "project": "p",
                    }
                ],
            },
        ]
    }
    found = outlook(words, rules={"milestones_need_project": False})
    assert {(one.reason, one.amount) for one in found.uncertain} == {
        (Reason.NOT_READY_TO_INVOICE, Decimal(7)),
        (Reason.MILESTONE_NOT_READY, Decimal(3)),
    }


def test_a_reason_of_an_earlier_date_is_kept_until_it_is_told_again() -> None:
    """What cannot be invoiced on its own run date is still told at the end of the period."""
    rows = [{"id": "r", "run_date": "2020-10-05", "cut_off": "2020-10-04"}]
    actuals = [{"id": "a", "date": "2020-10-01", "amount": "7", "class": "tax"}]
    assert Reason.CLASS_NOT_INCLUDED in {one.reason for one in outlook(time_line(rows, actuals)).left}


def test_a_reason_that_stays_is_told_once() -> None:
    """A row without a date stands there on every day: at first with nothing that waits, then with 2.00."""
    rows: list[Words] = [{"id": "undated", "run_date": None}, {"id": "row", "run_date": "2020-10-05"}]
    late = {"id": "late", "date": "2020-10-05", "amount": "2.00"}
    found = outlook(time_line(rows, [late]))
    told = [(skip.reason, skip.amount) for skip in found.left if skip.reason is Reason.BLOCKED]
    assert told == [(Reason.BLOCKED, Decimal("2.00"))]


def test_what_a_progress_header_has_billed_it_does_not_ask_for_again() -> None:
    """G7: after the run of the ready part the remaining one says that it waits, and the header nothing."""
    header = {"id": "h", "date": "2020-10-05", "amount": "1000.00", "status": None}
    asked = {"next_percent": "20", "next_status": "ready_for_invoicing"}
    parts = [
        {"id": "now", "date": "2020-10-05", "amount": "200.00", "header": "h"},
        {
            "id": "rest",
            "date": "2020-10-05",
            "amount": "800.00",
            "header": "h",
            "status": "not_ready_for_invoicing",
        },
    ]
    line = {"id": "build", "method": "fixed_price", "milestones": [{**header, **asked}, *parts]}
    found = outlook({"lines": [line]})
    assert [invoice.total for day in planned(found).values() for invoice in day] == [Decimal("200.00")]
    [left] = found.uncertain
    assert (left.amount, left.rule) == (Decimal("800.00"), "G7")
    assert left.message.startswith("This is what remains of the milestone rest")


def test_a_day_that_only_a_plug_in_knows_is_not_skipped() -> None:
    """A billing method with dates of its own says them as `until`: the plan of that day is made."""

    class OnTheTwentieth:
        name = "ProcessRunner"

        def decide(self, contract: ContractSnapshot, run: Run) -> Any:
            if run.day < date(2020, 10, 20):
                yield Skip(contract.contract.id, Reason.NOT_YET_DUE, "Not yet.", until=date(2020, 10, 20))
            else:
                yield CreateInvoice(contract.contract.id, "", "buyer", "usd", "USD", run.day, ())

    run = run_of({"day": "2020-10-01"})
    found = outlook_of(contract_of({}, run.zone), OnTheTwentieth(), run, OCTOBER)  # type: ignore[arg-type]
    assert found.days[0].day == date(2020, 10, 20)


def test_a_plug_in_that_breaks_ends_its_contract_and_is_named() -> None:
    """One broken contract is a failure of its own, with what was planned before it."""

    class Breaking:
        name = "ProcessRunner"

        def decide(self, contract: ContractSnapshot, run: Run) -> Any:
            if run.day >= date(2020, 10, 12):
                raise ValueError("odd data")
            return ProcessRunner().decide(contract, run)

    rows = [
        {"id": "r1", "run_date": "2020-10-05", "cut_off": "2020-10-04"},
        {"id": "r2", "run_date": "2020-10-12", "cut_off": "2020-10-11"},
    ]
    run = run_of({"day": "2020-10-01"})
    contract = contract_of(time_line(rows, [{"id": "a", "date": "2020-10-01", "amount": "1"}]), run.zone)
    found = outlook_of(contract, Breaking(), run, OCTOBER)  # type: ignore[arg-type]
    assert [one.day for one in found.days] == [date(2020, 10, 5)]
    assert "odd data" in found.failures[0].message


@pytest.mark.parametrize(
    ("first", "last"),
    [(date(2020, 10, 6), date(2020, 10, 5)), (date(2020, 1, 1), date(2021, 1, 1))],
)
def test_a_period_that_cannot_be_is_refused(first: date, last: date) -> None:
    """An end before the beginning, and more than 366 days."""
    with pytest.raises(UsageError, match=str(first)):
        Period(first, last)


def test_a_period_that_has_passed_is_refused(sample: Emulated) -> None:
    """Nothing can be expected of days that are over; the error names today."""
    with pytest.raises(UsageError, match="2020-10-05"):
        ahead(sample, Period(date(2020, 9, 1), date(2020, 9, 30)))


def test_a_transaction_that_is_dated_ahead_is_taken_on_its_day() -> None:
    """A failed row that is tried again takes what is dated ahead as soon as its day has come."""
    rows = [{"id": "r", "run_date": "2020-10-01", "cut_off": "2020-10-09", "status": "run_failed"}]
    run = run_of({"day": "2020-10-08", "rules": {"retry_failed": True, "nothing_to_bill": "not_run"}})
    contract = contract_of(time_line(rows, [{"id": "a", "date": "2020-10-09", "amount": "1"}]), run.zone)
    found = outlook_of(contract, ProcessRunner(), run, Period(run.today, run.today + timedelta(2)))
    assert [one.day for one in found.days if one.invoices] == [date(2020, 10, 9)]


@settings(max_examples=60)
@given(contracts(), runs, st.integers(0, 20))
def test_planning_on_the_days_of_change_is_planning_every_day(
    words: Words, run_words: Words, days: int
) -> None:
    """No run date is skipped: the short way finds what a plan for each single day finds."""
    run = run_of({**run_words, "day": "2020-10-08"})
    contract = contract_of(words, run.zone)
    period = Period(run.today, run.today + timedelta(days))
    short = outlook_of(contract, ProcessRunner(), run, period)
    every: dict[date, tuple[CreateInvoice, ...]] = {}
    for number in range(days + 1):
        day = run.today + timedelta(number)
        plan = plan_contract(contract, ProcessRunner(), replace(run, day=day))
        if plan.invoices:
            every[day] = plan.invoices
        contract = carried(plan)
    assert {one.day: one.invoices for one in short.days if one.invoices} == every


@settings(max_examples=60)
@given(contracts(), runs)
def test_over_a_period_nothing_is_invoiced_twice(words: Words, run_words: Words) -> None:
    """G8 holds across the days: each source has one customer's share of it once."""
    run = run_of({**run_words, "day": "2020-10-01"})
    found = outlook_of(contract_of(words, run.zone), ProcessRunner(), run, OCTOBER)
    taken = Counter(
        (source, one.customer) for day in found.days for one in day.invoices for source in sources_of(one)
    )
    assert not [source for source, count in taken.items() if count > 1]


def test_the_calendar_adds_up_to_the_drafts(sample: Emulated) -> None:
    """The sums by day and those by customer are the sums of the drafts, in each currency."""
    calendar = Calendar()
    drafts: Counter[str] = Counter()
    for one in ahead(sample, Period(date(2020, 10, 5), date(2020, 11, 16))).outlooks:
        calendar.add(one)
        for day in one.days:
            for invoice in day.invoices:
                drafts[invoice.currency_code] += invoice.total  # type: ignore[assignment]
    assert calendar.currencies == ["EUR", "USD"]
    for currency in calendar.currencies:
        by_day = sum((one.amount for one in calendar.by_day(currency).values()), Decimal(0))
        by_customer = sum((one.amount for one in calendar.by_customer(currency).values()), Decimal(0))
        assert by_day == by_customer == calendar.total(currency).amount == drafts[currency]
    assert calendar.drafts == sum(calendar.total(code).drafts for code in calendar.currencies)


def test_a_period_without_any_contract_says_that_none_was_seen(sample: Emulated) -> None:
    """Whoever may see no contract is told so, and not that nothing is to be invoiced."""
    told = "No project contract was found"
    some = ahead(sample, OCTOBER, EXAMPLE)
    assert not any(told in line for line in as_text(some, Calendar(), sample.client.now))
    none = replace(some, outlooks=iter(()))
    assert any(told in line for line in as_text(none, Calendar(), sample.client.now))
