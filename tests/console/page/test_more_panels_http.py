"""Problems, calendar and history over real HTTP, and the report."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connector.console.call import Call
from connector.console.page.readings import HistorySeen
from connector.console.page.report import ReportSeen, report_html
from connector.console.page.work import State
from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops, check, schema_of
from tests.console.page.conftest import Visitor, opened, text_of


def test_problems_stand_with_their_fix_and_record(visitor: Visitor) -> None:
    """Each finding names its check, what is wrong, the contract, what to do, and leads to the record."""
    answer = visitor.get("/problems").text
    text = text_of(answer)
    assert "Error SCH02 Does every time and material line of a confirmed contract" in text
    assert "Tailspin - support without a schedule , managed by SYSTEM" in text
    assert "What to do: Give the line its Billing Start Date" in text
    assert "main.aspx?pagetype=entityrecord&amp;etn=salesorderdetail&amp;id=" in answer


def test_problems_by_contract_and_manager(visitor: Visitor) -> None:
    """They group by contract and by manager too, and a search leaves what fits."""
    assert "Error Tailspin - support without a schedule Error SCH02" in visitor.text("/problems?by=contract")
    assert "Error SYSTEM" in visitor.text("/problems?by=manager&check=SCH02")
    assert "No finding fits" in visitor.text("/problems?q=nothing+of+that+name")
    assert "SCH02" in visitor.text("/problems?by=nonsense&level=nonsense")


def test_the_calendar_draws_what_is_expected(visitor: Visitor) -> None:
    """Per currency a chart by day and by customer, and the same as a table with its total."""
    answer = visitor.get("/calendar").text
    text = text_of(answer)
    assert "run dates from 2020-10-05 to 2020-11-30" in text
    assert "2020-10-19 Fabrikam, Inc. 1 600.01 USD" in text
    assert "Expected in EUR 774.91 EUR" in text
    assert 'aria-label="Amount by customer in USD"' in answer
    assert "<style" not in answer
    assert "<script>" not in answer
    assert " style=" not in answer


def test_without_a_history_file_it_is_said_how_to_keep_one(visitor: Visitor) -> None:
    """An empty panel says what would fill it."""
    assert "Set PROJOPS_HISTORY_FILE" in visitor.text("/history")


def test_the_history_has_runs_amounts_and_parity(
    running: OpenEmulator, projops: Projops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the page and the commands have seen: runs with drafts, charts, who did what, the last score."""
    monkeypatch.setenv("PROJOPS_HISTORY_FILE", str(tmp_path / "history.db"))
    running.move_clock(datetime(2020, 10, 6, 7, tzinfo=UTC))
    assert projops("run", "--compare", "2020-10-05").code == 0
    told = json.loads(projops("history", "-o", "json").out)
    check(told, schema_of("history"))
    with opened(Call()) as page:
        visitor = Visitor(page)
        visitor.enter()
        answer = visitor.get("/history").text
        text = text_of(answer)
    assert "3 runs, 0 without success" in text
    assert re.search(r"2020-10-05 06:00 succeeded 0 s 6 774.91 EUR 9,810.68 USD", text)
    assert 'aria-label="Amount of the drafts of each run in USD"' in answer
    assert re.search(r"\d+ of \d+ contracts were as previewed on 2020-10-05", text)
    assert "of an emulator this proves wiring only" in text


def test_a_report_is_one_file_that_needs_nothing_else(
    running: OpenEmulator, projops: Projops, tmp_path: Path
) -> None:
    """All panels, no script, no request: the policy lets through the one style that its digest names."""
    file = tmp_path / "report.html"
    done = projops("report", file, "-o", "json")
    assert done.code == 0
    check(done.json, schema_of("report"))
    html = file.read_text("utf-8")
    text = text_of(html)
    for part in ("Healthy Sleeping", "Day by day", "Next run, 2020-10-05", "Calendar", "SCH02", "No history"):
        assert part in text
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in html
    assert not re.search(r"<(script|link|img|iframe|form)\b", html)
    assert set(re.findall(r'href="([^"]{0,8})', html)) <= {
        "#health", "#timelin", "#next-ru", "#calenda", "#problem", "#history", "https://",
    }  # fmt: skip
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_a_report_says_what_it_leaves_out(visitor: Visitor) -> None:
    """Tables end after as many rows as were asked for; how many there are, and their sums, are of all."""
    keeper = visitor.page.keeper
    job, work, findings = keeper.job.known.value, keeper.work.known.value, keeper.findings.known.value
    assert job is not None
    assert work is not None
    assert findings is not None
    [ready, *_] = [row for row in work.rows if row.state is State.READY and row.currency == "EUR"]
    long = replace(work, rows=(ready,) * 1_200)
    text = text_of(report_html(ReportSeen(job, long, findings, HistorySeen()), "somewhere", rows=50))
    assert "1 to 50 of 1,200 rows : the rest is not in this file, more of it with --rows" in text.replace(
        "rows:", "rows :"
    )
    assert "By state State Rows Amounts Ready 1,200 929,892.00 EUR" in text


def test_a_report_that_cannot_be_written_is_an_error(
    running: OpenEmulator, projops: Projops, tmp_path: Path
) -> None:
    """A folder that is not there is named."""
    done = projops("report", tmp_path / "nowhere" / "report.html")
    assert (done.code, "cannot be written" in done.err) == (1, True)


def test_the_period_is_eight_weeks(visitor: Visitor) -> None:
    """The calendar begins with the day of the next run."""
    seen = visitor.page.keeper.work.known.value
    assert seen is not None
    assert seen.period.first == date(2020, 10, 5)
    assert seen.period.last - seen.period.first == timedelta(weeks=8)
