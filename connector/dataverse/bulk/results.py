"""What became of each row or operation."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from connector.dataverse.writing.operations import Operation, OperationResult
from connector.errors import DataverseError


class RowStatus(StrEnum):
    """`UPSERTED` is created or updated: the service does not tell which."""

    CREATED = "created"
    UPDATED = "updated"
    UPSERTED = "upserted"
    DELETED = "deleted"
    FAILED = "failed"
    UNKNOWN = "unknown"


class RowResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row.

    `index` counts the input from 0. `id` is the record's id, None where an alternate key stands for it.
    `error` and `row`, the input as it was given, are there when the row has failed or nobody knows.
    Rows stand in no repr.
    """

    index: int
    id: str | None
    status: RowStatus
    error: DataverseError | None = None
    row: Mapping[str, object] | None = None

    @property
    def is_done(self) -> bool:
        return self.error is None

    def __repr__(self) -> str:
        return f"RowResult({self.index}, {self.id!r}, {self.status.value!r}, {self.error!r})"


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one operation of a batch: its answer, or the error.

    `is_unknown` says that the operation may have taken effect all the same. Operations stand in no repr.
    """

    index: int
    operation: Operation
    answer: OperationResult | None = None
    error: DataverseError | None = None
    is_unknown: bool = False

    @property
    def is_done(self) -> bool:
        return self.error is None

    def __repr__(self) -> str:
        status = self.answer and self.answer.status
        return f"BatchResult({self.index}, {status!r}, {self.error!r})"
