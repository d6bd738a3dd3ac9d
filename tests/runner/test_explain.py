"""The story of a line: what the run does with it, why, and what comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from connector.errors import UsageError
from connector.hooks import load_plugins
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis, Health
from connector.model.reason import Reason
from connector.runner.compare import sources_of
from connector.runner.explain import Known, explained
from connector.runner.next_look import run_for
from connector.runner.outcome import Header, RunZone
from connector.runner.plan import plan_contract
from connector.runner.read import stream_contracts
from connector.runner.read_story import Finder, read_invoices, read_past
from connector.runner.story import Explanation, LineStory
from connector.runner.story_json import as_stream
from connector.runner.story_text import as_text
from connector.runner.wording import folded
from connector.workflow import Run
from projops_plugins.process_runner import ProcessRunner
from tests.plugins.contracts import contract_of, run_of
from tests.plugins.generated import contracts, runs
from tests.runner.emulated import EXAMPLE, Emulated

Words = dict[str, Any]
NOWHERE = "99999999-9999-9999-9999-999999999999"
SLEEPING = Diagnosis(
    Health.SLEEPING,
    "Healthy: sleeping.",
    now=datetime(2020, 10, 4, 12, tzinfo=UTC),
    next_run=datetime(2020, 10, 5, 6, tzinfo=UTC),
)
STOPPED = Diagnosis(Health.STOPPED, "Stopped.", now=SLEEPING.now)
ROWS = [
    {"id": "r1", "run_date": "2020-10-05", "cut_off": "2020-10-04"},
    {"id": "r2", "run_date": "2020-10-19", "cut_off": "2020-10-18"},
]


def story(
    line: Words,
    day: str = "2020-10-05",
    today: str = "2020-10-04",
    diagnosis: Diagnosis = SLEEPING,
    **more: Any,
) -> LineStory:
    run = run_of({"day": day, "today": today, "rules": {"milestones_need_project": False}})
    contract = contract_of({"lines": [{"id": "line", **line}], **more}, run.zone)
    [found] = explained(contract, ProcessRunner(), run, Known(diagnosis), ["line"])
    return found


def lines_of(*stories: LineStory) -> list[str]:
    header = Header(
        on=stories[0].on,
        today=stories[0].on,
        zone=RunZone(ZoneInfo("UTC"), "a test"),
        rules=InvoicingRules(),
        is_applied=False,
        takes_missed=False,
    )
    return list(as_text(Explanation(header, "Healthy.", None, stories)))


def test_each_transaction_is_taken_or_has_a_reason_and_a_day() -> None:
    """Taken with its run date; not ready with the way out; too late with the date that will take it."""
    found = story(
        {
            "rows": ROWS,
            "actuals": [
                {"id": "a", "date": "2020-10-01", "amount": "10"},
                {"id": "b", "date": "2020-10-02", "amount": "20", "status": "unbilled_sales_created"},
                {"id": "c", "date": "2020-10-07", "amount": "40"},
                {"id": "d", "date": "2020-11-07", "amount": "80"},
            ],
        }
    )
    told = {one.judgement.source_id: one for one in found.transactions}
    assert told["a"].judgement.is_taken
    assert (told["b"].judgement.reason, told["b"].judgement.rule) == (Reason.NOT_READY_TO_INVOICE, "T2")
    assert told["b"].judgement.way_out
    assert [told[id].expected_on for id in "abcd"] == [
        date(2020, 10, 5),
        None,
        date(2020, 10, 19),
        None,
    ]
    assert [(share.amount, share.count) for share in found.shares] == [(Decimal(10), 1)]


def test_a_story_agrees_with_the_preview_of_the_same_day() -> None:
    """Explaining changes no decision: the same invoices, the same reasons."""
    run = run_of({"day": "2020-10-05"})
    actuals = [{"id": "a", "date": "2020-10-01", "amount": "1"}]
    words = {"lines": [{"id": "line", "rows": ROWS, "actuals": actuals}]}
    contract = contract_of(words, run.zone)
    plan = plan_contract(contract, ProcessRunner(), run)
    [found] = explained(contract, ProcessRunner(), run, Known(SLEEPING))
    assert found.reasons == plan.skips
    assert [share.amount for share in found.shares] == [one.total for one in plan.invoices]


def test_what_an_earlier_run_takes_is_told_of_a_day_to_come() -> None:
    """Seen from 19 October the transaction is there to take; the run of the 5th takes it first."""
    found = story(
        {"rows": ROWS, "actuals": [{"id": "a", "date": "2020-10-01", "amount": "10"}]}, day="2020-10-19"
    )
    [one] = found.transactions
    assert (one.judgement.invoice_run_date, one.expected_on) == (date(2020, 10, 19), date(2020, 10, 5))
    assert "the run of 2020-10-05" in "\n".join(lines_of(found))


@settings(max_examples=150)
@given(contracts(), runs)
def test_a_line_that_was_to_be_invoiced_and_is_not_has_a_reason(words: Words, run_words: Words) -> None:
    """A row or milestone whose date has come, and what waits, end on a draft or have a reason."""
    run = run_of(run_words)
    contract = contract_of(words, run.zone)
    plan = plan_contract(contract, ProcessRunner(), run)
    on_draft = {source for invoice in plan.invoices for source in sources_of(invoice)}
    by_line = {one.line: one for one in explained(contract, ProcessRunner(), run, Known(SLEEPING))}
    assert by_line.keys() == {line.line.id for line in contract.lines}
    for line in contract.lines:
        found = by_line[line.line.id]
        reasons = {one.judgement.source_id for one in found.transactions if one.judgement.reason}
        sources = {one.id for one in line.actuals} | {one.id for one in line.milestones}
        assert sources <= on_draft | reasons
        assert not on_draft & reasons
        has_come = [
            row
            for row in line.schedule
            if row.invoice_run_date is not None
            and run.day_of(row.invoice_run_date) <= run.day
            and row.run_status != 192350001
        ]
        if has_come or sources - on_draft:
            assert found.is_invoiced or found.reasons


def test_nothing_to_tell_is_told() -> None:
    """A line on which nothing waits says so, and that no run date is to come."""
    found = story({"method": "product", "status": "customer_invoice_created"})
    assert found.reasons == ()
    assert found.next_look.run_date is None
    text = "\n".join(lines_of(found))
    assert "Nothing of it waits" in text
    assert "No run date is to come" in text


def test_the_next_run_is_the_one_on_the_lines_next_run_date() -> None:
    """J6 and L3: the run of the day itself, counted from the job's next run in steps of 24 hours."""
    line = {"rows": ROWS, "actuals": []}
    assert story(line).next_look.run_at == SLEEPING.next_run
    later = story(line, day="2020-10-06", today="2020-10-06", diagnosis=replace(SLEEPING, next_run=at(7, 5)))
    assert (later.next_look.run_date, later.next_look.run_at) == (date(2020, 10, 19), at(19, 5))


def test_a_run_date_that_passes_before_the_next_run_is_said_to_be_uncertain() -> None:
    """L4: nobody has documented whether the platform takes it up."""
    sentence = story({"rows": ROWS}, diagnosis=replace(SLEEPING, next_run=at(6, 5))).next_look.sentence
    assert "L4" in sentence


def test_a_late_milestone_is_looked_at_by_every_run() -> None:
    """L6: a milestone is due from its date on, so the next run takes it, however late."""
    line = {
        "method": "fixed_price",
        "milestones": [{"id": "m", "date": "2020-09-01", "amount": "5", "status": "not_ready_for_invoicing"}],
    }
    found = story(line).next_look
    assert (found.run_date, found.run_at) == (date(2020, 10, 4), SLEEPING.next_run)
    assert "L4" not in found.sentence


def test_a_job_that_stands_still_gives_no_next_run() -> None:
    """Nobody can tell when the run comes; the run date is said all the same."""
    found = story({"rows": ROWS}, diagnosis=STOPPED).next_look
    assert (found.run_date, found.run_at) == (date(2020, 10, 5), None)
    assert "projops status" in found.sentence


def test_no_run_looks_at_a_contract_that_is_not_open() -> None:
    """L1: a date to come is no promise while the contract is on hold."""
    found = story({"rows": ROWS}, state="on_hold", status_reason="on_hold").next_look
    assert (found.run_date, found.run_at) == (None, None)
    assert "L1" in found.sentence


def test_runs_stay_24_hours_apart_over_a_change_of_the_clocks() -> None:
    """On the day after the clocks go back a run at 00:30 would come at 23:30 the day before: the next one."""
    run = Run(
        day=date(2020, 10, 24),
        today=date(2020, 10, 24),
        zone=ZoneInfo("Europe/Berlin"),
        rules=InvoicingRules(),
        billing_methods=(),
        takes_missed=False,
    )
    half_past_midnight = datetime(2020, 10, 23, 22, 30, tzinfo=UTC)
    found = run_for(date(2020, 10, 26), half_past_midnight, run)
    assert found == half_past_midnight + timedelta(days=3)
    assert run.day_of(found) == date(2020, 10, 26)


def at(day: int, hour: int) -> datetime:
    return datetime(2020, 10, day, hour, tzinfo=UTC)


def test_a_story_fits_80_columns_however_long_names_are() -> None:
    """Names and amounts of any length are folded between words; nothing is cut off."""
    name = "an extraordinarily long description of what was done " * 3
    found = story(
        {
            "name": name.strip(),
            "rows": ROWS,
            "actuals": [{"id": name, "date": "2020-10-01", "amount": "922337203685477.5807"}],
        }
    )
    lines = lines_of(found)
    assert max(map(len, lines)) <= 80
    assert "922,337,203,685,477.5807 USD" in "\n".join(lines)


def test_a_word_that_is_longer_than_a_line_stays_whole() -> None:
    """An address or an id that is cut in two can be neither searched for nor pasted."""
    assert folded(f"see {'x' * 100}") == ["see", "x" * 100]


def test_many_transactions_are_added_up_in_text_and_told_one_by_one_to_programs() -> None:
    """A text names the first ones of a group and sums the rest; json leaves none out."""
    actuals = [{"id": f"a{number:03}", "date": "2020-10-01", "amount": "1.50"} for number in range(40)]
    found = story({"rows": ROWS, "actuals": actuals})
    assert any("and 28 more transactions: 42.00 USD" in line for line in lines_of(found))
    header = Header(
        on=found.on,
        today=found.on,
        zone=RunZone(ZoneInfo("UTC"), "a test"),
        rules=InvoicingRules(),
        is_applied=False,
        takes_missed=False,
    )
    stream = list(as_stream(Explanation(header, "Healthy.", None, (found,))))
    assert sum(one["kind"] == "transaction" for one in stream) == 40


@pytest.fixture(scope="module")
def finder(sample: Emulated) -> Finder:
    table = sample.tables.project_contract
    definitions = sample.client.table_definitions([table.logical_name])
    return Finder(sample.client, sample.tables, definitions[table.logical_name])


@pytest.mark.parametrize(
    ("text", "count"), [("Expenses incurred", 1), ("expenses INCURRED", 1), ("Tailspin", 0), ("Spare", 1)]
)
def test_a_line_or_a_contract_is_found_by_its_name(finder: Finder, text: str, count: int) -> None:
    """The whole name in any case, else a part that only one has; a contract means all its lines."""
    assert len(finder.find(text).lines) == count


def test_a_line_or_a_contract_is_found_by_its_id(finder: Finder, sample: Emulated) -> None:
    """An id is looked for among the lines and among the contracts."""
    contract = sample.contract(EXAMPLE).id
    assert finder.find(contract.upper()).contract == contract
    line = finder.find("Expenses incurred")
    assert finder.find(line.lines[0]) == line
    assert line.contract == contract


def test_several_matches_are_listed_with_their_ids(finder: Finder) -> None:
    """A name that fits more than one is no guess: the ids to choose from are named."""
    with pytest.raises(UsageError) as caught:
        finder.find("Consulting")
    listed = caught.value.message
    assert all(name in listed for name in ("Wingtip", "Alpine", "Trey"))
    assert listed.count("line Consulting") == 3


@pytest.mark.parametrize("text", ["Nothing is called this", NOWHERE, "", "it's 100% [odd]"])
def test_what_does_not_exist_is_said(finder: Finder, text: str) -> None:
    """No match is wrong usage that repeats what was asked for."""
    with pytest.raises(UsageError) as caught:
        finder.find(text)
    assert (text or "Nothing was named") in caught.value.message.replace('"', "'")


def test_invoices_stand_in_a_story_with_state_day_and_amount(world: Emulated) -> None:
    """After a run the rows and transactions lead to the draft; what was posted before is counted."""
    contract = world.contract(EXAMPLE).id
    [outcome] = world.apply(contract)
    [snapshot] = stream_contracts(world.client, world.tables, [contract])
    [work] = [one for one in snapshot.lines if one.line.title == "Implementation work"]
    posted = [one for one in work.actuals if one.id in snapshot.invoiced][:2]
    for actual in posted:
        status = {"msdyn_billingstatus": 192350002}
        world.client.update(world.tables.actual.entity_set, actual.id, status, etag=actual.etag or "")
    [snapshot] = stream_contracts(world.client, world.tables, [contract])
    plugins = load_plugins()
    run = Run(
        day=date(2020, 10, 6),
        today=date(2020, 10, 6),
        zone=ZoneInfo("UTC"),
        rules=world.rules,
        billing_methods=plugins.billing_methods,
        takes_missed=False,
    )
    known = Known(
        SLEEPING,
        read_invoices(world.client, world.tables, snapshot, run.zone),
        read_past(world.client, world.tables, snapshot),
    )
    [found] = explained(snapshot, plugins.workflow("ProcessRunner"), run, known, [work.line.id])
    invoice = found.rows[0].invoice
    assert invoice is not None
    assert (invoice.id, invoice.status, invoice.day, invoice.currency_code) == (
        outcome.invoices[0].id,
        "Draft",
        date(2020, 10, 5),
        "USD",
    )
    assert invoice.amount == outcome.invoices[0].invoice.total
    assert found.past.posted == 2
    on_it = {one.judgement.source_id for one in found.transactions if one.invoice == invoice}
    assert on_it == (snapshot.invoiced.keys() & {one.id for one in work.actuals}) - {one.id for one in posted}
    text = "\n".join(lines_of(found))
    assert "On the Draft invoice of 2020-10-05" in text
    assert invoice.id not in text
