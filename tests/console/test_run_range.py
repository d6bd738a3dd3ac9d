"""run --from --to and run --compare against the emulator, over real HTTP."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops, check, lines_of, schema_of
from tests.console.page.conftest import text_of

FIFTH = datetime(2020, 10, 5, 6, tzinfo=UTC)
PERIOD = ("run", "--from", "2020-10-03", "--to", "2020-11-16")
pytestmark = pytest.mark.usefixtures("emulator")


def test_a_period_is_previewed_in_every_form(projops: Projops, emulator: OpenEmulator) -> None:
    """json fits its schema, jsonl and csv have an entry for each of its items; nothing changes."""
    whole = projops(*PERIOD, "-o", "json").json
    check(whole, schema_of("run_range"))
    lines = lines_of(projops(*PERIOD, "-o", "jsonl").out)
    rows = list(csv.DictReader(io.StringIO(projops(*PERIOD, "-o", "csv").out)))
    lists = {"day": "calendar", "total": "totals", "invoice": "invoices", "skipped": "skipped"}
    for kind, name in lists.items():
        of_kind = [
            {key: value for key, value in one.items() if key != "kind"}
            for one in lines
            if one["kind"] == kind
        ]
        assert of_kind == whole[name]
        assert sum(row["kind"] == kind for row in rows) == len(whole[name]) > 0
    with emulator.store.snapshot() as tx:
        assert tx.find("invoice", {}) == []


def test_calendar_totals_and_drafts_agree(projops: Projops) -> None:
    """The sums of a currency are those of its days and of its drafts, to the last digit."""
    whole = projops(*PERIOD, "-o", "json").json
    for total in whole["totals"]:
        code = total["currency"]
        days = [Decimal(one["amount"]) for one in whole["calendar"] if one["currency"] == code]
        drafts = [Decimal(one["total"]) for one in whole["invoices"] if one["currency"] == code]
        assert sum(days) == sum(drafts) == Decimal(total["amount"])
        uncertain = [
            Decimal(one["amount"])
            for one in whole["skipped"]
            if one["uncertain"] and one["currency"] == code and one["amount"]
        ]
        assert sum(uncertain) == Decimal(total["uncertain"])


def test_text_fits_80_columns_and_names_what_it_shows(projops: Projops) -> None:
    """Names instead of ids, sums by currency, and what a preview is."""
    out = projops(*PERIOD).out
    assert max(map(len, out.splitlines())) <= 80
    assert "34,496.96" in out
    assert "Adatum Corporation" in out
    assert "the platform itself decides" in " ".join(out.split())


def test_a_page_is_written_beside_the_result(projops: Projops, tmp_path: Path) -> None:
    """--html writes a page with the drafts' names and sums; stdout has the result as ever."""
    done = projops(*PERIOD, "--html", "page.html", "-o", "json")
    assert done.code == 0
    assert "page.html" in done.err
    text = text_of((tmp_path / "page.html").read_text("utf-8"))
    for draft in done.json["invoices"]:
        assert f"{Decimal(draft['total']):,f} {draft['currency']}" in text
        assert draft["customer_name"] in text


def test_a_page_that_cannot_be_written_is_wrong_usage(projops: Projops, tmp_path: Path) -> None:
    """The file is named, and why."""
    done = projops(*PERIOD, "--html", str(tmp_path / "nowhere" / "page.html"))
    assert done.code == 2
    assert "page.html" in done.err


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "2020-10-05"),
        ("--to", "2020-10-05"),
        ("--html", "page.html"),
        ("--from", "2020-10-06", "--to", "2020-10-05"),
        ("--from", "2020-01-01", "--to", "2021-12-31"),
        ("--from", "2020-09-01", "--to", "2020-09-30"),
        ("--from", "2020-10-03", "--to", "2020-10-05", "--apply"),
        ("--from", "2020-10-03", "--to", "2020-10-05", "--on", "2020-10-05"),
        ("--from", "2020-10-03", "--to", "2020-10-05", "--all-contracts"),
        ("--compare", "2020-10-02", "--digest", "0" * 64),
        ("--compare", "2020-10-02", "--beside-chain"),
        ("--compare", "2020-10-02", "--from", "2020-10-03", "--to", "2020-10-05"),
        ("--compare", "2020-10-04"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(projops: Projops, options: tuple[str, ...]) -> None:
    """One end of a period, a page of no period, a period that cannot be, creating while looking: exit 2."""
    done = projops("run", *options)
    assert (done.code, done.out) == (2, "")


def test_a_comparison_has_a_score(projops: Projops, emulator: OpenEmulator) -> None:
    """After the platform's run every contract is equal or unknown; the score says so, and what it proves."""
    projops("provision", "--apply")
    emulator.move_clock(datetime(2020, 10, 6, 7, tzinfo=UTC))
    whole = projops("run", "--compare", "2020-10-05", "-o", "json")
    assert whole.code == 0
    check(whole.json, schema_of("run_compare"))
    verdicts = [one["verdict"] for one in whole.json["contracts"]]
    assert whole.json["score"] == {
        "on": "2020-10-05",
        "equal": verdicts.count("equal"),
        "compared": verdicts.count("equal"),
        "unknown": verdicts.count("unknown"),
        "share": "1.00",
    }
    assert verdicts.count("equal") == 6
    assert whole.json["proves_wiring_only"] is True
    text = " ".join(projops("run", "--compare", "2020-10-05").out.split())
    assert "6 of 6 contracts equal (100 %)" in text
    assert "proves wiring only" in text


def test_a_comparison_that_differs_still_exits_0(projops: Projops, emulator: OpenEmulator) -> None:
    """Without a job nothing was created: each difference is named, and the score is 0."""
    emulator.move_clock(datetime(2020, 10, 6, 7, tzinfo=UTC))
    done = projops("run", "--compare", "2020-10-05", "-o", "json")
    assert done.code == 0
    check(done.json, schema_of("run_compare"))
    different = [one for one in done.json["contracts"] if one["verdict"] == "different"]
    assert {one["aspect"] for one in different[0]["differences"]} == {"invoice_missing", "run_status"}
    out = projops("run", "--compare", "2020-10-05").out
    assert max(map(len, out.splitlines())) <= 80
    assert "invoice_missing, rule G1" in " ".join(out.split())
