"""The next page is on its way while this one is decoded, where waiting for it is what takes long."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from queue import SimpleQueue

from connector.dataverse.exchange.watching import Watch
from connector.dataverse.exchange.wire import Answer

# Sends the question for the page at an address, with repetitions. What goes wrong is raised.
Ask = Callable[[str, Watch | None], Answer]
# The address of the page to be read ahead behind an answer that was, None where none is worthwhile.
Following = Callable[[Answer], str | None]

# A shorter wait is not worth a thread: decoding holds the interpreter, so that it also holds up the thread.
_RELEVANT_SHARE = 0.25
# Usually it takes a millisecond to send; a page that is here does not wait for a limit to pass.
_LONGEST_SENDING_S = 0.05
# On Windows an interrupt from the keyboard does not end a wait, so no wait is long.
_GLANCE_S = 0.5


def is_worthwhile(waited_s: float, decoding_s: float, *, is_ahead: bool) -> bool:
    """Whether waiting for a page takes a relevant part of its time.

    `waited_s` was from sending to the answer's first byte, `decoding_s` what a page takes to decode. With
    `is_ahead` the one lay within the other: what the wait is without it shows only when it is longer.
    """
    unavoidable_s = decoding_s if is_ahead else 0.0
    return waited_s - unavoidable_s > _RELEVANT_SHARE * decoding_s


class Coming:
    """A page that another thread asks for."""

    def __init__(self, link: str) -> None:
        self.link = link
        self.next: Coming | None = None
        """The page after this one, where it was asked for right behind it."""
        # Of two pages one at most is in memory as it came: this one stays on the network until the reader is
        # through with the one before.
        self._watch = Watch(has_room=False)
        self._lock = threading.Lock()
        self._is_awaited = False
        self._has_come = False
        self._is_over = threading.Event()
        self._outcome: Answer | BaseException | None = None

    def wait_until_sent(self) -> None:
        """Returns when the request is on the wire, or is held up."""
        self._watch.progress.wait(_LONGEST_SENDING_S)

    def answer(self) -> Answer:
        """The page, or the error that it came to, raised here."""
        with self._lock:
            self._is_awaited = not self._has_come
        self._watch.make_room()
        while not self._is_over.wait(_GLANCE_S):
            pass
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        assert self._outcome is not None  # set before the event
        return self._outcome

    def cancel(self) -> None:
        """End its waiting for an answer."""
        with self._lock:
            self._is_awaited = False
        self._watch.cancel()

    def fetch(self, ask: Ask, following: Following) -> None:
        """Ask for it. Where the reader waits for it already, `next` is what `following` says."""
        try:
            outcome = ask(self.link, self._watch)
            with self._lock:
                self._has_come = True
            link = following(outcome) if self._is_awaited else None
            self.next = None if link is None else Coming(link)
            self._outcome = outcome
        except BaseException as error:  # noqa: BLE001 - raised again by `answer`, in the reader's thread
            self._outcome = error
        finally:
            self._watch.progress.set()
            self._is_over.set()


class ReadAhead:
    """One thread that asks for the next page, from the first one that is wanted until it is closed.

    One for all pages: what a thread has allocated stays with it, and a new one would allocate it again.
    Where the reader waits for a page, the thread goes on to the one behind it by itself, which saves the way
    through the reader's thread. So one page at most is on its way or waits.
    """

    def __init__(self, ask: Ask, following: Following) -> None:
        self._ask = ask
        self._following = following
        self._wanted: SimpleQueue[Coming | None] = SimpleQueue()
        self._is_running = False
        self._coming: Coming | None = None

    @property
    def is_on(self) -> bool:
        """Whether a page is on its way."""
        return self._coming is not None

    def begin(self, link: str) -> None:
        """Ask for a page; its request is on the wire afterwards, or held up."""
        if not self._is_running:
            self._is_running = True
            run = contextvars.copy_context().run
            args = (_serve, self._ask, self._following, self._wanted)
            threading.Thread(target=run, args=args, name="read ahead", daemon=True).start()
        self._coming = Coming(link)
        self._wanted.put(self._coming)
        self._coming.wait_until_sent()

    def take(self, link: str) -> Answer | None:
        """The page at `link`, waited for; None when another one is on its way, which is dropped, or none.

        Where the one after it is on its way then, its request is on the wire, or held up.
        """
        coming, self._coming = self._coming, None
        if coming is None:
            return None
        if coming.link != link:
            coming.cancel()
            return None
        self._coming = coming
        answer = coming.answer()
        self._coming = coming.next
        if self._coming is not None:
            self._coming.wait_until_sent()
        return answer

    def close(self) -> None:
        """End the waiting for an answer, and the thread."""
        if self._coming is not None:
            self._coming.cancel()
        if self._is_running:
            self._wanted.put(None)


def _serve(ask: Ask, following: Following, wanted: SimpleQueue[Coming | None]) -> None:
    while (coming := wanted.get()) is not None:
        while coming is not None:
            coming.fetch(ask, following)
            # Nothing of it is kept while the next one is waited for.
            coming = coming.next
