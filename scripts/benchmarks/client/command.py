"""`bench.py client`: what is asked for, one after the other, and at the end what was reached."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import installation
from benchmarks import foreign
from benchmarks.client import flatness, limited, partitions, reading, writing
from benchmarks.client.means import Means
from benchmarks.layout import machine, verdict
from benchmarks.processes import SCRIPTS, ProcessFailed

PARTS: Mapping[str, Callable[[Means], None]] = {
    "reading": reading.run,
    "partitions": partitions.run,
    "memory": flatness.run,
    "writing": writing.run,
    "limits": limited.run,
}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 whatever was reached, 1 when a record was lost or doubled or something did not start,
    130 when it was interrupted."""
    options = _options(arguments)
    root = SCRIPTS.parent
    try:
        python = foreign.ensure(root, Path(__file__).with_name("packages.txt"))
        means = Means(root, Path(sys.executable), python, options.rounds, options.quick)
        means.says(machine(datetime.now(UTC).date()), f"{options.rounds} rounds, medians")
        for name in options.only or PARTS:
            PARTS[name](means)
    except (installation.InstallationFailed, ProcessFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    means.says("", "### Targets", "", *map(verdict, means.targets), "", *_losses(means))
    return 1 if means.losses else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.py client", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and tables; not for quoting")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="these parts alone")
    parser.add_argument(
        "--rounds", type=int, default=0, help="counted rounds, 5 by default and 3 with --quick"
    )
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (3 if options.quick else 5)
    return options


def _losses(means: Means) -> list[str]:
    if not means.losses:
        return ["Nothing was lost, nothing doubled."]
    return ["LOST OR DOUBLED:", *means.losses]
