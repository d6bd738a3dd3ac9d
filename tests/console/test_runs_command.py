"""Durable runs from the command line: run --durable, and runs list, show, resume, cancel, retry-failed."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connector.console.main import run_command_line
from connector.emulator.ownership import OpenEmulator
from connector.model.contract_line import BillingStatus
from connector.model.process import PROCESS_RUNNER
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.runs import Runs, RunState
from tests.console.outputs import Projops, check, schema_of
from tests.runner.interrupts import ACTION, tapped

FIFTH = datetime(2020, 10, 5, 6, tzinfo=UTC)
RATE = 1200
"""Requests a minute."""
CALLS = 6


@pytest.fixture
def state(either_state: str, emulator: OpenEmulator) -> str:
    """A state of its own, and the day of the documented example's first invoice."""
    emulator.move_clock(FIFTH)
    return either_state


def test_a_durable_run_creates_what_a_preview_shows(projops: Projops, state: str) -> None:
    """The same invoices; the run is kept, and list and show tell of it as their schemas have it."""
    planned = projops("run", "-o", "json").json["invoices"]
    done = projops("run", "--apply", "--durable", "-o", "json")
    assert done.code == 0, done.err
    check(done.json, schema_of("durable_run"))
    assert sorted(one["total"] for one in done.json["invoices"]) == sorted(one["total"] for one in planned)
    assert {one["state"] for one in done.json["invoices"]} == {"created"}
    listed = projops("runs", "list", "-o", "json").json
    check(listed, schema_of("runs"))
    (one,) = listed["runs"]
    assert (one["state"], one["invoice_count"], one["on"]) == ("done", len(planned), "2020-10-05")
    shown = projops("runs", "show", one["id"], "--follow", "-o", "json")
    check(shown.json, schema_of("durable_run"))
    assert shown.json["invoices"] == done.json["invoices"]
    again = projops("run", "--apply", "--durable", "-o", "json")
    assert (again.code, again.json["invoices"]) == (0, [])


def test_a_rate_holds_for_all_chunks_of_a_worker_together(
    projops: Projops, file_state: str, emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two chunks at a time: the requests that the environment received took at least the time that the rate
    leaves between each two of them. They are sent that far apart, so a slow machine only takes longer."""
    emulator.move_clock(FIFTH)
    monkeypatch.setenv("PROJOPS_RUN__CONTRACTS_OF_CHUNK", "1")
    monkeypatch.setenv("PROJOPS_RUN__AT_ONCE", "2")
    emulator.trouble.forget_received()
    begun_s = time.monotonic()
    done = projops("run", "--apply", "--durable", "--max-requests-per-minute", str(RATE))
    took_s = time.monotonic() - begun_s
    assert done.code == 0, done.err
    sent = [one for one in emulator.trouble.received() if one.place == "web_api"]
    assert sum(ACTION in one.path for one in sent) == CALLS
    assert took_s >= (len(sent) - 1) * 60 / RATE


def test_a_run_that_is_asked_to_end_says_what_is_left_and_goes_on(
    projops: Projops, state: str, emulator: OpenEmulator
) -> None:
    """SIGTERM: exit 130 within one contract, with the way on; runs resume does the rest, nothing twice."""
    assert threading.current_thread() is threading.main_thread()
    with tapped(emulator.url) as line:
        line.path, line.then = ACTION, lambda: os.kill(os.getpid(), signal.SIGTERM)
        cut = projops("run", "--apply", "--durable")
    assert cut.code == 130
    (run,) = projops("runs", "list", "-o", "json").json["runs"]
    assert f"projops runs resume {run['id']}" in cut.err
    assert (run["state"], run["contracts_done"]) == ("running", 1)
    resumed = projops("runs", "resume", run["id"], "-o", "json")
    assert (resumed.code, resumed.json["state"]) == (0, "done")
    assert resumed.json["invoice_count"] == 7
    with emulator.store.snapshot() as tx:
        assert len(tx.find("invoice", {})) == 7
    assert projops("runs", "resume", run["id"]).code == 4


def test_a_canceled_run_ends_and_can_be_gone_on_with(
    projops: Projops, state: str, emulator: OpenEmulator
) -> None:
    """Canceled while it is at work: no contract is begun any more. Resumed, it does the rest."""
    with tapped(emulator.url) as line:
        line.path, line.then = ACTION, lambda: projops_cancel(state)
        canceled = projops("run", "--apply", "--durable")
    assert canceled.code == 4
    assert "canceled" in canceled.err
    (run,) = projops("runs", "list", "-o", "json").json["runs"]
    assert run["state"] == "canceled"
    with emulator.store.snapshot() as tx:
        assert len(tx.find("invoice", {})) == 1
    assert projops("runs", "cancel", run["id"]).code == 4
    assert projops("runs", "resume", run["id"]).code == 0
    with emulator.store.snapshot() as tx:
        assert len(tx.find("invoice", {})) == 7


def projops_cancel(state: str) -> None:
    """Another terminal."""
    with Database.open(state_address(state)) as database:
        (run,) = Runs(database).rows()
    assert run_command_line(["runs", "cancel", run.id]) == 0


def test_failed_contracts_are_tried_again(projops: Projops, state: str, emulator: OpenEmulator) -> None:
    """Exit 5 with the contract named; retry-failed takes it alone, for the day of the first run."""
    contract = projops("run", "-o", "json").json["invoices"][0]["contract"]
    emulator.change_switches(failing_contracts=(contract,))
    failed = projops("run", "--apply", "--durable", "-o", "json")
    assert failed.code == 5
    assert {one["contract"] for one in failed.json["failures"]} == {contract}
    emulator.change_switches(failing_contracts=())
    emulator.move_clock(datetime(2020, 10, 6, 6, tzinfo=UTC))
    again = projops("runs", "retry-failed", failed.json["id"], "-o", "json")
    assert (again.code, again.json["on"], again.json["contracts"]) == (0, "2020-10-05", 1)
    assert {one["contract"] for one in again.json["invoices"]} == {contract}
    assert projops("runs", "retry-failed", again.json["id"]).code == 4


def test_a_durable_run_does_what_was_reviewed(projops: Projops, state: str, emulator: OpenEmulator) -> None:
    """--digest: cut off and resumed too. Another digest exits 4 before anything is kept; what changes between
    the review and the writing stops the run at its contract."""
    digest = projops("run", "-o", "json").json["digest"]
    wrong = projops("run", "--apply", "--durable", "--digest", "0" * 64)
    assert (wrong.code, digest in wrong.err) == (4, True), wrong.err
    assert projops("runs", "list", "-o", "json").json["runs"] == []
    with tapped(emulator.url) as line:
        line.path, line.then = ACTION, lambda: os.kill(os.getpid(), signal.SIGTERM)
        assert projops("run", "--apply", "--durable", "--digest", digest).code == 130
    (run,) = projops("runs", "list", "-o", "json").json["runs"]
    change_amounts(emulator, "0.01")
    stopped = projops("runs", "resume", run["id"])
    assert (stopped.code, "has changed" in stopped.err) == (4, True), stopped.err
    change_amounts(emulator, "-0.01")
    assert projops("runs", "resume", run["id"], "-o", "json").json["invoice_count"] == 7


def change_amounts(emulator: OpenEmulator, by: str) -> None:
    """Of all that was not invoiced yet."""
    with emulator.store.transaction() as tx:
        for row in tx.find("msdyn_actual", {"msdyn_billingstatus": int(BillingStatus.READY_TO_INVOICE)}):
            if isinstance(amount := row["msdyn_amount"], Decimal):
                tx.update("msdyn_actual", str(row["msdyn_actualid"]), {"msdyn_amount": amount + Decimal(by)})


def test_only_what_was_asked_for_is_gone_through(
    projops: Projops, file_state: str, emulator: OpenEmulator
) -> None:
    """--contract takes the named ones, --limit the first so many, and both are kept with the run."""
    emulator.move_clock(FIFTH)
    contract = projops("run", "-o", "json").json["invoices"][0]["contract"]
    named = projops("run", "--apply", "--durable", "--contract", contract, "-o", "json").json
    assert {one["contract"] for one in named["invoices"]} == {contract}
    assert (named["contracts"], named["contracts_done"]) == (1, 1)
    first = projops("run", "--apply", "--durable", "--limit", "2", "-o", "json").json
    assert (first["contracts"], first["contracts_done"]) == (2, 2)


def test_only_runs_that_ended_long_ago_are_forgotten(projops: Projops, state: str) -> None:
    """prune leaves what is young, and what has not ended."""
    assert projops("run", "--apply", "--durable", "--limit", "1").code == 0
    with Database.open(state_address(state)) as database:
        Runs(database).begin("run-0", "elsewhere", PROCESS_RUNNER, {})
    projops("runs", "prune")
    assert len(projops("runs", "list", "-o", "json").json["runs"]) == 2
    pruned = projops("runs", "prune", "--older-than", "0s")
    assert "1 runs" in pruned.err or "1 run " in pruned.err
    (left,) = projops("runs", "list", "-o", "json").json["runs"]
    assert (left["id"], left["state"]) == ("run-0", RunState.PLANNED)


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (("run", "--durable"), 2, "--apply"),
        (("run", "--limit", "3"), 2, "--durable"),
        (("run", "--apply", "--durable", "--digest", "0" * 64, "--limit", "3"), 2, "--digest"),
        (("run", "--durable", "--compare", "2020-10-05"), 2, "--durable"),
        (("runs", "resume"), 2, "--stale"),
        (("runs", "list"), 1, "no runs yet"),
    ],
)
def test_what_cannot_be_is_said(
    projops: Projops,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    code: int,
    word: str,
) -> None:
    """Options that do not go together are wrong usage, and where no run ever was there is none."""
    monkeypatch.setenv("PROJOPS_STATE_FOLDER", str(tmp_path / "nothing"))
    wrong = projops(*options)
    assert (wrong.code, word in wrong.err) == (code, True), wrong.err


def test_an_unknown_run_is_named(projops: Projops, emulator: OpenEmulator, file_state: str) -> None:
    """show and resume say which run is not there."""
    assert projops("run", "--apply", "--durable", "--limit", "1").code == 0
    for command in ("show", "resume", "cancel", "retry-failed"):
        unknown = projops("runs", command, "run-x")
        assert (unknown.code, "run-x" in unknown.err) == (1, True)


def test_a_guard_stands_before_a_durable_run_too(
    projops: Projops, file_state: str, emulator: OpenEmulator
) -> None:
    """Rule J10: shortly before the platform's own run it exits 4, and nothing is kept of it."""
    projops("provision", "--apply")
    emulator.move_clock(datetime(2020, 10, 6, 5, 45, tzinfo=UTC))
    with emulator.store.snapshot() as tx:
        before = len(tx.find("invoice", {}))
    refused = projops("run", "--apply", "--durable")
    assert refused.code == 4
    assert "--beside-chain" in refused.err
    with emulator.store.snapshot() as tx:
        assert len(tx.find("invoice", {})) == before


def test_the_state_and_its_password_are_told_nowhere(
    projops: Projops, emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """doctor says that PROJOPS_STATE_URL is set, not what it is; an error names the host alone."""
    monkeypatch.setenv(
        "PROJOPS_STATE_URL", "postgresql://projops:pa55word@127.0.0.1:1/runs?connect_timeout=1"
    )
    monkeypatch.setattr("connector.state.database.PATIENCE_S", 0.0)
    told = projops("doctor")
    assert "pa55word" not in told.out + told.err
