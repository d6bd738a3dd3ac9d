"""Microsoft's client, as its documentation uses it: inside `with`, so that its connections are kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from azure.core.credentials import AccessToken  # type: ignore[import-not-found]  # the benchmark's own environment
from PowerPlatform.Dataverse.client import DataverseClient  # type: ignore[import-not-found]  # likewise

from benchmarks.client.rows import LOGICAL_NAME, PAGE_SIZE, SELECT, all_plain_values
from benchmarks.worker import Job, work_for

_NEVER = 2**40
_rows: list[dict[str, object]] = []


class FixedCredential:
    """A token that costs nothing."""

    def get_token(self, *_scopes: str, **_options: object) -> Any:
        return AccessToken("bench", _NEVER)


@cache
def _client(origin: str) -> Any:
    secure = origin.replace("http://", "https://")
    client = DataverseClient(secure, FixedCredential()).__enter__()
    # Its constructor wants https. For the table over plain http the address is set back before its
    # first call, so that all rows of a table have the same transport.
    client._base_url = origin  # noqa: SLF001
    return client


def read(job: Job) -> Mapping[str, Any]:
    """Page after page into its records."""
    count = 0
    for page in _client(job["origin"]).records.list_pages(
        LOGICAL_NAME, select=list(SELECT), page_size=PAGE_SIZE
    ):
        for _record in page:
            count += 1
    return {"count": count}


def prepare(job: Job) -> Mapping[str, Any]:
    """The rows to write, which are no part of what is measured."""
    _rows[:] = all_plain_values(job["count"])
    return {}


def write_one_by_one(job: Job) -> Mapping[str, Any]:
    records = _client(job["origin"]).records
    for row in _rows[: job["count"]]:
        records.create(LOGICAL_NAME, row)
    return {"count": job["count"]}


def write_multiple(job: Job) -> Mapping[str, Any]:
    """CreateMultiple of 100, one after the other: it does not cut a long list by itself."""
    records = _client(job["origin"]).records
    for start in range(0, job["count"], 100):
        records.create(LOGICAL_NAME, _rows[start : min(start + 100, job["count"])])
    return {"count": job["count"]}


def write_until_refused(job: Job) -> Mapping[str, Any]:
    """As many as it writes before an error; the error is part of the result."""
    records = _client(job["origin"]).records
    for start in range(0, job["count"], job["chunk"]):
        try:
            records.create(LOGICAL_NAME, _rows[start : start + job["chunk"]])
        except Exception as error:  # noqa: BLE001  # which one, is what the reader is told
            return {"count": start, "ended": f"{type(error).__name__}: {error}"}
    return {"count": job["count"], "ended": ""}


if __name__ == "__main__":
    work_for(
        {
            "read": read,
            "prepare": prepare,
            "write_one_by_one": write_one_by_one,
            "write_multiple": write_multiple,
            "write_until_refused": write_until_refused,
        }
    )
