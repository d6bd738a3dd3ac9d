"""Memory for ten times as many records: a process for each measurement, since a peak never falls."""

from __future__ import annotations

from benchmarks.client.means import OURS, Means, reading_job
from benchmarks.client.rows import PAGE_SIZE
from benchmarks.client.service import Behaviour
from benchmarks.client.serving import Served, served
from benchmarks.figures import spread_of
from benchmarks.layout import number, spread, table
from benchmarks.targets import Target

_PAGES = {"100,000": 20, "1,000,000": 200}
# With some latency, as in life: then pages are read ahead from the beginning, and not now and then.
_LATENCY_S = 0.02


def run(means: Means) -> None:
    with served(
        {name: Behaviour(latency_s=_LATENCY_S, pages=pages) for name, pages in _PAGES.items()}
    ) as server:
        peaks: dict[str, list[float]] = {name: [] for name in _PAGES}
        for _ in range(means.rounds):
            for name, pages in _PAGES.items():
                peaks[name].append(_peak(means, server, name, pages))
    if any(peak < 0 for each in peaks.values() for peak in each):
        means.says("", "Memory is not told by this system.")
        return
    rows = [
        (name, number(spread_of(each).median, 1), spread(spread_of(each), 1)) for name, each in peaks.items()
    ]
    means.says(
        "",
        "### Memory, ours, http 20 ms a page",
        "",
        *table(("records", "MiB over imports", "least - most"), rows),
    )
    few, many = peaks.values()
    ratio = spread_of([b / a for a, b in zip(few, many, strict=True)])
    means.judge(Target("memory for 1,000,000 records, of that for 100,000", ratio, 1.2, is_floor=False))


def _peak(means: Means, server: Served, port: str, pages: int) -> float:
    job = reading_job(server, port, pages=pages, expected=pages * PAGE_SIZE)
    with means.contenders(None, OURS) as processes:
        _, answer = means.round(processes[OURS], job)()
    peak = answer["over_imports_mib"]
    return -1.0 if peak is None else float(peak)
