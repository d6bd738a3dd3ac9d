"""`python scripts/bench.py page`: how quick the page answers, starts and ends."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import spread_of
from benchmarks.layout import machine, number, spread, table
from benchmarks.page.starting import ADDRESS, BARE, END_IDLE, END_READING, HEALTH, SHELL, one_round
from benchmarks.page.visit import Answer, Visitor, visiting
from benchmarks.processes import SCRIPTS
from connector.emulator.ownership import open_emulator

SIZES = (100, 10_000, 100_000)
ASKED = {
    "the smallest answer": "/pulse",
    "Health": "/",
    "Timeline": "/timeline",
    "Next run": "/next-run",
    "  its last page, by amount": "/next-run?sort=-amount&page=9999999",
    "  searched and filtered": "/next-run?q=fabrikam+work&state=ready",
    "  as CSV": "/next-run.csv",
    "Calendar": "/calendar",
    "Problems": "/problems",
    "  by manager": "/problems?by=manager",
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.py page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of each request and start, after one")
    parser.add_argument("--lines", type=int, nargs="*", default=SIZES, help="numbers of contract lines")
    parser.add_argument("--only", choices=("answers", "start"), help="a part")
    given = parser.parse_args(arguments)
    _say(f"The page, {machine(datetime.now(tz=UTC).date())}", "")
    if given.only != "start":
        for lines in given.lines:
            _answers(lines, given.rounds)
    if given.only != "answers":
        _starts(given.rounds)
    return 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _answers(lines: int, rounds: int) -> None:
    command = [sys.executable, "-m", "benchmarks.page.served", str(lines)]
    paths = os.pathsep.join((str(SCRIPTS), str(SCRIPTS.parent), os.environ.get("PYTHONPATH", "")))
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(  # noqa: S603  # our own
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": paths},
        ) as served,
        visiting(_address(served)) as visitor,
    ):
        _say(f"{lines:,} contract lines, {rounds} requests of each", "")
        head = ("panel", "at first, ms", "first byte, ms", "whole, ms", "least - most", "KB")
        _say(*table(head, _rows(visitor, rounds)), "")
        if lines == SIZES[0]:
            _first_visit(visitor)


def _address(served: subprocess.Popen[bytes]) -> str:
    """The first line of its output that has one."""
    assert served.stdout is not None
    for line in served.stdout:
        if b'"address"' in line:
            return str(json.loads(line)["address"])
    raise SystemExit("The page did not start, see its lines above.")


def _rows(visitor: Visitor, rounds: int) -> list[tuple[str, ...]]:
    answers: dict[str, list[Answer]] = {name: [] for name in ASKED}
    for _ in range(rounds + 1):
        # Side by side in each round: what slows the machine slows all of them.
        for name, path in ASKED.items():
            answers[name].append(visitor.get(path))
    return [_row(name, found[0], found[1:]) for name, found in answers.items()]


def _row(name: str, at_first: Answer, found: Sequence[Answer]) -> tuple[str, ...]:
    """`at_first` is the first view after a reading, which counts, sorts or draws for all that follow."""
    whole = spread_of([one.whole_ms for one in found])
    first = spread_of([one.first_ms for one in found])
    size = spread_of([one.size / 1000 for one in found])
    return (
        name,
        number(at_first.whole_ms, 1),
        number(first.median, 1),
        number(whole.median, 1),
        spread(whole, 1),
        number(size.median, 1),
    )


def _first_visit(visitor: Visitor) -> None:
    page = visitor.get("/")
    found = {"/": page.size, **{path: visitor.get(path).size for path in visitor.assets(page.text)}}
    _say(f"A first visit: {sum(found.values()) / 1000:,.1f} KB in {len(found)} requests")
    _say(
        *(
            f"  {path.rpartition('/')[2] or 'the page'}: {size / 1000:,.1f} KB"
            for path, size in found.items()
        ),
        "",
    )


def _starts(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Another process serves the environment, as it is with a real one.
        with open_emulator(folder / "sample.db"):
            url = f"emulator:{folder / 'sample.db'}"
            found = [one_round(url, folder) for _ in range(rounds + 1)][1:]
    rows = []
    for what in (BARE, ADDRESS, SHELL, HEALTH, END_IDLE, END_READING):
        if any(what not in each for each in found):
            continue
        seconds = spread_of([each[what] for each in found])
        ratio = spread_of([each[what] / each[BARE] for each in found])
        rows.append((what, number(seconds.median, 2), spread(seconds, 2), number(ratio.median, 1)))
    _say(*table(("start and end", "s", "least - most", f"of {BARE}"), rows))
