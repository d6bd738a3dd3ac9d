"""A page of records, decoded some of them at a time.

5,000 records at once are 6 MB of objects, which fit into no cache and whose memory goes back to the system
with each page: in pieces decoding takes two thirds of the time, and other threads get their turn in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from connector.dataverse.exchange.decoding import decoder_for, malformed

T = TypeVar("T")

# About 200 records.
_PIECE = 100_000
# Up to the first record, whose first key shows where others begin. A bracket or a quotation mark of a text in
# between would make the rest unreadable, and then the page is decoded whole.
_HEAD = re.compile(rb'\s*\{[^{}\[\]]*"value"\s*:\s*\[\s*(\{\s*"[^"\\]*"\s*:)')
# Room for a next link and the annotations beside it.
_TAIL = 70_000


class _Whole(msgspec.Struct, Generic[T], rename={"records": "value", "next_link": "@odata.nextLink"}):
    records: list[T]
    next_link: str | None = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """`pieces` are the records in their order, decoded as they are taken, once; `next_link` is None on the
    last page. A record that does not fit raises MalformedAnswer when its piece is taken.
    """

    pieces: Iterator[list[T]]
    next_link: str | None = None


def open_page(content: bytes, record: type[T], what: str) -> Page[T]:
    """A page of records. Raises MalformedAnswer naming `what` and the field that does not fit."""
    cut = _cut(content)
    if cut is None or (frame := _frame(content, cut, record)) is None:
        whole = _whole(content, record, what)
        return Page(iter((whole.records,)), whole.next_link)
    return Page(_pieces(content, cut, record, what), frame.next_link)


@dataclass(frozen=True)
class _Cut:
    """Where the records begin and end, and the bytes between one and the next."""

    start: int
    end: int
    mark: bytes


def _cut(content: bytes) -> _Cut | None:
    if len(content) < 2 * _PIECE or (head := _HEAD.match(content)) is None:
        return None
    end = content.rfind(b"}", 0, max(content.rfind(b"]"), 0)) + 1
    tail = content[end:]
    if end <= head.start(1) or len(tail) > _TAIL or b'"value"' in tail:
        return None
    return _Cut(head.start(1), end, b"," + head[1])


def _frame(content: bytes, cut: _Cut, record: type[T]) -> _Whole[T] | None:
    """The page without its records; None where that is not what the cut has left."""
    try:
        frame: _Whole[T] = _of_pages(record).decode(content[: cut.start] + content[cut.end :])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return None if frame.records else frame


def _pieces(content: bytes, cut: _Cut, record: type[T], what: str) -> Iterator[list[T]]:
    """Whatever decodes between two marks is records and nothing but: braces and quotation marks that a mark
    stood inside of are left open. Where a piece does not decode, the whole page tells why or has the rest.
    """
    decoder = _of_lists(record)
    view = memoryview(content)
    count, at = 0, cut.start
    while at < cut.end:
        to = content.find(cut.mark, at + _PIECE, cut.end)
        to = cut.end if to < 0 else to
        try:
            piece: list[T] = decoder.decode(b"".join((b"[", view[at:to], b"]")))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            yield _whole(content, record, what).records[count:]
            return
        count += len(piece)
        yield piece
        at = to + 1


def _whole(content: bytes, record: type[T], what: str) -> _Whole[T]:
    try:
        page: _Whole[T] = _of_pages(record).decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(what, error) from error
    return page


def _of_pages(record: type[T]) -> Any:
    return decoder_for(_Whole[record])  # type: ignore[valid-type]  # known at run time


def _of_lists(record: type[T]) -> Any:
    return decoder_for(list[record])  # type: ignore[valid-type]  # known at run time
