"""The panels over real HTTP, with the emulator behind them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.console.call import Call
from connector.console.page.open import open_page
from connector.emulator.ownership import OpenEmulator
from connector.emulator.trouble.fault import Cut, Status, Throttle
from connector.emulator.trouble.rule import Rule
from connector.errors import SettingsError
from tests.console.outputs import Projops
from tests.console.page.conftest import Visitor, opened, text_of


def test_health_says_how_the_job_is(visitor: Visitor) -> None:
    """Word, sentence, what is left until the next run, evidence and system jobs are on the first page."""
    text = visitor.text("/")
    assert "Healthy Sleeping, next run 2020-10-05" in text
    assert "Next run in 23 h" in text
    assert "ProcessRunCaller is activated" in text
    assert "9,810.68 USD" in text
    assert "6 draft invoices" in text


def test_a_job_that_was_never_provisioned_is_red(emulator: OpenEmulator) -> None:
    """Before anything is set up the page says so, and what to do."""
    with opened(Call()) as page:
        visitor = Visitor(page)
        visitor.enter()
        answer = visitor.get("/").text
    assert 'class="card hero bad"' in answer
    assert "projops provision creates the record and starts the job." in text_of(answer)


def test_the_timeline_shows_a_system_job(visitor: Visitor) -> None:
    """Each stretch leads to its system job, with state, times, starter and message."""
    seen = visitor.page.keeper.job.known.value
    assert seen is not None
    run = next(span.jobs[0] for span in seen.spans if span.kind == "run")
    assert f"job={run}" in visitor.get("/timeline").text
    text = visitor.text(f"/timeline?job={run}")
    assert "ProcessRunner, step Process State succeeded" in text
    assert "Started by # projops-connector" in text
    assert "none of the chains" in visitor.text("/timeline?job=unknown")


def test_the_next_run_names_every_line_with_its_state(visitor: Visitor) -> None:
    """The documented example and the other contracts, each with what becomes of it on 2020-10-05."""
    text = visitor.text("/next-run")
    assert "Next run, 2020-10-05" in text
    for part in (
        "Ready Prototype work Adatum - prototype, implementation and expenses Adatum Corporation 5,000.00",
        "Not yet due Joint go-live",
        "Awaiting approval Spare battery",
        "Blocked Support Tailspin - support without a schedule",
        "774.91 EUR",
    ):
        assert part in text


def test_a_filter_a_search_and_an_order(visitor: Visitor) -> None:
    """State, words and order come from the address; a state's count is that of the search."""
    text = visitor.text("/next-run?state=ready&q=fabrikam&sort=-amount")
    assert "1 to 2 of 2 rows" in text
    assert text.index("813.33") < text.index("542.22")
    assert "No line fits" in visitor.text("/next-run?q=nobody")
    assert "rows" in visitor.text("/next-run?state=no-such-state&sort=no-such-column&page=-1")


def test_the_csv_has_what_is_asked_for(visitor: Visitor) -> None:
    """All rows of the question, amounts as plain numbers."""
    answer = visitor.get("/next-run.csv?state=ready&sort=amount")
    assert answer.headers["content-disposition"] == 'attachment; filename="next-run-2020-10-05.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["amount"] for row in rows][:2] == ["213.44", "399.99"]
    assert {row["state"] for row in rows} == {"ready"}
    assert len(rows) == 9


def test_a_name_is_text_and_nothing_else(emulator: OpenEmulator) -> None:
    """A contract named like a script, a line like a formula: on the page they are words, in CSV text."""
    with emulator.store.transaction() as tx:
        (contract,) = tx.find("salesorder", {"name": "Fourth Coffee - rollout in EUR"})
        tx.update("salesorder", str(contract["salesorderid"]), {"name": '<script>alert("1")</script>\u202e'})
        (line,) = tx.find("salesorderdetail", {"salesorderdetailname": "Shop rollout"})
        tx.update(
            "salesorderdetail", str(line["salesorderdetailid"]), {"salesorderdetailname": "=HYPERLINK(1)"}
        )
    with opened(Call()) as page:
        visitor = Visitor(page)
        visitor.enter()
        for path in ("/next-run", f"/line/{line['salesorderdetailid']}"):
            answer = visitor.get(path).text
            assert "<script>alert" not in answer
            assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;\N{REPLACEMENT CHARACTER}" in answer
        assert "'=HYPERLINK(1)" in visitor.get("/next-run.csv").text


def test_a_line_has_an_address_of_its_own(visitor: Visitor) -> None:
    """The story that explain tells: the schedule, the transactions by their fate, what to do."""
    assert visitor.get("/line?q=Implementation work").headers["location"] == "/line/Implementation%20work"
    text = visitor.text("/line/Implementation%20work")
    assert "Run date Cut-off Status Invoice 2020-10-05 2020-10-04 Not Run" in text
    assert "Awaiting approval 1 transaction, 900.00 USD" in text
    assert "What to do" in text


def test_what_is_no_line_is_said(visitor: Visitor) -> None:
    """An address that names nothing says so, and leads back; nothing is promised to come by itself."""
    text = visitor.text("/line/nothing-of-that-name")
    assert "It cannot be found" in text
    assert "tried again" not in text


@pytest.mark.parametrize(
    ("fault", "title"),
    [
        (Cut(), "The environment does not answer"),
        (Throttle(retry_after_s=300), "The environment asks for a pause"),
        (Status(status=503), "The environment is in trouble"),
    ],
)
def test_trouble_shows_what_was_known(
    running: OpenEmulator, own_visitor: Visitor, fault: Cut | Throttle | Status, title: str
) -> None:
    """With the environment down or throttled the last state stands there with its time, and a notice."""
    running.trouble.add(Rule(fault=fault))
    known = own_visitor.page.keeper.job.read_now()
    assert known.value is not None
    text = own_visitor.text("/")
    assert title in text
    assert "What stands here is what was known at 2020-10-04 07:00" in text
    assert "Healthy Sleeping" in text
    running.trouble.clear()
    # Until the pause is over that was asked for, nothing is sent.
    assert (own_visitor.page.keeper.job.read_now().trouble is None) is not isinstance(fault, Throttle)


def test_an_environment_that_is_down_from_the_start(
    running: OpenEmulator,
) -> None:
    """The page is there all the same, says what is wrong, and is no blank one."""
    running.trouble.add(Rule(fault=Status(status=503)))
    with opened(Call()) as page:
        assert page.keeper.job.known.trouble is not None
        visitor = Visitor(page)
        visitor.enter()
        for path in ("/", "/timeline", "/next-run"):
            assert "Nothing is known yet" in visitor.text(path)
        assert visitor.get("/next-run.csv").status_code == 503


def test_until_it_is_read_the_history_speaks(
    running: OpenEmulator, projops: Projops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was noted last stands there with its time, while nothing is known of the environment."""
    monkeypatch.setenv("PROJOPS_HISTORY_FILE", str(tmp_path / "history.db"))
    assert projops("status").code == 0
    running.trouble.add(Rule(fault=Status(status=503)))
    with opened(Call()) as page:
        visitor = Visitor(page)
        visitor.enter()
        text = visitor.text("/")
    assert "Until then: what the history noted last" in text
    assert "2020-10-04 07:00 Health Healthy: sleeping, next run 2020-10-05" in text
    assert "System job ProcessRunner succeeded" in text


def test_a_slow_environment_is_said(own_visitor: Visitor) -> None:
    """While a reading takes long, the state before stands there, with how long it has been going on."""
    topic = own_visitor.page.keeper.job
    began_s = own_visitor.page.keeper.clock() - 42
    topic._known = replace(topic.known, reading_since_s=began_s)
    text = own_visitor.text("/")
    assert "The environment is slow A new reading is under way for 42 s" in text
    assert "Healthy Sleeping" in text


def test_one_reading_serves_all_tabs(running: OpenEmulator, own_visitor: Visitor) -> None:
    """However many pages are opened, the environment is not asked once more."""
    visitor = own_visitor
    running.trouble.forget_received()
    for _ in range(5):
        for path in ("/", "/timeline", "/next-run", "/pulse"):
            assert visitor.get(path).status_code == 200
    assert not running.trouble.received()


def test_a_refresh_says_what_changed(running: OpenEmulator, own_visitor: Visitor) -> None:
    """A transaction that is released between two readings is named, with sums."""
    visitor = own_visitor
    with running.store.transaction() as tx:
        (actual,) = tx.find("msdyn_actual", {"msdyn_description": "Not yet approved"})
        tx.update("msdyn_actual", str(actual["msdyn_actualid"]), {"msdyn_billingstatus": 192350004})
    visitor.page.keeper.work.read_now()
    text = visitor.text("/next-run")
    assert "What changed between" in text
    assert "Ready: + 900.00 USD" in text
    assert "awaiting approval 900.00 USD" in text


def test_the_pulse_changes_with_a_reading(visitor: Visitor) -> None:
    """The script of an open tab sees that there is something new, and the page carries the same number."""
    before = visitor.get("/pulse").json()["numbers"]
    visitor.page.keeper.job.read_now()
    after = visitor.get("/pulse").json()["numbers"]
    assert after["job"] > before["job"]
    assert f'data-state="job={after["job"]}"' in visitor.get("/timeline").text


def test_a_fault_of_ours_is_logged_and_said(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected is written to a log, and the page names the file instead of breaking."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("connector.console.page.catalog.timeline.timeline_view", broken)
    answer = visitor.get("/timeline")
    assert answer.status_code == 500
    text = text_of(answer.text)
    assert "ZeroDivisionError: what happened is in" in text
    log = Path(text.partition("happened is in ")[2].partition(".log")[0] + ".log")
    assert "ZeroDivisionError" in log.read_text("utf-8")
    log.unlink()


def test_a_port_that_is_taken_is_an_error(visitor: Visitor) -> None:
    """A second page on the same port is told so before anything is read."""
    call = Call(flags={"dataverse_url": "emulator:other.db"})
    with pytest.raises(SettingsError, match="cannot be used"), open_page(call, port=visitor.page.access.port):
        pass


def test_an_idle_page_lets_the_environment_alone(visitor: Visitor) -> None:
    """When nobody has looked for a quarter of an hour nothing is due until somebody does."""
    keeper = visitor.page.keeper
    beat = keeper._beats["job"]
    assert 0 < keeper._left_s(beat) <= 30
    keeper._visited_s -= timedelta(minutes=16).total_seconds()
    assert keeper._left_s(beat) > 100
    keeper.visit()
    assert keeper._left_s(beat) <= 30
