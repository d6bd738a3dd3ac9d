"""Writing 5,000 rows: one by one, by CreateMultiple, and by whoever does more at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.client.accounting import tally_of
from benchmarks.client.means import LEVEL, MICROSOFT, OURS, REQUESTS, Means, figures_table, reading_job
from benchmarks.client.service import Behaviour
from benchmarks.client.serving import Served, served
from benchmarks.figures import Measured, Round, measure, ratio_of
from benchmarks.processes import LineProcess
from benchmarks.targets import Target

ROWS = 5_000
ONE_BY_ONE = 250
_LATENCIES_MS = (0, 20)

BY_HAND = "loop by hand on 8 threads, orjson"
BY_HAND_JSON = "loop by hand on 8 threads, json"
ONE_AT_A_TIME = f"{MICROSOFT}, one by one"
MULTIPLE = f"{MICROSOFT}, CreateMultiple of 100"


def run(means: Means) -> None:
    ports = {
        f"{transport} {latency_ms} ms": Behaviour(transport == "https", latency_ms / 1000)
        for transport in ("http", "https")
        for latency_ms in _LATENCIES_MS
    }
    with served(ports) as server:
        for port in ports:
            _one_table(means, server, port)


def _one_table(means: Means, server: Served, port: str) -> None:
    ca_file = server.ca_file if port.startswith("https") else None
    job = reading_job(server, port, count=ROWS, expected=ROWS)
    with means.contenders(ca_file, REQUESTS, MICROSOFT, OURS) as processes:
        for process in processes.values():
            process.ask({**job, "work": "prepare"})
        jobs: Mapping[str, tuple[LineProcess, Mapping[str, Any]]] = {
            ONE_AT_A_TIME: (
                processes[MICROSOFT],
                {"work": "write_one_by_one", "count": ONE_BY_ONE, "expected": ONE_BY_ONE},
            ),
            MULTIPLE: (processes[MICROSOFT], {"work": "write_multiple"}),
            BY_HAND: (processes[REQUESTS], {"work": "write", "with_orjson": True}),
            BY_HAND_JSON: (processes[REQUESTS], {"work": "write", "with_orjson": False}),
            OURS: (processes[OURS], {"work": "write"}),
        }
        rounds = {name: _counted(means, process, {**job, **own}) for name, (process, own) in jobs.items()}
        found = measure(rounds, means.rounds)
    means.says(
        "", f"### Writing {ROWS:,} rows, {port} a request", "", *figures_table(list(found.values()), "rows")
    )
    means.judge(*_targets(found, port))


def _counted(means: Means, process: LineProcess, job: Mapping[str, Any]) -> Round:
    """A round after which the server is asked what it got."""
    once = means.round(process, job)

    def counted() -> tuple[int, Mapping[str, Any]]:
        result = once()
        tally = tally_of(job["origin"], job["ca_file"])
        is_right = tally["rows"] == tally["distinct"] == job["expected"]
        means.require(is_right, f"{job['work']}: the server got {tally} instead of {job['expected']}")
        return result

    return counted


def _targets(found: Mapping[str, Measured], port: str) -> list[Target]:
    ours = found[OURS]
    what = f"writing over {port} a request"
    level = Target(f"{what}, of the loop by hand", ratio_of(ours, found[BY_HAND]), LEVEL)
    if not port.endswith(" 20 ms"):
        return []
    return [Target(f"{what}, of Microsoft's one by one", ratio_of(ours, found[ONE_AT_A_TIME]), 500), level]
