"""Bulk work as a client offers it: many rows in, a stream of results out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from connector.dataverse.bulk.batching import BatchWriter, Steps
from connector.dataverse.bulk.chunk_writing import ChunkWriter
from connector.dataverse.bulk.lanes import in_order
from connector.dataverse.bulk.results import BatchResult, RowResult, RowStatus
from connector.dataverse.bulk.rows import BulkTable, Message, Preparer, Rows
from connector.dataverse.bulk.sizes import BATCHED, ELASTIC_CEILING, STANDARD, Chunks, Shares, Size
from connector.dataverse.exchange.watching import Interest
from connector.dataverse.query.arguments import check_table, refuse_text
from connector.dataverse.reading.reader import Reader
from connector.dataverse.transport.transport import Transport
from connector.dataverse.writing.looking import Looker
from connector.dataverse.writing.operations import Delete, Operation
from connector.errors import UsageError


class _Weighed(Protocol):
    @property
    def weight(self) -> int: ...


W = TypeVar("W", bound=_Weighed)


class BulkWriter:
    """Cuts the input into chunks and has them written, as many at a time as the client's pace allows."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def rows(
        self,
        table: BulkTable,
        message: Message,
        rows: Iterable[Mapping[str, object]],
        *,
        by: Sequence[str] = (),
        chunks: Chunks | None = None,
        is_elastic: bool = False,
    ) -> Generator[RowResult, None, None]:
        """Raises UsageError at once for a list that holds a row which cannot be sent."""
        chunks = _checked(chunks, STANDARD)
        if is_elastic:
            chunks = replace(chunks, ceiling=min(chunks.ceiling, ELASTIC_CEILING), floor=1)
        size = Size(chunks)
        preparer = Preparer(table, message, by)
        prepared = Rows(preparer, rows)
        interest = Interest()
        transport = self._transport.while_wanted(interest)
        looker = Looker(transport, Reader(transport))
        writer = ChunkWriter(transport, looker, table, preparer, size, is_elastic=is_elastic)
        pace = transport.pace
        cut = _cut(iter(prepared), size, _count(rows), lambda: pace.width)
        return in_order(cut, writer.write, lambda: pace.width, pace.ceiling, interest)

    def batch(
        self, operations: Iterable[Operation], chunks: Chunks | None = None
    ) -> Generator[BatchResult, None, None]:
        """Raises UsageError at once for a list that holds an operation which cannot be sent."""
        size = Size(_checked(chunks, BATCHED))
        steps = Steps(operations)
        interest = Interest()
        transport = self._transport.while_wanted(interest)
        writer = BatchWriter(transport, Looker(transport, Reader(transport)), size)
        pace = transport.pace
        cut = _cut(iter(steps), size, _count(operations), lambda: pace.width)
        return in_order(cut, writer.write, lambda: pace.width, pace.ceiling, interest)

    def delete(
        self, table: BulkTable, ids: Iterable[str], chunks: Chunks | None = None
    ) -> Generator[RowResult, None, None]:
        check_table(table, "logical_name", "entity_set", "key")
        refuse_text(ids, "The list of ids", "[id]")
        if isinstance(ids, Sequence):
            given: Iterable[Operation] = [Delete(table.entity_set, id, "*") for id in ids]
        else:
            given = (Delete(table.entity_set, id, "*") for id in ids)
        return (_deleted(table, result) for result in self.batch(given, chunks))


def _deleted(table: BulkTable, result: BatchResult) -> RowResult:
    assert isinstance(result.operation, Delete)  # that is what was asked for
    failed = RowStatus.UNKNOWN if result.is_unknown else RowStatus.FAILED
    return RowResult(
        index=result.index,
        id=result.operation.id,
        status=RowStatus.DELETED if result.is_done else failed,
        error=result.error,
        row=None if result.is_done else {table.key: result.operation.id},
    )


def _checked(chunks: Chunks | None, usual: Chunks) -> Chunks:
    if chunks is not None and not isinstance(chunks, Chunks):
        raise UsageError(f"{chunks!r} does not say how to divide rows.", "Give Chunks(start=…, ceiling=…).")
    return chunks or usual


def _count(given: Iterable[object]) -> int | None:
    return len(given) if isinstance(given, Sequence) else None


def _cut(rows: Iterator[W], size: Size, count: int | None, width: Callable[[], int]) -> Iterator[list[W]]:
    """Chunks of as many rows as are right at that moment; a row is asked for when its chunk is made."""
    shares = None if count is None else Shares(size, count)
    chunk: list[W] = []
    weight = 0
    for row in rows:
        if not chunk:
            most = size.now if shares is None else shares.next(width())
        chunk.append(row)
        weight += row.weight
        if len(chunk) >= most or weight >= size.chunks.most_bytes:
            yield chunk
            if shares is not None:
                shares.took(len(chunk))
            chunk, weight = [], 0
    if chunk:
        yield chunk
