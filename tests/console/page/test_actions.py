"""Actions: planned by anybody who may see the page, carried out by a confirmed plan alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.console.call import Call
from connector.console.page.actions import word_of
from connector.emulator.ownership import OpenEmulator
from connector.history.store import History
from connector.history.values import Kind
from tests.console.page.conftest import Visitor, opened, text_of


@pytest.fixture
def stopped(running: OpenEmulator) -> OpenEmulator:
    """Somebody has canceled the chain, and the documented day has come without a run."""
    with running.store.transaction() as tx:
        for job in tx.find("asyncoperation", {"statuscode": 10}):
            tx.update("asyncoperation", str(job["asyncoperationid"]), {"statecode": 3, "statuscode": 32})
    running.move_clock(datetime(2020, 10, 5, 7, tzinfo=UTC))
    return running


@pytest.fixture
def actor(stopped: OpenEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    """Somebody at a page that may act, with a history."""
    monkeypatch.setenv("PROJOPS_HISTORY_FILE", str(tmp_path / "history.db"))
    with opened(Call(), is_acting=True) as page:
        visitor = Visitor(page)
        visitor.enter()
        yield visitor


def form_of(html: str) -> dict[str, str]:
    """The hidden fields of the confirmation, and what a person types there."""
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))
    word = re.search(r"Type <b>([^<]+)</b>", html)
    assert word is not None, text_of(html)
    return {**hidden, "word": word[1], "reason": "Ticket 4711"}


def started(emulator: OpenEmulator) -> int:
    with emulator.store.snapshot() as tx:
        return len(tx.find("asyncoperation", {}))


def test_without_leave_there_are_no_actions(visitor: Visitor) -> None:
    """Not shown, not planned, not done."""
    assert "Actions" not in visitor.text("/")
    for path in ("/actions", "/actions/rerun", "/actions/run"):
        assert visitor.get(path).status_code == 404
    assert visitor.post("/actions/rerun", {}).status_code in {404, 405}


def test_a_rerun_from_start_to_end(stopped: OpenEmulator, actor: Visitor, tmp_path: Path) -> None:
    """Plan, confirmation, one start, what came of it, who and why in the history; a second is refused."""
    before = started(stopped)
    plan = actor.get("/actions/rerun").text
    assert "Start ProcessRunCaller" in text_of(plan)
    form = form_of(plan)
    done = actor.post("/actions/rerun", form)
    assert done.status_code == 303
    assert "ProcessRunCaller was started as system job" in actor.text(done.headers["location"])
    assert started(stopped) == before + 1
    again = actor.post("/actions/rerun", form)
    assert again.status_code == 409
    assert "The plan is not the reviewed one" in text_of(again.text)
    assert started(stopped) == before + 1
    with History.open(tmp_path / "history.db") as history:
        [entry] = [one for one in history.entries() if one.kind is Kind.RERUN]
    assert (entry.reason, entry.who) == ("Ticket 4711", "# projops-connector")


def test_a_job_that_lives_is_not_started_again(running: OpenEmulator) -> None:
    """The plan says why, and there is nothing to confirm."""
    with opened(Call(), is_acting=True) as page:
        visitor = Visitor(page)
        visitor.enter()
        answer = visitor.get("/actions/rerun").text
    assert "a second start would invoice twice" in text_of(answer)
    assert 'method="post" action="/actions/rerun"' not in answer


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"csrf": "guessed"}, "This form is none of this page's."),
        ({"word": "somewhere else"}, "To confirm, type"),
        ({"reason": "  "}, "An action has a reason."),
        ({"digest": "0" * 64}, "The plan is not the reviewed one"),
        ({"cancel": "no-such-job"}, "this is no open system job"),
        ({"start_with": "SomethingElse"}, "this does not start the invoice job"),
    ],
)
def test_what_is_not_confirmed_is_not_done(
    stopped: OpenEmulator, actor: Visitor, changed: dict[str, str], why: str
) -> None:
    """A foreign form, another word, no reason, another plan: refused, and nothing is changed."""
    before = started(stopped)
    form = {**form_of(actor.get("/actions/rerun").text), **changed}
    answer = actor.post("/actions/rerun", form)
    assert answer.status_code == 409
    assert why in text_of(answer.text)
    assert started(stopped) == before


def test_a_run_creates_what_its_plan_showed(stopped: OpenEmulator, actor: Visitor, tmp_path: Path) -> None:
    """Today's drafts of the chosen contracts, once; the same plan a second time is refused."""
    with stopped.store.snapshot() as tx:
        [contract] = tx.find("salesorder", {"name": "Fourth Coffee - rollout in EUR"})
    path = f"/actions/run?contract={contract['salesorderid']}"
    plan = actor.get(path).text
    assert "Fourth Coffee - rollout in EUR Fourth Coffee 2020-10-05 774.91 EUR planned" in text_of(plan)
    form = form_of(plan)
    done = actor.post("/actions/run", form)
    assert done.status_code == 303
    assert "774.91 EUR created" in actor.text(done.headers["location"])
    with stopped.store.snapshot() as tx:
        assert len(tx.find("invoice", {"msdyn_projectinvoicestatus": 192350000})) >= 1
        count = len(tx.find("invoice", {}))
    assert actor.post("/actions/run", form).status_code == 409
    with stopped.store.snapshot() as tx:
        assert len(tx.find("invoice", {})) == count
    with History.open(tmp_path / "history.db") as history:
        [entry] = [one for one in history.entries() if one.kind is Kind.RUN]
    assert entry.reason == "Ticket 4711"
    assert entry.sentence == "Created on 2020-10-05: 1 invoice: 774.91 EUR."
    assert (entry.facts["amounts"], entry.facts["is_whole"]) == ({"EUR": "774.9100"}, True)


def test_a_result_that_is_gone_is_said_to_be(actor: Visitor) -> None:
    """What came of the latest actions is kept; an address of another one says so."""
    answer = actor.get("/actions/done/unknown")
    assert answer.status_code == 404
    assert "is not kept any more" in text_of(answer.text)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://contoso.crm4.dynamics.com", "contoso.crm4.dynamics.com"),
        ("https://127.0.0.1:8443/", "127.0.0.1"),
        ("emulator:sandbox.db", "emulator:sandbox.db"),
    ],
)
def test_the_word_names_the_environment(url: str, word: str) -> None:
    """Whoever types it has read where it is done."""
    assert word_of(url) == word
