"""What one writes by hand: requests and orjson, dictionaries and floats."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson  # type: ignore[import-not-found]  # it is in the benchmark's own environment only
import requests

from benchmarks.client.rows import ENTITY_SET, LOGICAL_NAME, PAGE_SIZE, SELECT, all_plain_values
from benchmarks.worker import Job, work_for

_HEADERS = {
    "Authorization": "Bearer bench",
    "Accept": "application/json",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
}
_session = requests.Session()
_of_thread = threading.local()
_threads = ThreadPoolExecutor(8)
_rows: list[dict[str, object]] = []


def read(job: Job) -> Mapping[str, Any]:
    """Page after page into dictionaries."""
    link = f"{job['origin']}/api/data/v9.2/{ENTITY_SET}?$select={','.join(SELECT)}"
    headers = {**_HEADERS, "Prefer": f"odata.maxpagesize={PAGE_SIZE}"}
    count = 0
    while link:
        answer = _session.get(link, headers=headers, verify=job["ca_file"] or True, timeout=60)
        answer.raise_for_status()
        page = orjson.loads(answer.content)
        for _record in page["value"]:
            count += 1
        link = page.get("@odata.nextLink", "")
    return {"count": count}


def prepare(job: Job) -> Mapping[str, Any]:
    """The rows to write, which are no part of what is measured."""
    _rows[:] = all_plain_values(job["count"])
    return {}


def write(job: Job) -> Mapping[str, Any]:
    """CreateMultiple of 100, on eight threads that keep their connections."""
    chunks = [_rows[start : start + 100] for start in range(0, job["count"], 100)]
    list(_threads.map(lambda chunk: _create_multiple(job, chunk), chunks))
    return {"count": job["count"]}


def _create_multiple(job: Job, chunk: list[dict[str, object]]) -> None:
    if not hasattr(_of_thread, "session"):
        _of_thread.session = requests.Session()
    kind = {"@odata.type": f"Microsoft.Dynamics.CRM.{LOGICAL_NAME}"}
    targets = {"Targets": [{**row, **kind} for row in chunk]}
    body = orjson.dumps(targets) if job["with_orjson"] else json.dumps(targets).encode()
    answer = _of_thread.session.post(
        f"{job['origin']}/api/data/v9.2/{ENTITY_SET}/Microsoft.Dynamics.CRM.CreateMultiple",
        data=body,
        headers={**_HEADERS, "Content-Type": "application/json"},
        verify=job["ca_file"] or True,
        timeout=60,
    )
    answer.raise_for_status()


if __name__ == "__main__":
    work_for({"read": read, "prepare": prepare, "write": write})
