"""What panels show, from values alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connector.console.page.keeper import LONGEST_PAUSE_S, Rhythm
from connector.console.page.known import Known, Topic, Trouble
from connector.console.page.moments import Pulse, Zones, is_still
from connector.console.page.panels.calendar import calendar_view
from connector.console.page.panels.health import Light, health_view, light_of
from connector.console.page.panels.history import KIND_WORDS, history_view
from connector.console.page.panels.paging import InReport, OnPage, paged
from connector.console.page.panels.timeline import LEAST_WIDTH, timeline_view
from connector.console.page.readings import HistorySeen, JobSeen, WorkSeen
from connector.console.page.templating import amount, said, several
from connector.console.page.work import (
    Row,
    State,
    Whose,
    changes_between,
    state_of,
    state_of_reason,
    summary_of,
)
from connector.errors import Throttled, Unreachable
from connector.history.values import Drafts, Kind, SeenRun
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis, Health
from connector.model.job_timeline import Span, Stretch
from connector.model.reason import Reason
from connector.runner.calendar import Calendar, Sum
from connector.runner.look_ahead import Period
from connector.runner.outcome import Header, RunZone
from connector.workflow import Skip

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def row(name: str, state: State = State.READY, value: str = "10.00", why: str = "") -> Row:
    return Row(
        state, "c", "Contract", name, name, "Customer", Decimal(value), "EUR", 2, date(2026, 4, 1), why
    )


class Reader:
    """Gives what it is told to, or raises it."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def __call__(self) -> object:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_what_fails_leaves_the_last_value() -> None:
    """A failure stands beside the value, since the first of them; a success takes it away."""
    ticks = iter(range(100))
    reader = Reader("one", Unreachable("gone", "wait"), Unreachable("gone"), "two")
    topic: Topic[object] = Topic(reader, clock=lambda: float(next(ticks)))
    assert topic.read_now().value == "one"
    first, second = topic.read_now(), topic.read_now()
    assert (first.value, second.value) == ("one", "one")
    assert first.trouble is not None
    assert second.trouble is not None
    assert first.trouble.title == "The environment does not answer"
    assert second.trouble.since_s == first.trouble.since_s
    assert (second.failures, second.number) == (2, 3)
    last = topic.read_now()
    assert (last.value, last.trouble, last.failures) == ("two", None, 0)


def test_a_fault_of_ours_is_told_and_not_raised() -> None:
    """The page goes on with what it knows."""
    topic: Topic[object] = Topic(Reader(ZeroDivisionError()), lambda _: "see the log")
    trouble = topic.read_now().trouble
    assert trouble is not None
    assert trouble.message == "A fault in the program. see the log"


def test_pauses_grow_with_failures_and_keep_what_is_asked() -> None:
    """Soon after a failure, then more rarely, at least every five minutes; a Retry-After counts most."""
    rhythm = Rhythm(every_s=30, least_s=3)
    trouble = Trouble("", "", "", 0.0)
    assert rhythm.pause_s(Known()) == 30
    pauses = [rhythm.pause_s(Known(trouble=trouble, failures=count)) for count in (1, 2, 3, 50)]
    assert pauses == [6, 12, 24, LONGEST_PAUSE_S]
    assert rhythm.pause_s(Known(trouble=replace(trouble, retry_after_s=77))) == 77
    limit = Throttled("", status=429, retry_after_s=9)
    known = Topic[object](Reader(limit)).read_now()
    assert known.trouble is not None
    assert known.trouble.retry_after_s == 9


@pytest.mark.parametrize(
    ("passed_s", "there_s", "is_emulator", "still"),
    [(1, 0, True, True), (1, 0, False, False), (60, 0, False, True), (60, 60, True, False)],
)
def test_a_clock_that_stands_is_seen(passed_s: float, there_s: float, is_emulator: bool, still: bool) -> None:
    """An emulator's clock is taken to stand and an environment's to go, until two answers tell."""
    last = Pulse(NOW + timedelta(seconds=there_s), passed_s)
    assert is_still(Pulse(NOW, 0), last, is_emulator=is_emulator) is still


def test_the_environments_time_stands_beside_the_readers() -> None:
    """Where both say the same it is said once; another day is named."""
    late = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    assert Zones(BERLIN, UTC).here_and_there(late) == ("2026-03-29 00:30", "2026-03-28 23:30 UTC")
    assert Zones(UTC, UTC).here_and_there(late) == ("2026-03-28 23:30", "")


def test_every_health_has_a_light() -> None:
    """Green goes on by itself, amber is late, grey is unknown, and all else is red."""
    lights = {health: light_of(health) for health in Health}
    assert {health for health, light in lights.items() if light is Light.GOOD} == {
        Health.RUNNING,
        Health.SLEEPING,
    }
    assert lights[Health.OVERDUE] is Light.WARN
    assert lights[Health.UNKNOWN] is Light.UNKNOWN
    assert sum(light is Light.BAD for light in lights.values()) == len(Health) - 4


def test_every_reason_has_a_state() -> None:
    """What nobody named blocks; an end with something left blocks, one with nothing left does not."""
    assert state_of_reason(Reason.NO_SCHEDULE) is State.BLOCKED
    assert state_of_reason(Reason.AFTER_CUT_OFF) is State.NOT_YET_DUE
    assert {state_of_reason(reason) for reason in Reason} <= set(State) - {State.READY}
    ended = Skip("c", Reason.SCHEDULE_ENDED, "ended")
    assert state_of(ended) is State.NOTHING
    assert state_of(replace(ended, count=3)) is State.BLOCKED


def test_changes_pair_what_was_with_what_is() -> None:
    """A line that becomes ready is one change, with what it adds; equal rows are none."""
    before = [row("a", State.BLOCKED), row("b"), row("gone"), row("same"), row("same")]
    after = [row("a"), row("b", value="12.50"), row("new"), row("same"), row("same")]
    changes = changes_between(before, after, NOW, NOW)
    assert changes is not None
    assert changes.count == 4
    pairs = {
        (one.before.line if one.before else None, one.after.line if one.after else None)
        for one in changes.items
    }
    assert pairs == {("a", "a"), ("b", "b"), (None, "new"), ("gone", None)}
    assert changes.ready == {"EUR": Decimal("12.50")}
    assert changes.by_state == {State.READY: 1, State.BLOCKED: -1}
    assert changes_between(after, list(reversed(after)), NOW, NOW) is None


def job_seen(*spans: Span) -> JobSeen:
    diagnosis = Diagnosis(Health.SLEEPING, "Healthy: sleeping.", NOW)
    return JobSeen(diagnosis, spans, NOW - timedelta(days=14), BERLIN, "https://x", is_emulator=False)


def test_a_day_of_23_hours_is_as_wide_as_others() -> None:
    """On the day on which the clocks go forward the bars end where the day ends, and now is where it is."""
    sleep = Span(Stretch.SLEEP, NOW - timedelta(days=2), NOW + timedelta(hours=10), ("j",))
    view = timeline_view(job_seen(sleep))
    assert [day.day.day for day in view.days] == [30, 29, 28, 27]
    today = next(day for day in view.days if day.day == date(2026, 3, 29))
    assert today.bars[0].width == 100
    assert today.now == pytest.approx(13 / 23 * 100, abs=0.01)


def test_a_run_of_no_time_can_be_seen() -> None:
    """It is drawn with the least width, on its own day alone, and leads to its system job."""
    run = Span(Stretch.RUN, NOW, NOW, ("job-1",), "failed")
    [day] = timeline_view(job_seen(run)).days
    [bar] = day.bars
    assert (bar.width, bar.job) == (LEAST_WIDTH, "job-1")
    assert bar.title == "ProcessRunner runs, 0 s: failed"


def test_pages_are_counted_from_one() -> None:
    """The last page may be short, and a number beyond it is the last page."""
    page = paged(range(101), 9)
    assert (page.number, page.pages, list(page.items), page.first, page.last) == (3, 3, [100], 101, 101)
    assert (paged([], 1).first, paged([], 1).last) == (0, 0)


def test_links_of_a_report_lead_to_its_parts() -> None:
    """What is not in the file has no address; on the page everything has, under its root."""
    report = InReport({"/next-run": "next-run"})
    assert report.panel("/next-run", {"state": "ready"}) == ' href="#next-run"'
    assert report.line("x") == ""
    assert OnPage("/at/a").panel("/next-run", {"q": "a&b", "page": ""}) == ' href="/at/a/next-run?q=a%26b"'
    assert OnPage().line('"><script>') == ' href="/line/%22%3E%3Cscript%3E"'


def test_amounts_are_exact() -> None:
    """Digits beyond those of the currency stay, and a missing amount is no zero."""
    assert 'value="0.123"' in amount(Decimal("0.123"), 2, "EUR")
    assert ">1,234.50</data>" in amount(Decimal("1234.5"))
    assert "–" in amount(None)


def test_the_history_draws_amounts_and_durations() -> None:
    """One chart for each currency with amounts, one of durations; failures are counted."""
    runs = tuple(
        SeenRun(
            "e",
            str(day),
            NOW + timedelta(days=day, minutes=5 * day),
            NOW + timedelta(days=day, minutes=5 * day + 3),
            "succeeded" if day else "failed",
            "" if day else "SQL timeout",
            Drafts(day, {"EUR": Decimal(day)}),
        )
        for day in range(3)
    )
    view = history_view(HistorySeen(runs), {}, UTC)
    assert [chart.id for chart in view["charts"]] == ["amounts-EUR", "invoices", "durations"]
    assert view["charts"][-1].bars[0].label == "✕ 2026-03-29"
    assert (view["failed"], view["longest"]) == (1, "3 min")
    assert [one.drift for one in view["page"].items] == ["5 min later", "5 min later", ""]


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("<b> waits", "&lt;b&gt; waits"),
        ("due on 2020-10-05.", 'due on <span class="day">2020-10-05</span>.'),
        ("by 2020-10-05 06:00 UTC", 'by <span class="day">2020-10-05 06:00 UTC</span>'),
        (
            "2 of them (1998.00 USD)",
            '2 of them (<data class="amount" value="1998.00" data-digits="2">1,998.00</data> USD)',
        ),
        ("v1.5 ERPX, 3-ABC", "v1.5 ERPX, 3-ABC"),
        ("'שלב 3': 1 is late", "&#39;<bdi>שלב 3</bdi>&#39;: 1 is late"),
        ("\u202eגmoved\u202e", "\ufffd<bdi>ג</bdi>moved\ufffd"),
    ],
)
def test_a_sentence_is_written_for_its_reader(sentence: str, html: str) -> None:
    """Days stay whole, amounts go to the script, names from right to left stay apart, all is escaped."""
    assert said(sentence) == html


def test_what_may_not_be_read_is_no_zero() -> None:
    """Without a readable system job there are not no runs: it is unknown, on both panels that count them."""
    unread = replace(job_seen(), diagnosis=Diagnosis(Health.UNKNOWN, "Unknown: not readable.", NOW))
    assert (health_view(unread).is_unread, timeline_view(unread).is_unread) == (True, True)
    assert (health_view(job_seen()).is_unread, timeline_view(job_seen()).is_unread) == (False, False)


def test_every_kind_of_entry_has_a_word() -> None:
    """What commands begin to keep is shown, whatever it is called."""
    assert set(KIND_WORDS) == set(Kind)


def calendar_seen(*currencies: str, customers: int = 1) -> WorkSeen:
    """A reading that expects one draft of 10 for each customer in each currency."""
    calendar = Calendar()
    for code in currencies:
        for number in range(customers):
            calendar.sums[(NOW.date(), code, f"Customer {number:04}")] = Sum(1, Decimal(10))
    header = Header(
        NOW.date(),
        NOW.date(),
        RunZone(BERLIN, "somebody"),
        InvoicingRules(),
        is_applied=False,
        takes_missed=False,
    )
    period = Period(NOW.date(), NOW.date() + timedelta(weeks=8))
    return WorkSeen(header, period, NOW, "https://x", (), 0, calendar, Whose(), {}, None)


def test_the_calendar_is_paged_and_asked_by_currency() -> None:
    """A table has fifty rows; a page is of the currency that is asked for, and a wrong one of none."""
    seen = calendar_seen("EUR", "USD", customers=120)
    both = calendar_view(seen, {"page": "2"}, is_report=False)
    assert [(one.seen.currency, one.rows.first, one.rows.total) for one in both["sections"]] == [
        ("EUR", 1, 120),
        ("USD", 1, 120),
    ]
    [usd] = calendar_view(seen, {"currency": "USD", "page": "3"}, is_report=False)["sections"]
    assert (usd.seen.currency, usd.rows.first, usd.rows.last, usd.seen.total.amount) == (
        "USD",
        101,
        120,
        1200,
    )
    assert len(calendar_view(seen, {"currency": "XXX"}, is_report=False)["sections"]) == 2


def test_many_currencies_are_listed_before_they_are_drawn() -> None:
    """Thirty of them are thirty rows with links; a report, where nobody can click, draws all."""
    codes = [f"C{number:02}" for number in range(30)]
    seen = calendar_seen(*codes)
    assert calendar_view(seen, {}, is_report=False)["sections"] == []
    assert [one.currency for one in calendar_view(seen, {}, is_report=False)["every"]] == codes
    assert len(calendar_view(seen, {"currency": "C07"}, is_report=False)["sections"]) == 1
    assert len(calendar_view(seen, {}, is_report=True)["sections"]) == 30


def test_a_table_that_is_cut_short_has_its_sums() -> None:
    """All rows count, by state and currency, in the order of the states."""
    rows = [row("a", State.BLOCKED), row("b"), row("c", value="2.50")]
    told = [
        (one.state, one.count, [(sum.currency, sum.amount) for sum in one.sums])
        for one in summary_of(rows).totals
    ]
    assert told == [
        (State.READY, 2, [("EUR", Decimal("12.50"))]),
        (State.BLOCKED, 1, [("EUR", Decimal("10.00"))]),
    ]


def test_counts_are_written_as_the_reader_does() -> None:
    """From a thousand on they are figures for the script: 1,234 is a fraction to half the world."""
    assert several(1, "draft") == "1 draft"
    assert several(1234, "draft") == ('<data class="amount" value="1234" data-digits="0">1,234</data> drafts')
