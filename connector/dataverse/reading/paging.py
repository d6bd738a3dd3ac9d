"""One question's records, page after page, none of them kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from connector.dataverse.exchange.decoding import Page
from connector.dataverse.exchange.wire import Answer
from connector.dataverse.reading.next_link import Trail
from connector.dataverse.reading.read_ahead import Ask, ReadAhead, is_worthwhile

T = TypeVar("T")
Decode = Callable[[bytes], Page[T]]


class Pages(Generic[T]):
    """Reads the pages along a trail, the next one ahead where that is worthwhile.

    Whoever takes records of the first page only pays for that one: reading ahead begins with the second.
    """

    def __init__(self, ask: Ask, trail: Trail, decode: Decode[T]) -> None:
        self._ask = ask
        self._trail = trail
        self._decode = decode
        self._ahead = ReadAhead(ask)
        self._decoding_s = 0.0
        self._is_first = True

    def records(self, top: int | None = None, page_size: int = 0) -> Iterator[T]:
        """At most `top` records; with it `page_size` says how many a page can hold."""
        try:
            while True:
                page = self._next(may_read_ahead=top is None or top > page_size)
                yield from page.records if top is None else page.records[:top]
                top = None if top is None else top - len(page.records)
                if top is not None and top <= 0:
                    return
                following = self._trail.after(page.next_link)
                if following is None:
                    return
                self._trail.go_on(following)
                # Not kept while the next one is made of its bytes.
                del page
        finally:
            self._ahead.close()

    def _next(self, *, may_read_ahead: bool) -> Page[T]:
        answer = self._ahead.take(self._trail.link)
        is_ahead = answer is not None
        if answer is None:
            answer = self._ask(self._trail.link, None)
        if may_read_ahead and not self._is_first and self._is_worthwhile(answer, is_ahead=is_ahead):
            self._read_ahead(answer)
        self._is_first = False
        started = time.monotonic()
        page = self._decode(answer.content)
        self._decoding_s = time.monotonic() - started
        return page

    def _is_worthwhile(self, answer: Answer, *, is_ahead: bool) -> bool:
        return is_worthwhile(answer.waited_s, self._decoding_s, is_ahead=is_ahead)

    def _read_ahead(self, answer: Answer) -> None:
        if (link := self._trail.likely_after(answer.content)) is not None:
            self._ahead.begin(link)
