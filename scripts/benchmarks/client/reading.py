"""Reading 100,000 records in pages of 5,000, with and without latency, packed and not."""

from __future__ import annotations

from benchmarks.client.means import DRAIN, LEVEL, MICROSOFT, OURS, REQUESTS, Means, figures_table, reading_job
from benchmarks.client.rows import total_of
from benchmarks.client.service import Behaviour
from benchmarks.client.serving import Served, served
from benchmarks.figures import Measured, measure, ratio_of
from benchmarks.targets import Target

_LATENCIES_MS = (0, 100)


def ports() -> dict[str, Behaviour]:
    return {
        _port(transport, latency_ms, is_gzip=is_gzip): Behaviour(
            transport == "https", latency_ms / 1000, is_gzip
        )
        for transport in ("http", "https")
        for latency_ms in _LATENCIES_MS
        for is_gzip in (False, True)
    }


def run(means: Means) -> None:
    with served(ports()) as server:
        _check(means, server)
        for transport in ("http", "https"):
            for latency_ms in _LATENCIES_MS:
                # Whoever is in a hurry wants the figures that have a target.
                for is_gzip in (False,) if means.is_quick else (False, True):
                    _one_table(means, server, transport, latency_ms, is_gzip=is_gzip)


def _check(means: Means, server: Served) -> None:
    """Before anything is timed: that ours gives every record once, with its exact amount."""
    job = reading_job(server, "http 0 ms", work="check")
    with means.contenders(None, OURS) as processes:
        found = processes[OURS].ask(job)
    means.require(found["distinct"] == found["count"] == job["expected"], f"{found['count']} records read")
    means.require(found["total"] == str(total_of(job["expected"])), f"amounts add up to {found['total']}")


def _one_table(means: Means, server: Served, transport: str, latency_ms: int, *, is_gzip: bool) -> None:
    port = _port(transport, latency_ms, is_gzip=is_gzip)
    ca_file = server.ca_file if transport == "https" else None
    job = reading_job(server, port, is_packed=is_gzip)
    with means.contenders(ca_file, DRAIN, REQUESTS, MICROSOFT, OURS) as processes:
        rounds = {name: means.round(process, job) for name, process in processes.items()}
        found = measure(rounds, means.rounds)
    means.says("", f"### Reading, {port}", "", *figures_table(list(found.values()), "records"))
    if not is_gzip:
        means.judge(*_targets(found, transport, latency_ms))


def _targets(found: dict[str, Measured], transport: str, latency_ms: int) -> list[Target]:
    ours = found[OURS]
    if latency_ms:
        what = f"reading over {transport}, {latency_ms} ms a page, of the drain on one connection"
        return [Target(what, ratio_of(ours, found[DRAIN]), 0.97)]
    what = f"reading over {transport} without latency"
    return [
        Target(
            f"{what}, of Microsoft's client",
            ratio_of(ours, found[MICROSOFT]),
            4 if transport == "http" else 2.5,
        ),
        Target(f"{what}, of requests and orjson", ratio_of(ours, found[REQUESTS]), LEVEL),
    ]


def _port(transport: str, latency_ms: int, *, is_gzip: bool = False) -> str:
    return f"{transport} {latency_ms} ms{' gzip' if is_gzip else ''}"
