"""Several questions read by several threads; their records come out in one."""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from connector.dataverse.exchange.page import Page
from connector.dataverse.exchange.watching import Watch
from connector.dataverse.reading.next_link import Trail, link_of
from connector.dataverse.reading.read_ahead import Ask
from connector.errors import MalformedAnswer, UsageError

T = TypeVar("T")

# On Windows an interrupt from the keyboard does not end a wait, so no wait is long.
_GLANCE_S = 0.5


@dataclass(frozen=True)
class PartsPlan:
    """How a read in parts goes. `pages_in_flight` are asked for or wait to be decoded at any time, None for
    two for each request that is worthwhile at the same time; `is_ordered` keeps the order of the parts.
    """

    page_size: int = 5_000
    pages_in_flight: int | None = None
    is_ordered: bool = False

    def __post_init__(self) -> None:
        if self.pages_in_flight is not None and self.pages_in_flight < 1:
            raise UsageError(f"{self.pages_in_flight} pages cannot be on their way.", "Allow 1 or more.")


@dataclass(frozen=True)
class _Arrived:
    """A page's bytes and the link that was followed from it, or what went wrong."""

    content: bytes = b""
    next_link: str | None = None
    error: BaseException | None = None


@dataclass
class _Question:
    """One question on its way; `arrived` are the pages that wait to be decoded."""

    trail: Trail | None
    arrived: deque[_Arrived] = field(default_factory=deque)
    is_read: bool = False


class ParallelReading:
    """Threads ask, the reader's thread decodes: decoding holds the interpreter, so that it gains nothing from
    threads, and a thread that decodes asks for its next page too late.

    At most `most_pages` are asked for or wait to be decoded at any time, one more with `is_ordered`. There
    are as many threads as `width` says, and more when it grows. They end with their request when the reader
    stops.
    """

    def __init__(
        self,
        ask: Ask,
        trails: Iterator[Trail],
        width: Callable[[], int],
        most_pages: Callable[[], int],
        *,
        is_ordered: bool,
    ) -> None:
        self._ask = ask
        self._trails = trails
        self._width = width
        self._most_pages = most_pages
        self._is_ordered = is_ordered
        self._changed = threading.Condition()
        # Begun and not yet decoded to the end, in their order.
        self._open: deque[_Question] = deque()
        self._is_all_begun = False
        self._held = 0
        self._threads = 0
        self._is_over = False
        self._watches: set[Watch] = set()

    def records(self, decode: Callable[[bytes], Page[T]]) -> Iterator[T]:
        """All records, page by page; with `is_ordered` question by question. Raises the first error."""
        try:
            self._add_threads()
            while (arrived := self._take()) is not None:
                if arrived.error is not None:
                    raise arrived.error
                page = decode(arrived.content)
                if page.next_link != arrived.next_link:
                    raise MalformedAnswer("A page names two others that follow it.")
                del arrived
                for piece in page.pieces:
                    yield from piece
                del page
        finally:
            self._stop()

    def _take(self) -> _Arrived | None:
        """The next page to decode, None when all are read."""
        with self._changed:
            while True:
                self._forget_what_is_read()
                question = next((each for each in self._candidates() if each.arrived), None)
                if question is not None:
                    self._held -= 1
                    self._changed.notify_all()
                    return question.arrived.popleft()
                if self._is_all_begun and not self._open:
                    return None
                self._changed.wait(_GLANCE_S)

    def _candidates(self) -> Iterator[_Question]:
        return iter(tuple(self._open)[:1] if self._is_ordered else self._open)

    def _forget_what_is_read(self) -> None:
        done = [each for each in self._candidates() if each.is_read and not each.arrived]
        for question in done:
            self._open.remove(question)
            self._changed.notify_all()

    def _add_threads(self) -> None:
        with self._changed:
            while self._threads < self._width() and not (self._is_all_begun or self._is_over):
                self._threads += 1
                run = contextvars.copy_context().run
                threading.Thread(target=run, args=(self._work,), name="partition", daemon=True).start()

    def _work(self) -> None:
        while (question := self._begin()) is not None:
            try:
                while question.trail is not None and self._may_ask(question):
                    self._read_page(question, question.trail)
                    self._add_threads()
            except BaseException as error:  # noqa: BLE001 - raised again in the reader's thread
                self._arrive(question, _Arrived(error=error), is_last=True)
                return

    def _begin(self) -> _Question | None:
        with self._changed:
            question = None if self._is_over else self._next_question()
            if question is None:
                self._is_all_begun = True
            else:
                self._open.append(question)
            self._changed.notify_all()
            return question

    def _next_question(self) -> _Question | None:
        try:
            trail = next(self._trails, None)
        except BaseException as error:  # noqa: BLE001 - raised again in the reader's thread
            return _Question(None, deque([_Arrived(error=error)]), is_read=True)
        return None if trail is None else _Question(trail)

    def _may_ask(self, question: _Question) -> bool:
        """Waits until there is room for one more page; False when nobody wants one."""
        with self._changed:
            while not (self._is_over or question.is_read):
                is_next = self._is_ordered and self._open[0] is question and not question.arrived
                if is_next or self._held < self._most_pages():
                    self._held += 1
                    return True
                self._changed.wait()
            return False

    def _read_page(self, question: _Question, trail: Trail) -> None:
        content = self._ask_watched(trail.link)
        link = link_of(content)
        self._arrive(question, _Arrived(content, link), is_last=not link)
        following = trail.after(link)
        if following is not None:
            trail.go_on(following)

    def _ask_watched(self, link: str) -> bytes:
        watch = Watch()
        with self._changed:
            if self._is_over:
                watch.cancel()
            self._watches.add(watch)
        try:
            return self._ask(link, watch).content
        finally:
            with self._changed:
                self._watches.discard(watch)

    def _arrive(self, question: _Question, arrived: _Arrived, *, is_last: bool) -> None:
        with self._changed:
            question.arrived.append(arrived)
            question.is_read = is_last
            self._changed.notify_all()

    def _stop(self) -> None:
        with self._changed:
            self._is_over = True
            for watch in self._watches:
                watch.cancel()
            self._open.clear()
            self._changed.notify_all()
