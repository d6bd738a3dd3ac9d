"""history, and what other commands leave in it."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.emulator.ownership import OpenEmulator
from connector.errors import DataverseError
from tests.console.outputs import Projops


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "history.db"
    monkeypatch.setenv("PROJOPS_HISTORY_FILE", str(path))
    return path


def test_status_keeps_each_run_with_its_invoices(
    kept: Path, emulator: OpenEmulator, projops: Projops
) -> None:
    """Each run that status has seen is listed once, with the drafts that the documented days bring."""
    projops("provision", "--apply")
    emulator.move_clock(datetime(2020, 10, 6, 7, tzinfo=UTC))
    projops("status")
    projops("status")
    told = json.loads(projops("history", "-o", "json").out)
    assert [(run["started"][:10], run["invoices"]) for run in told["runs"]] == [
        ("2020-10-04", 1),
        ("2020-10-05", 6),
        ("2020-10-06", 0),
    ]
    assert [entry["command"] for entry in told["entries"]] == ["provision", "status"]


def test_the_history_outlives_the_platforms_system_jobs(
    kept: Path, emulator: OpenEmulator, projops: Projops
) -> None:
    """What the platform has deleted since is still listed."""
    projops("provision", "--apply")
    emulator.move_clock(datetime(2020, 10, 4, 7, tzinfo=UTC))
    projops("status")
    with emulator.store.transaction() as tx:
        for job in tx.find("asyncoperation", {"statecode": 3}):
            tx.delete("asyncoperation", str(job["asyncoperationid"]))
    projops("status")
    assert len(json.loads(projops("history", "-o", "json").out)["runs"]) == 1


def test_a_rerun_is_kept_with_who_and_why(kept: Path, emulator: OpenEmulator, projops: Projops) -> None:
    """Who restarted when, why, with which plan and which outcome; a plan alone is no entry."""
    projops("provision", "--apply")
    projops("rerun", "--reason", "only looking")
    projops("rerun", "--apply", "--reason", "Ticket 4711")
    _, entry = json.loads(projops("history", "-o", "json").out)["entries"]
    assert (entry["command"], entry["reason"], entry["who"]) == (
        "rerun",
        "Ticket 4711",
        "# projops-connector",
    )
    assert entry["sentence"].startswith("Refused: Healthy")
    assert entry["facts"]["digest"]


def test_a_rerun_that_breaks_off_is_kept(
    kept: Path, emulator: OpenEmulator, projops: Projops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a rerun that an error ends, plan, reason and error are kept: it may have canceled already."""

    def broken(*_: object) -> None:
        raise DataverseError("The environment has gone.")

    projops("provision", "--apply")
    with emulator.store.transaction() as tx:
        for job in tx.find("asyncoperation", {"statecode": 1}):
            tx.update("asyncoperation", str(job["asyncoperationid"]), {"statecode": 3, "statuscode": 32})
    monkeypatch.setattr("connector.support.apply.start_workflow", broken)
    assert projops("rerun", "--apply", "--reason", "Ticket 4711").code == 1
    _, entry = json.loads(projops("history", "-o", "json").out)["entries"]
    assert entry["reason"] == "Ticket 4711"
    assert entry["sentence"] == "Broken off, and nobody looked what came of it: The environment has gone."
    assert entry["facts"]["plan"][0].startswith("start ")


def test_provision_and_destroy_are_kept_with_who_and_why(
    kept: Path, emulator: OpenEmulator, projops: Projops
) -> None:
    """Who set the job up and took it out of use, why, with which plan and which outcome."""
    projops("provision", "--apply", "--reason", "New environment")
    projops("provision", "--apply", "--reason", "Nothing is left to do")
    projops("destroy", "--reason", "only looking")
    projops("destroy", "--apply", "--reason", "Retired")
    made, ended = json.loads(projops("history", "-o", "json").out)["entries"]
    assert [(one["command"], one["who"], one["reason"]) for one in (made, ended)] == [
        ("provision", "# projops-connector", "New environment"),
        ("destroy", "# projops-connector", "Retired"),
    ]
    assert made["sentence"].startswith("1 created, 1 started. ProcessRunCaller was started")
    assert made["facts"]["plan"][0].startswith("create msdyn_batchjob ")
    assert made["facts"]["started"]
    assert ended["sentence"] == "1 updated, 1 canceled."
    assert [one.split()[0] for one in ended["facts"]["done"]] == ["cancel", "update"]
    assert len(made["facts"]["digest"]) == len(ended["facts"]["digest"]) == 64


def test_what_provision_refuses_or_breaks_off_is_kept(
    kept: Path, emulator: OpenEmulator, projops: Projops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused plan says why, and one that an error ends says that nobody knows what came of it."""

    def broken(*_: object, **__: object) -> None:
        raise DataverseError("The environment has gone.")

    emulator.change_privileges({"take": ["prvCreateInvoice"]})
    assert projops("provision", "--apply").code == 4
    emulator.change_privileges({"give": ["prvCreateInvoice"]})
    monkeypatch.setattr("connector.provisioning.apply.start_workflow", broken)
    assert projops("provision", "--apply").code == 1
    refused, broken_off = json.loads(projops("history", "-o", "json").out)["entries"]
    assert refused["sentence"].startswith("Refused: ")
    assert "prvCreateInvoice" in refused["sentence"]
    assert broken_off["sentence"].startswith("Broken off, and nobody looked what came of it: ")


def test_verify_keeps_what_failed(kept: Path, emulator: OpenEmulator, projops: Projops) -> None:
    """An entry of verify names the checks that failed and the exit code."""
    code = projops("verify", "--only", "SCH02,JOB01").code
    (entry,) = json.loads(projops("history", "-o", "json").out)["entries"]
    assert (entry["facts"]["failed"], entry["facts"]["exit_code"]) == (["JOB01", "SCH02"], code)


def test_csv_has_a_row_for_each_run(kept: Path, emulator: OpenEmulator, projops: Projops) -> None:
    """The export opens in a spreadsheet."""
    projops("provision", "--apply")
    emulator.move_clock(datetime(2020, 10, 4, 7, tzinfo=UTC))
    projops("status")
    rows = list(csv.DictReader(io.StringIO(projops("history", "-o", "csv").out)))
    assert [(row["kind"], row["invoices"]) for row in rows] == [("run", "1"), ("entry", ""), ("entry", "")]


def test_a_history_that_cannot_be_written_stops_no_command(
    tmp_path: Path, emulator: OpenEmulator, projops: Projops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for is done, and that it was not kept is said."""
    foreign = tmp_path / "notes.txt"
    foreign.write_text("notes " * 500, encoding="utf-8")
    monkeypatch.setenv("PROJOPS_HISTORY_FILE", str(foreign))
    done = projops("status")
    assert done.code == 0
    assert "Not kept in the history" in done.err


def test_without_a_setting_nothing_is_kept_and_that_is_said(projops: Projops) -> None:
    """history explains how it is switched on."""
    done = projops("history")
    assert done.code == 1
    assert "PROJOPS_HISTORY_FILE" in done.err


def test_runs_and_comparisons_of_finance_are_kept(
    kept: Path, emulator: OpenEmulator, projops: Projops
) -> None:
    """A preview, what was created and by whom, and the score, which history shows as a figure."""
    emulator.move_clock(datetime(2020, 10, 5, 12, tzinfo=UTC))
    projops("run")
    projops("run", "--apply")
    projops("run", "--compare", "2020-10-05")
    told = json.loads(projops("history", "-o", "json").out)
    preview, applied, _ = told["entries"]
    assert [one["command"] for one in told["entries"]] == ["preview", "run", "compare"]
    assert preview["facts"]["invoices"] == applied["facts"]["invoices"] == 7
    assert applied["facts"]["amounts"] == {"EUR": "774.9100", "USD": "13975.6800"}
    assert applied["who"]
    assert applied["sentence"] == "Created on 2020-10-05: 7 invoices: 774.91 EUR, 13,975.68 USD."
    [score] = told["scores"]
    assert (score["on"], score["equal"], score["compared"], score["share"]) == ("2020-10-05", 6, 6, 100)
    assert "wiring only" in projops("history").out
    assert "Litware" not in json.dumps(told)
