"""Eight partitions of 20 full pages read at the same time, beside eight draining connections."""

from __future__ import annotations

from benchmarks.client.means import DRAIN, OURS, Means, figures_table, reading_job
from benchmarks.client.rows import PAGE_SIZE
from benchmarks.client.service import DISTINCT_PAGES, Behaviour
from benchmarks.client.serving import served
from benchmarks.figures import measure, ratio_of
from benchmarks.targets import Target

PARTITIONS = 8


def run(means: Means) -> None:
    with served({"100 ms": Behaviour(latency_s=0.1), "0 ms": Behaviour()}) as server:
        for port in ("100 ms", "0 ms"):
            expected = PARTITIONS * DISTINCT_PAGES * PAGE_SIZE
            drain = reading_job(server, port, connections=PARTITIONS, expected=expected)
            ours = {**drain, "work": "read_partitions", "partitions": PARTITIONS}
            with means.contenders(None, DRAIN, OURS) as processes:
                rounds = {
                    DRAIN: means.round(processes[DRAIN], drain),
                    OURS: means.round(processes[OURS], ours),
                }
                found = measure(rounds, means.rounds)
            means.says(
                "",
                f"### {PARTITIONS} partitions, http {port}",
                "",
                *figures_table(list(found.values()), "records"),
            )
            if port == "100 ms":
                each = f"{PARTITIONS} partitions of {DISTINCT_PAGES} pages, {port} a page"
                what = f"{each}, of {PARTITIONS} draining connections"
                means.judge(Target(what, ratio_of(found[OURS], found[DRAIN]), 0.7))
