"""A process that does a job whenever it is told to: a line of JSON in, a line of JSON out.

Standard library alone: it runs in environments that have nothing of this project.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.memory import peak_mib

Job = Mapping[str, Any]
Work = Callable[[Job], Mapping[str, Any]]


def work_for(works: Mapping[str, Work]) -> None:
    """Answer jobs until there are no more. A job's `work` names the one that is measured.

    The answer adds `seconds`, `cpu_seconds` and `over_imports_mib`: the peak so far, less what the
    process had used before its first job.
    """
    # Standard output belongs to the answers; what a library prints must not come between them.
    answers, sys.stdout = sys.stdout, sys.stderr
    at_start = peak_mib()
    for line in sys.stdin:
        job = json.loads(line)
        print(json.dumps(_done(works[job["work"]], job, at_start)), file=answers, flush=True)


def _done(work: Work, job: Job, at_start_mib: float | None) -> dict[str, Any]:
    started, started_cpu = time.perf_counter(), time.process_time()
    try:
        found = dict(work(job))
    except Exception as error:  # noqa: BLE001  # whatever went wrong, whoever measures has to be told
        return {"error": f"{type(error).__name__}: {error}"}
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
    peak = peak_mib()
    over = None if peak is None or at_start_mib is None else peak - at_start_mib
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "over_imports_mib": over, **found}
