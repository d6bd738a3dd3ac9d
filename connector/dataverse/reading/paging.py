"""One question's records, page after page, none of them kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from connector.dataverse.exchange.page import Page
from connector.dataverse.exchange.wire import Answer
from connector.dataverse.query.query import LARGEST_PAGE
from connector.dataverse.reading.next_link import Trail
from connector.dataverse.reading.read_ahead import Ask, ReadAhead, is_worthwhile

T = TypeVar("T")
Decode = Callable[[bytes], Page[T]]

# Whoever has taken so many records of the first page looks for more than a few.
_A_FEW = 1_000


@dataclass(frozen=True)
class _First:
    """The first page: what was waited for it, and the address behind it."""

    waited_s: float
    link: str | None


class Pages(Generic[T]):
    """Reads the pages along a trail, the next one ahead where that is worthwhile.

    Whoever takes a few records of the first page pays for that one only: reading ahead begins when a
    thousand of them are taken, or with the second page.
    """

    def __init__(self, ask: Ask, trail: Trail, decode: Decode[T]) -> None:
        self._ask = ask
        self._trail = trail
        self._decode = decode
        self._ahead = ReadAhead(ask, partial(self._following, is_ahead=True))
        self._decoding_s = 0.0
        self._first: _First | None = None
        self._is_begun = False
        self._may_read_ahead = False

    def records(self, top: int | None = None, page_size: int = 0) -> Iterator[T]:
        """At most `top` records; with it `page_size` says how many a page can hold."""
        try:
            while True:
                self._may_read_ahead = top is None or top > page_size
                page = self._next()
                for piece in self._decoded(page):
                    yield from piece if top is None else piece[:top]
                    top = None if top is None else top - len(piece)
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

    def _next(self) -> Page[T]:
        answer = self._ahead.take(self._trail.link)
        is_ahead = answer is not None
        if answer is None:
            answer = self._ask(self._trail.link, None)
        if not self._is_begun:
            self._is_begun = True
            self._first = _First(answer.waited_s, self._trail.likely_after(answer.content))
        elif not self._ahead.is_on and (link := self._following(answer, is_ahead=is_ahead)) is not None:
            self._ahead.begin(link)
        return self._decode(answer.content)

    def _decoded(self, page: Page[T]) -> Iterator[list[T]]:
        """The pieces, and in the end how long it took to decode them."""
        decoding_s = 0.0
        count = 0
        first, self._first = self._first, None
        while True:
            started = time.monotonic()
            piece = next(page.pieces, None)
            decoding_s += time.monotonic() - started
            if piece is None:
                break
            yield piece
            count += len(piece)
            if first is not None and count >= _A_FEW:
                self._go_beyond(first, decoding_s * LARGEST_PAGE / count)
                first = None
        self._decoding_s = decoding_s

    def _go_beyond(self, first: _First, decoding_s: float) -> None:
        """Read ahead from within the first page, of which `decoding_s` says how long it takes at most."""
        if (
            first.link is not None
            and self._may_read_ahead
            and is_worthwhile(first.waited_s, decoding_s, is_ahead=False)
        ):
            self._ahead.begin(first.link)

    def _following(self, answer: Answer, *, is_ahead: bool) -> str | None:
        """The address of the page to read ahead. Asked in the other thread too, while this one waits."""
        is_wanted = self._may_read_ahead and is_worthwhile(
            answer.waited_s, self._decoding_s, is_ahead=is_ahead
        )
        return self._trail.likely_after(answer.content) if is_wanted else None
