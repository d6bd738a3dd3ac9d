"""Chunks worked on in parallel, with results in the order of the input and a bound on what is in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from connector.dataverse.exchange.watching import Interest

C = TypeVar("C")
R = TypeVar("R")

# Chunks that are done and wait for an earlier one, for each that is on its way.
_AHEAD: Final = 3
# On Windows an interrupt from the keyboard does not end a wait, so no wait is long.
_GLANCE_S: Final = 0.5


@dataclass(frozen=True)
class Done(Generic[R]):
    """What became of a chunk; `failure` says that no further one should be sent."""

    results: Sequence[R]
    failure: Exception | None = None


def in_order(
    chunks: Iterator[C],
    work: Callable[[C], Done[R]],
    width: Callable[[], int],
    most_threads: int,
    interest: Interest,
) -> Generator[R, None, None]:
    """The results of all chunks in their order; `width` says how many may be worked on at a time.

    The first chunk goes alone: it shows whether the service takes such chunks at all, and how many at a
    time it recommends. After a failure, of a chunk or of `chunks` itself, those that are on their way are
    finished and their results given, and then the failure is raised. When nobody takes the results any more,
    `interest` is lost: requests that are on their way are waited for, and nothing else is.
    """
    lanes = _Lanes(chunks, work, width)
    with ThreadPoolExecutor(most_threads, thread_name_prefix="bulk") as threads:
        try:
            yield from lanes.run(threads)
        except BaseException:
            interest.cancel()
            raise
        finally:
            lanes.stop()


class _Lanes(Generic[C, R]):
    def __init__(self, chunks: Iterator[C], work: Callable[[C], Done[R]], width: Callable[[], int]) -> None:
        self._chunks: Iterator[C] = chunks
        self._work = work
        self._width = width
        self._pending: deque[Future[Done[R]]] = deque()
        self._failure: Exception | None = None
        self._input_failure: Exception | None = None
        self._is_filling = True
        self._is_first = True

    def run(self, threads: ThreadPoolExecutor) -> Iterator[R]:
        while True:
            self._fill(threads)
            if not self._pending:
                break
            if self._pending[0].done():
                self._is_first = False
                yield from self._take(self._pending.popleft().result())
            else:
                running = [each for each in self._pending if not each.done()]
                wait(running, _GLANCE_S, return_when=FIRST_COMPLETED)
        failure = self._failure or self._input_failure
        if failure is not None:
            raise failure

    def stop(self) -> None:
        """Nobody wants more: what was not begun is not sent."""
        for each in self._pending:
            each.cancel()

    def _take(self, done: Done[R]) -> Sequence[R]:
        if done.failure is not None:
            self._is_filling = False
            # That of an earlier chunk explains more than what comes after it.
            self._failure = self._failure or done.failure
        return done.results

    def _fill(self, threads: ThreadPoolExecutor) -> None:
        self._hear_of_failures()
        while self._is_filling and self._has_room():
            try:
                chunk = next(self._chunks)
            except StopIteration:
                self._is_filling = False
            except Exception as error:  # noqa: BLE001 - whatever it is, it waits for what is on its way
                self._is_filling = False
                self._input_failure = error
            else:
                self._pending.append(threads.submit(copy_context().run, self._work, chunk))

    def _has_room(self) -> bool:
        if self._is_first:
            return not self._pending
        width = self._width()
        running = sum(not each.done() for each in self._pending)
        return running < width and len(self._pending) < width * (1 + _AHEAD)

    def _hear_of_failures(self) -> None:
        """A chunk that failed ends the sending although its turn among the results has not come."""
        if any(each.done() and each.result().failure is not None for each in self._pending):
            self._is_filling = False
