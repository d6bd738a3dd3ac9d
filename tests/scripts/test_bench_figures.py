"""The benchmark's arithmetic: what it says of its measurements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import bench
from benchmarks.client import rows
from benchmarks.client.budget import SlidingWindow, least_s, share_used
from benchmarks.client.tally import Tally
from benchmarks.figures import Measured, Round, Spread, measure, ratio_of, spread_of
from benchmarks.layout import table, verdict
from benchmarks.memory import high_water_mark
from benchmarks.targets import Target


def test_a_spread_is_the_median_and_both_ends() -> None:
    """Of several measurements the middle one is quoted, and how far they lie apart."""
    assert spread_of([5.0, 1.0, 9.0, 2.0, 3.0]) == Spread(3.0, 1.0, 9.0)


def test_ratios_are_taken_round_by_round() -> None:
    """A round in which the machine was slow for all does not move the ratio."""
    ours = Measured("ours", (400.0, 40.0, 400.0), (), None)
    theirs = Measured("theirs", (100.0, 10.0, 200.0), (), None)
    assert ratio_of(ours, theirs) == Spread(4.0, 2.0, 4.0)


def test_contenders_take_turns_and_the_first_round_does_not_count() -> None:
    """Rounds are interleaved, and the one that opens connections is left out."""
    order: list[str] = []

    def contender(name: str) -> Round:
        def once() -> tuple[int, Mapping[str, Any]]:
            order.append(name)
            # The first round of each is a thousand times as slow.
            seconds = 1000.0 if order.count(name) == 1 else 1.0
            return 50_000, {"seconds": seconds, "cpu_seconds": 0.5, "over_imports_mib": float(len(order))}

        return once

    found = measure({"a": contender("a"), "b": contender("b")}, 2)
    assert order == ["a", "b"] * 3
    assert found["a"] == Measured("a", (50_000.0, 50_000.0), (1.0, 1.0), 5.0)


def test_a_target_is_judged_by_its_median() -> None:
    """Reached means at least, or at most, what was wanted, for the middle measurement."""
    spread = Spread(1.0, 0.5, 3.0)
    assert Target("speed", spread, 1.0).is_reached
    assert not Target("speed", spread, 1.1).is_reached
    assert Target("memory", spread, 1.0, is_floor=False).is_reached
    assert not Target("memory", spread, 0.9, is_floor=False).is_reached


def test_a_verdict_says_figure_and_wish() -> None:
    """A line of the result can be read alone."""
    line = verdict(Target("of the drain", Spread(0.5, 0.4, 0.62), 0.97))
    assert line == "MISSED   0.50 (0.40 - 0.62), wanted at least 0.97: of the drain"


def test_a_table_is_markdown() -> None:
    """What the terminal shows can stand in a document as it is."""
    lines = list(table(("", "records/s"), [("ours", "1"), ("a longer name", "22,000")]))
    assert lines == [
        "|               | records/s |",
        "| ------------- | --------: |",
        "| ours          |         1 |",
        "| a longer name |    22,000 |",
    ]


def test_a_window_lets_so_many_pass_and_names_whole_seconds() -> None:
    """The limit slides: a place is free again when the request that took it is as old as the window."""
    window = SlidingWindow(2, 10.0)
    assert [window.ask(0.0), window.ask(0.5)] == [0, 0]
    assert window.ask(0.75) == 10
    assert window.ask(9.5) == 1
    assert window.ask(10.0) == 0
    assert window.ask(10.25) == 1
    assert window.ask(10.5) == 0


@pytest.mark.parametrize(
    ("requests", "least"), [(0, 0.0), (1, 0.0), (200, 0.0), (201, 20.0), (400, 20.0), (620, 60.0)]
)
def test_the_least_time_follows_from_the_window(requests: int, least: float) -> None:
    """So many requests cannot pass any faster, whoever sends them."""
    assert least_s(requests, 200, 20.0) == least


def test_the_share_of_the_budget_is_least_time_over_time_taken() -> None:
    """Who waits twice as long as the limit asks for uses half of it."""
    assert share_used(201, 40.0, 200, 20.0) == 0.5
    assert share_used(100, 40.0, 200, 20.0) == 1.0


def test_a_row_that_comes_twice_or_not_at_all_shows() -> None:
    """Rows are known by their numbers, so that one lost and one doubled do not cancel out."""
    tally = Tally()
    tally.accepted(b'{"x":"row 00000001"},{"x":"row 00000002"}', 5.0)
    tally.accepted(b'{"x":"row 00000002"}', 7.5)
    tally.was_refused()
    assert tally.report() == {"requests": 2, "refused": 1, "rows": 3, "distinct": 2, "seconds": 2.5}


def test_a_record_has_thirteen_members_and_exact_amounts() -> None:
    """The pages are like those of msdyn_actual, and their sum is known to the last digit."""
    text = f"[{rows.page_of(1, 50).decode()}]"
    records = json.loads(text, parse_float=Decimal)
    assert {len(record) for record in records} == {13}
    assert set(rows.SELECT) == set(records[0]) - {"@odata.etag"}
    first = json.loads(f"[{rows.page_of(0, 50).decode()}]", parse_float=Decimal)
    assert sum(record["msdyn_amount"] for record in first + records) == rows.total_of(100)
    assert len({record[rows.KEY] for record in first + records}) == 100


def test_all_contenders_write_the_same_rows() -> None:
    """Exact values for ours and floats for the others differ in their types alone."""
    exact, plain = rows.values_of(7), rows.plain_values_of(7)
    assert list(exact) == list(plain)
    assert float(str(exact["msdyn_amount"])) == plain["msdyn_amount"]
    assert plain["msdyn_startdatetime"] == "2026-01-01T00:07:00Z"
    assert "row 00000007" in plain.values()


def test_the_peak_is_read_from_the_status_of_the_process() -> None:
    """Kibibytes become mebibytes, and a status without the line tells nothing."""
    assert high_water_mark("Name:\tpython\nVmHWM:\t   20480 kB\nVmRSS:\t 1 kB\n") == 20.0
    assert high_water_mark("Name:\tpython\n") is None


def test_an_unknown_benchmark_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The names of the benchmarks are shown, and nothing is installed."""
    assert bench.main(["nothing"]) == bench.main([]) == 2
    assert "client" in capsys.readouterr().err


def test_what_is_compared_with_is_no_dependency(repository: Path) -> None:
    """Microsoft's client and orjson are pinned for the benchmark, and named nowhere else."""
    packages = (repository / "scripts/benchmarks/client/packages.txt").read_text(encoding="utf-8")
    assert "powerplatform-dataverse-client==1.1.0" in packages
    for file in ("pyproject.toml", "requirements/demo.txt", "requirements/dev.txt"):
        text = (repository / file).read_text(encoding="utf-8").lower()
        assert "powerplatform-dataverse-client" not in text
        assert "orjson" not in text
