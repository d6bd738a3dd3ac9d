"""Our client, as its documentation uses it: typed records, exact amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.client.rows import ENTITY_SET, FIRST_DAY, KEY, LOGICAL_NAME, SELECT, values_of
from benchmarks.worker import Job, work_for
from connector.dataverse import Chunks, DataverseClient, Query, TokenRequest


class Actual(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The thirteen members, with amounts as Decimal and instants as datetime."""

    etag: str | None = msgspec.field(name="@odata.etag", default=None)
    id: str = msgspec.field(name="msdyn_actualid")
    description: str | None = msgspec.field(name="msdyn_description", default=None)
    amount: Decimal | None = msgspec.field(name="msdyn_amount", default=None)
    quantity: Decimal | None = msgspec.field(name="msdyn_quantity", default=None)
    price: Decimal | None = msgspec.field(name="msdyn_price", default=None)
    transaction_type: int | None = msgspec.field(name="msdyn_transactiontypecode", default=None)
    billing_type: int | None = msgspec.field(name="msdyn_billingtype", default=None)
    started: datetime | None = msgspec.field(name="msdyn_startdatetime", default=None)
    created: datetime | None = msgspec.field(name="createdon", default=None)
    contract: str | None = msgspec.field(name="_msdyn_salescontract_value", default=None)
    project: str | None = msgspec.field(name="_msdyn_project_value", default=None)
    currency: str | None = msgspec.field(name="_transactioncurrencyid_value", default=None)


@dataclass(frozen=True)
class Table:
    """What the client needs to know of a table."""

    logical_name: str = LOGICAL_NAME
    entity_set: str = ENTITY_SET
    key: str = KEY
    record: type[Actual] = Actual
    select: tuple[str, ...] = SELECT


ACTUAL = Table()
ALL = Query(is_unbounded=True)
_rows: list[dict[str, object]] = []


class FixedTokens:
    """A token that costs nothing."""

    def token(self, _request: TokenRequest) -> str:
        return "bench"

    def forget(self) -> None:
        """There is no other one."""


@cache
def _client(origin: str, ca_file: str) -> DataverseClient:
    return DataverseClient(origin, FixedTokens(), ca_file=Path(ca_file) if ca_file else None)


def read(job: Job) -> Mapping[str, Any]:
    """All records, one at a time."""
    count = 0
    for _record in _client(job["origin"], job["ca_file"]).list(ACTUAL, ALL):
        count += 1
    return {"count": count}


def read_partitions(job: Job) -> Mapping[str, Any]:
    """The records of a year in ranges of creation dates that are read at the same time."""
    since, until = FIRST_DAY, FIRST_DAY.replace(year=FIRST_DAY.year + 1)
    client = _client(job["origin"], job["ca_file"])
    count = 0
    for _record in client.list_by_creation(ACTUAL, parts=job["partitions"], since=since, until=until):
        count += 1
    return {"count": count}


def check(job: Job) -> Mapping[str, Any]:
    """What was read, looked at: how many, how many different ones, and the sum of their amounts."""
    ids: set[str] = set()
    count, total = 0, Decimal(0)
    for record in _client(job["origin"], job["ca_file"]).list(ACTUAL, ALL):
        count += 1
        ids.add(record.id)
        total += record.amount or 0
    return {"count": count, "distinct": len(ids), "total": str(total)}


def prepare(job: Job) -> Mapping[str, Any]:
    """The rows to write, which are no part of what is measured: amounts are Decimal, instants datetime."""
    _rows[:] = map(values_of, range(job["count"]))
    return {}


def write(job: Job) -> Mapping[str, Any]:
    """All rows at once; how they are cut and how many requests go at a time is the client's affair."""
    chunks = Chunks(start=job["chunk"], ceiling=job["chunk"]) if "chunk" in job else None
    client = _client(job["origin"], job["ca_file"])
    results = client.create_multiple(ACTUAL, _rows[: job["count"]], chunks=chunks)
    return {"count": sum(result.is_done for result in results)}


if __name__ == "__main__":
    work_for(
        {"read": read, "read_partitions": read_partitions, "check": check, "prepare": prepare, "write": write}
    )
