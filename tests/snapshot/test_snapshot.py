"""From one environment to a laptop: both ends are ours, so this proves wiring, with sentences as measure."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.console.main import run_command_line
from connector.emulator.ownership import OpenEmulator, open_emulator

LAPTOP = ("--url", "emulator:laptop.db")
Sandbox = Callable[..., tuple[int, str, str]]


@pytest.fixture
def projops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sandbox:
    """Runs a command in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run_command_line([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def customer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, projops: Sandbox) -> Any:
    """The customer's environment: provisioned, three days in."""
    path = tmp_path / "customer.db"
    with open_emulator(path) as emulator:
        monkeypatch.setenv("DATAVERSE_URL", f"emulator:{path}")
        assert projops("provision", "--apply")[0] == 0
        emulator.advance_clock(timedelta(days=3))
        yield emulator


def take_home(projops: Sandbox, *options: str) -> None:
    code, _, err = projops("snapshot", "pull", "job.jsonl", "--replace", *options)
    assert code == 0, err
    for left in Path().glob("laptop.db*"):
        left.unlink()
    assert projops("emulator", "seed", "laptop.db", "--from", "job.jsonl")[0] == 0


def stall(emulator: OpenEmulator) -> None:
    emulator.change_switches(stalls_timers=True)
    emulator.advance_clock(timedelta(days=2))


def suspend(emulator: OpenEmulator) -> None:
    """As after a failing step: suspended, with an error and no time to go on."""
    with emulator.store.transaction() as tx:
        (job,) = tx.find("asyncoperation", {"statecode": 1})
        values: dict[str, Any] = {"postponeuntil": None, "errorcode": -2147220891, "message": "Adatum is ill"}
        tx.update("asyncoperation", str(job["asyncoperationid"]), values)
    emulator.advance_clock(timedelta(days=1, hours=2))


def double(emulator: OpenEmulator) -> None:
    emulator.duplicate_chain()
    emulator.advance_clock(timedelta(hours=1))


def cancel(emulator: OpenEmulator) -> None:
    with emulator.store.transaction() as tx:
        for job in tx.find("asyncoperation", {"statecode": 1}):
            values: dict[str, Any] = {"statecode": 3, "statuscode": 32, "completedon": tx.now}
            tx.update("asyncoperation", str(job["asyncoperationid"]), values)
    emulator.advance_clock(timedelta(days=1))


@pytest.mark.parametrize("trouble", [stall, double, cancel])
def test_the_job_says_on_the_laptop_what_it_says_at_the_customers(
    customer: OpenEmulator, projops: Sandbox, trouble: Callable[[OpenEmulator], None]
) -> None:
    """Stalled, doubled or canceled: `status` begins with the same sentence."""
    trouble(customer)
    there = projops("status")[1].splitlines()[0]
    take_home(projops)
    assert projops("status", *LAPTOP)[1].splitlines()[0] == there


def test_with_values_all_of_the_status_is_the_same(customer: OpenEmulator, projops: Sandbox) -> None:
    """Every member of the JSON, messages and evidence included, but for the address."""
    suspend(customer)
    there = json.loads(projops("status", "-o", "json")[1])
    take_home(projops, "--with-values")
    here = json.loads(projops("status", "-o", "json", *LAPTOP)[1])
    assert here | {"environment": ""} == there | {"environment": ""}


def test_a_stalled_job_is_mended_on_the_laptop(customer: OpenEmulator, projops: Sandbox) -> None:
    """Rerun is tried here first: it cancels the chain and starts one that runs."""
    stall(customer)
    sentence = projops("status")[1].splitlines()[0]
    take_home(projops)
    assert projops("status", *LAPTOP)[1].splitlines()[0] == sentence
    assert projops("emulator", "clock", "--advance", "12h", "--at", "laptop.db")[0] == 0
    assert "Stalled" in projops("status", *LAPTOP)[1].splitlines()[0]  # it does not go on by itself
    assert projops("rerun", "--apply", *LAPTOP)[0] == 0
    assert projops("emulator", "clock", "--advance", "25h", "--at", "laptop.db")[0] == 0
    assert projops("status", "--check", *LAPTOP)[0] == 0


def test_the_same_lines_are_due_on_the_laptop(customer: OpenEmulator, projops: Sandbox) -> None:
    """With values the preview of a day is the same to the cent; without, the same lines and counts."""
    there = json.loads(projops("run", "--on", "2020-10-19", "-o", "json")[1])
    for options in ([], ["--with-values"]):
        take_home(projops, *options)
        text = projops("run", "--on", "2020-10-19", "-o", "json", *LAPTOP)[1]
        here = json.loads(text)
        assert _due(here) == _due(there)
        if options:
            assert [item["total"] for item in here["invoices"]] == [
                item["total"] for item in there["invoices"]
            ]
        else:
            assert "Adatum" not in text


def _due(found: dict[str, Any]) -> list[Any]:
    return sorted(
        sorted((line["contract_line"], len(line["details"])) for line in invoice["lines"])
        for invoice in found["invoices"]
    )


def test_no_name_and_no_amount_is_in_the_file(customer: OpenEmulator, projops: Sandbox) -> None:
    """Not one name, description or amount of the sample is found in the blanked file."""
    assert projops("snapshot", "pull", "job.jsonl")[0] == 0
    text = Path("job.jsonl").read_text("utf-8")
    with customer.store.snapshot() as tx:
        secret = {str(row["name"]) for table in ("account", "salesorder") for row in tx.find(table)}
        secret |= {str(row["msdyn_description"]) for row in tx.find("msdyn_actual")}
        secret |= {str(row["fullname"]) for row in tx.find("systemuser")}
    secret |= {'"5000', '"12000', '"749.85', "alex.admin", "Contoso"}
    assert [word for word in secret if word in text] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_file_is_for_its_owner_alone(customer: OpenEmulator, projops: Sandbox) -> None:
    """Mode 0600 whatever the umask; an existing file stays unless it is to be replaced."""
    before = os.umask(0)
    try:
        assert projops("snapshot", "pull", "job.jsonl")[0] == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("job.jsonl").stat().st_mode) == 0o600
    code, _, err = projops("snapshot", "pull", "job.jsonl")
    assert code == 1
    assert "--replace" in err
