"""explain against the emulator, over real HTTP."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops, check, lines_of, schema_of

pytestmark = pytest.mark.usefixtures("emulator")


@pytest.mark.parametrize(
    "what", ["Implementation work", "Adatum", "Proseware", "Tailspin", "Spare battery", "Trey"]
)
def test_every_story_fits_its_schema(projops: Projops, what: str) -> None:
    """A line, a contract, milestones, a product, a line without a schedule, a contract on hold."""
    done = projops("explain", what, "--on", "2020-10-05", "-o", "json")
    assert done.code == 0
    check(done.json, schema_of("explain"))
    assert done.json["lines"]


def test_a_story_names_what_keeps_a_line_off(projops: Projops) -> None:
    """Reason, way out and rule of a transaction that is not ready, in text and for programs."""
    out = projops("explain", "Implementation work", "--on", "2020-10-05").out
    assert max(map(len, out.splitlines())) <= 80
    for part in ("not_ready_to_invoice, rule T2", "mark it in the billing backlog", "900.00 USD"):
        assert part in out
    found = projops("explain", "Implementation work", "--on", "2020-10-05", "-o", "json").json
    [one] = [one for one in found["transactions"] if one["reason"] == "not_ready_to_invoice"]
    assert (one["rule"], one["amount"], one["taken"]) == ("T2", "900.00", False)


def test_transactions_can_be_had_as_lines_and_rows(projops: Projops) -> None:
    """jsonl and csv have one for each transaction that json has."""
    options = ("explain", "Implementation work", "--on", "2020-10-05")
    whole = projops(*options, "-o", "json").json
    lines = [one for one in lines_of(projops(*options, "-o", "jsonl").out) if one["kind"] == "transaction"]
    rows = [
        one
        for one in csv.DictReader(io.StringIO(projops(*options, "-o", "csv").out))
        if one["kind"] == "transaction"
    ]
    assert [one["source_id"] for one in lines] == [one["source_id"] for one in whole["transactions"]]
    assert [(one["source_id"], one["amount"]) for one in rows] == [
        (one["source_id"], one["amount"]) for one in whole["transactions"]
    ]


def test_the_next_run_comes_from_the_job(projops: Projops, emulator: OpenEmulator) -> None:
    """With a job the story says when its run is expected; without one that nobody can tell."""
    before = projops("explain", "Implementation work", "-o", "json").json
    assert before["next_run"] is None
    assert before["lines"][0]["next_run_at"] is None
    projops("provision", "--apply")
    after = projops("explain", "Implementation work", "-o", "json").json
    assert after["next_run"] == "2020-10-04T06:00:00Z"
    assert after["lines"][0]["next_run_date"] == "2020-10-05"
    assert after["lines"][0]["next_run_at"] == "2020-10-05T06:00:00Z"


def test_after_the_run_the_story_leads_to_the_draft(projops: Projops, emulator: OpenEmulator) -> None:
    """Rows and transactions name the invoice with its state, day and amount; texts show no ids of it."""
    projops("provision", "--apply")
    emulator.move_clock(datetime(2020, 10, 5, 7, tzinfo=UTC))
    found = projops("explain", "Expenses incurred", "-o", "json").json
    [first, *_] = found["lines"][0]["schedule"]
    assert first["status"] == "Run Successful"
    assert (first["invoice"]["status"], first["invoice"]["amount"]) == ("Draft", "6788.44")
    out = projops("explain", "Expenses incurred").out
    assert "On the Draft invoice of 2020-10-05, 6,788.44 USD: 2 transactions" in out
    assert first["invoice"]["id"] not in out


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("Consulting", "Alpine"),
        ("Nothing like it", "Nothing like it"),
        ("a" * 8 + "-0000-4000-8000-000000000000", "aaaa"),
    ],
)
def test_what_is_not_one_thing_is_wrong_usage(projops: Projops, what: str, told: str) -> None:
    """Several matches are listed, no match is repeated: exit 2, stdout empty."""
    done = projops("explain", what)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
