"""run against the emulator, over real HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.console import call as call_module
from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops, check, lines_of, schema_of

FIFTH = datetime(2020, 10, 5, 6, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("emulator")


@pytest.fixture
def adatum(projops: Projops, emulator: OpenEmulator) -> str:
    """The id of the documented example's contract, on the day of its first invoice."""
    emulator.move_clock(FIFTH)
    found = projops("run", "-o", "json").json["invoices"]
    return str(next(one["contract"] for one in found if one["contract_name"].startswith("Adatum")))


def test_a_preview_creates_nothing(projops: Projops, emulator: OpenEmulator) -> None:
    """Without --apply a run shows the invoices of the day and leaves the environment as it was."""
    found = projops("run", "--on", "2020-10-05", "-o", "json")
    assert found.code == 0
    assert found.json["applied"] is False
    assert {one["state"] for one in found.json["invoices"]} == {"planned"}
    with emulator.store.snapshot() as tx:
        assert tx.find("invoice", {}) == []


def test_every_output_of_a_run_fits_its_schema(projops: Projops, adatum: str) -> None:
    """A preview, a run that creates and a run after it fit the schema that is shipped."""
    schema = schema_of("run")
    for options in ((), ("--apply", "--contract", adatum), ("--contract", adatum)):
        check(projops("run", *options, "-o", "json").json, schema)


def test_sums_of_a_preview_agree_within_themselves(projops: Projops) -> None:
    """The total of an invoice is the sum of its lines with their taxes, and a line that of its details."""
    for invoice in projops("run", "--on", "2020-10-05", "-o", "json").json["invoices"]:
        amounts = [Decimal(line["amount"]) + Decimal(line["tax"]) for line in invoice["lines"]]
        assert sum(amounts) == Decimal(invoice["total"])
        for line in invoice["lines"]:
            charged = [one for one in line["details"] if one["billing_type"] == "chargeable"]
            assert sum(Decimal(one["amount"]) for one in charged) == Decimal(line["amount"])


def test_json_lines_and_csv_say_what_json_says(projops: Projops) -> None:
    """jsonl has a line for each item of the json output, csv a row."""
    whole = projops("run", "--on", "2020-10-05", "-o", "json").json
    lines = lines_of(projops("run", "--on", "2020-10-05", "-o", "jsonl").out)
    rows = list(csv.DictReader(io.StringIO(projops("run", "--on", "2020-10-05", "-o", "csv").out)))
    for kind, name in {"invoice": "invoices", "skipped": "skipped", "failed": "failed"}.items():
        of_kind = [{**line} for line in lines if line["kind"] == kind]
        assert [{k: v for k, v in line.items() if k != "kind"} for line in of_kind] == whole[name]
        assert sum(row["kind"] == kind for row in rows) == len(whole[name])


def test_apply_creates_what_the_preview_showed_once(projops: Projops, adatum: str) -> None:
    """--apply creates the previewed invoice, and a second --apply creates none."""
    (planned,) = projops("run", "--contract", adatum, "-o", "json").json["invoices"]
    done = projops("run", "--apply", "--contract", adatum, "-o", "json")
    (created,) = done.json["invoices"]
    assert (done.code, created["state"]) == (0, "created")
    assert created["id"] is not None
    assert (created["total"], created["lines"]) == (planned["total"], planned["lines"])
    again = projops("run", "--apply", "--contract", adatum, "-o", "json")
    assert (again.code, again.json["invoices"]) == (0, [])


def test_records_create_the_same_in_the_emulator(projops: Projops, adatum: str) -> None:
    """--create-with records creates the previewed invoice in the emulator."""
    (planned,) = projops("run", "--contract", adatum, "-o", "json").json["invoices"]
    done = projops("run", "--apply", "--create-with", "records", "--contract", adatum, "-o", "json")
    (created,) = done.json["invoices"]
    assert (done.code, created["state"], created["total"]) == (0, "created", planned["total"])


def test_only_the_reviewed_plan_is_applied(projops: Projops, adatum: str) -> None:
    """A digest that is not the preview's exits 4 and creates nothing; the preview's own goes through once."""
    digest = projops("run", "--contract", adatum, "-o", "json").json["digest"]
    stale = projops("run", "--apply", "--contract", adatum, "--digest", "0" * 64)
    assert stale.code == 4
    assert digest in stale.err
    options = ("run", "--apply", "--contract", adatum, "--digest", digest, "-o", "json")
    assert len(projops(*options).json["invoices"]) == 1
    assert projops(*options).code == 4


def test_a_day_to_come_is_not_invoiced(projops: Projops) -> None:
    """--apply for a day that the environment has not reached exits 4."""
    refused = projops("run", "--apply", "--on", "2020-10-05")
    assert refused.code == 4
    assert "2020-10-03" in refused.err


def test_nothing_is_created_while_the_job_is_about_to_run(projops: Projops, emulator: OpenEmulator) -> None:
    """Shortly before the platform's own run --apply exits 4; --beside-chain insists."""
    projops("provision", "--apply")
    emulator.move_clock(datetime(2020, 10, 4, 5, 45, tzinfo=UTC))
    refused = projops("run", "--apply")
    assert refused.code == 4
    assert "--beside-chain" in refused.err
    assert projops("run", "--apply", "--beside-chain").code == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--on", "05.10.2020"),
        ("--on", "2020-02-30"),
        ("--create-with", "magic"),
        ("--contract", "6f0b8c9e-0000-4000-8000-000000000000", "--all-contracts"),
        ("--contract", "6f0b8c9e-0000-4000-8000-000000000000"),
        ("--contract", "Adatum"),
    ],
)
def test_what_cannot_be_asked_for_is_wrong_usage(projops: Projops, options: tuple[str, ...]) -> None:
    """A date that is none, a word that is none, and a contract that does not exist exit 2."""
    wrong = projops("run", *options)
    assert wrong.code == 2
    assert wrong.out == ""
    assert options[-1] in wrong.err


def test_a_closed_pipe_leaves_the_verdict(projops: Projops, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that is piped into `head` has the exit code that it has without."""

    def closed(_file: Any, lines: Iterator[str]) -> None:
        next(lines)
        raise BrokenPipeError

    monkeypatch.setattr(call_module, "write_text", closed)
    assert projops("run", "--on", "2020-10-05").code == 0
    assert projops("verify").code == 3


def test_a_closed_pipe_stops_the_writing_and_not_the_doing(
    projops: Projops, adatum: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever pipes a creating run into `head` gets all of it created."""

    def closed(_file: Any, lines: Iterator[str]) -> None:
        next(lines)
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr(call_module, "write_text", closed)
        assert projops("run", "--apply", "--contract", adatum).code == 0
    assert projops("run", "--contract", adatum, "-o", "json").json["invoices"] == []
