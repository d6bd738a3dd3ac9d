"""`python scripts/bench.py start`: how long the command line takes to start, beside Python itself."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.figures import spread_of
from benchmarks.layout import machine, number, spread, table

BARE = "python -c pass"
PROGRAM = "from connector.console.main import main; main()"
PROGRAMS = {
    BARE: ("-c", "pass"),
    "projops --version": ("-c", PROGRAM, "--version"),
    "projops --help": ("-c", PROGRAM, "--help"),
    "projops verify --help": ("-c", PROGRAM, "verify", "--help"),
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.py start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="after one that is not counted")
    given = parser.parse_args(arguments)
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for number_of_round in range(given.rounds + 1):
        # Side by side in each round: what slows the machine slows all of them.
        for name, words in PROGRAMS.items():
            took = _seconds(words)
            if number_of_round:
                times[name].append(took)
    rows = []
    for name, found in times.items():
        ratio = spread_of([one / bare for one, bare in zip(found, times[BARE], strict=True)])
        least_most = spread(spread_of([1000 * one for one in found]))
        rows.append((name, number(1000 * spread_of(found).median), least_most, number(ratio.median, 1)))
    head = ("start-up", "ms", "least - most", f"of {BARE}")
    sys.stdout.write(f"Starting, {machine(datetime.now(tz=UTC).date())}\n\n")
    sys.stdout.write("\n".join(table(head, rows)) + "\n")
    return 0


def _seconds(words: Sequence[str]) -> float:
    """From the start of the process to its end. Raises CalledProcessError for one that fails."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # our own
    return time.perf_counter() - begun
