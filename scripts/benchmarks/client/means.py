"""What all measurements of the client share: environments, rounds, contenders, and where results go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.client.rows import PAGE_SIZE
from benchmarks.client.service import DISTINCT_PAGES
from benchmarks.client.serving import Served
from benchmarks.figures import Measured, Round, spread_of
from benchmarks.layout import number, spread, table
from benchmarks.processes import LineProcess
from benchmarks.targets import Target

DRAIN = "bare drain"
REQUESTS = "requests and orjson"
MICROSOFT = "Microsoft's client"
OURS = "ours"

_MODULES = {DRAIN: "drain", REQUESTS: "plain_requests", MICROSOFT: "microsoft", OURS: "ours"}
_OWN = frozenset({DRAIN, OURS})

# Equal within what two rounds of the same program differ by.
LEVEL = 0.95


@dataclass
class Means:
    """`own` and `foreign` are the Pythons of the project's and of the benchmark's environment."""

    root: Path
    own: Path
    foreign: Path
    rounds: int = 5
    is_quick: bool = False
    targets: list[Target] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)

    def says(self, *lines: str) -> None:
        for line in lines:
            print(line, flush=True)

    def judge(self, *targets: Target) -> None:
        self.targets.extend(targets)

    def require(self, holds: bool, loss: str) -> None:
        """A wrong count is no figure: it is said at the end, and the exit code tells."""
        if not holds:
            self.losses.append(loss)
            self.says(f"LOST OR DOUBLED: {loss}")

    @contextmanager
    def contenders(self, ca_file: Path | None, *names: str) -> Iterator[dict[str, LineProcess]]:
        """A process for each name; `ca_file` is trusted by those that take it from their environment."""
        extra = {"REQUESTS_CA_BUNDLE": str(ca_file)} if ca_file else {}
        with ExitStack() as stack:
            yield {
                name: stack.enter_context(
                    LineProcess(
                        self.own if name in _OWN else self.foreign,
                        f"benchmarks.client.contenders.{_MODULES[name]}",
                        [self.root] if name in _OWN else [],
                        extra if name == MICROSOFT else {},
                    )
                )
                for name in names
            }

    def round(self, process: LineProcess, job: Mapping[str, Any]) -> Round:
        """A round that asks the process for the job, and checks that all of `expected` were moved."""

        def once() -> tuple[int, Mapping[str, Any]]:
            answer = process.ask(job)
            count = int(answer["count"])
            self.require(count == job["expected"], f"{count} instead of {job['expected']} in {job['work']}")
            return count, answer

        return once


def reading_job(served: Served, port: str, **changes: Any) -> dict[str, Any]:
    """The job of reading everything that a port has, once."""
    origin = served.origins[port]
    return {
        "work": "read",
        "origin": origin,
        "ca_file": str(served.ca_file) if origin.startswith("https") else "",
        "pages": DISTINCT_PAGES,
        "page_size": PAGE_SIZE,
        "connections": 1,
        "is_packed": False,
        "expected": DISTINCT_PAGES * PAGE_SIZE,
        **changes,
    }


def figures_table(measured: Sequence[Measured], unit: str) -> Iterator[str]:
    """Rate, its spread, the time of the processor for each 100,000, and memory over the imports."""
    head = ("", f"{unit}/s", "least - most", "CPU s per 100,000", "MiB over imports")
    rows = [
        (
            each.name,
            number(spread_of(each.rates).median),
            spread(spread_of(each.rates)),
            number(spread_of(each.cpu_per_100k).median, 2),
            number(each.over_imports_mib),
        )
        for each in measured
    ]
    return table(head, rows)
