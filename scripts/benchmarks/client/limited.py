"""Writing under a service protection limit that is scaled down: how much of the budget is used."""

from __future__ import annotations

from benchmarks.client.accounting import tally_of
from benchmarks.client.budget import share_used
from benchmarks.client.means import MICROSOFT, OURS, Means, reading_job
from benchmarks.client.service import Behaviour
from benchmarks.client.serving import Served, served
from benchmarks.figures import spread_of
from benchmarks.layout import table
from benchmarks.targets import Target

CHUNK = 10
# The real limit is 6,000 requests in 300 s. A window of 20 s is long enough that the whole seconds of
# Retry-After weigh little, and requests without latency are through long before it is over.
MOST, WINDOW_S = 200, 20.0
WINDOWS = 3


def run(means: Means) -> None:
    most, window_s, windows = (MOST, 10.0, 1) if means.is_quick else (MOST, WINDOW_S, WINDOWS)
    # A few more than fill so many windows: the last of them must wait for the window after.
    rows = CHUNK * (most * windows + most // 10)
    with served({name: Behaviour(limit=(most, window_s)) for name in (OURS, MICROSOFT)}) as server:
        with means.contenders(None, MICROSOFT, OURS) as processes:
            for name, process in processes.items():
                process.ask({**reading_job(server, name, count=rows), "work": "prepare"})
            job = reading_job(server, OURS, work="write", count=rows, expected=rows, chunk=CHUNK)
            means.round(processes[OURS], job)()
            refused = processes[MICROSOFT].ask(
                reading_job(server, MICROSOFT, work="write_until_refused", count=rows, chunk=CHUNK)
            )
        _report(means, server, rows, (most, window_s), f"{refused['count']:,} rows, then {refused['ended']}")


def _report(means: Means, server: Served, rows: int, limit: tuple[int, float], microsoft: str) -> None:
    tally = tally_of(server.origins[OURS], "")
    means.require(tally["rows"] == tally["distinct"] == rows, f"under limits the server got {tally}")
    share = share_used(int(tally["requests"]), float(tally["seconds"]), *limit)
    head = ("", "requests", "refused with 429", "rows", "seconds", "of the budget")
    row = [f"{tally[key]:,}" for key in ("requests", "refused", "rows")]
    means.says(
        "",
        f"### Writing under a limit of {limit[0]} requests in {limit[1]:g} s, http 0 ms",
        "",
        *table(head, [(OURS, *row, f"{tally['seconds']:.1f}", f"{share:.3f}")]),
        "",
        f"{MICROSOFT}: {microsoft}",
    )
    means.judge(Target("under limits, of the budget", spread_of([share]), 0.95))
