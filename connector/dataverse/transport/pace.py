"""How fast a client goes: one for all its threads, which wait here for their turn."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import uniform
from typing import Final

from connector.dataverse.exchange.clock import Clock
from connector.dataverse.exchange.faults import retry_after_s, why
from connector.dataverse.exchange.retrying import JITTER
from connector.dataverse.exchange.wire import Answer, Attempt, log
from connector.dataverse.transport.tempo import Tempo

FIRST_WIDTH: Final = 4
# "52 or more" simultaneous requests of one user is what the service documents.
CEILING: Final = 52
_HOLDING: Final = frozenset({429, 503})


class Turn:
    """The right to send one request. What came of it has to be told."""

    def __init__(self, pace: Pace, halvings: int, refusal: Answer | None) -> None:
        self._pace = pace
        self.halvings = halvings
        self.refusal = refusal
        """The limit that is still in force when the caller's time is up: nothing may be sent."""

    def told(self, attempt: Attempt) -> Attempt:
        self._pace.told(attempt, self.halvings)
        return attempt


class Pace:
    """Bounds the requests that are on their way at once, and holds all of them back when told to wait.

    Thread-safe. Waiting threads sleep or are woken, none of them polls.
    """

    def __init__(self, clock: Clock, ceiling: int = CEILING) -> None:
        """`ceiling` is the most requests at a time, whatever the service recommends."""
        self.clock = clock
        self.ceiling = ceiling
        self._changed = threading.Condition()
        self._tempo = Tempo(min(FIRST_WIDTH, ceiling), ceiling)
        self._in_flight = 0
        self._holding: Answer | None = None

    @property
    def width(self) -> int:
        """How many requests at the same time are worthwhile now, at least 1."""
        return self._tempo.width

    @contextmanager
    def turn(self, deadline_s: float = math.inf) -> Iterator[Turn]:
        """Wait until a request may be sent, and count it for as long as the block lasts.

        Where the pause that the service asked for ends after `deadline_s` of the clock, the turn comes at
        once with the `refusal`.
        """
        turn = self._begin(deadline_s)
        try:
            yield turn
        finally:
            if turn.refusal is None:
                self._end()

    def told(self, attempt: Attempt, halvings: int | None = None) -> None:
        """Learn from an answer; `halvings` is what the turn began with."""
        if not isinstance(attempt, Answer):
            return
        with self._changed:
            tempo = self._tempo.hinted(_hint(attempt))
            if attempt.status == 429:
                tempo = tempo.limited(halvings=tempo.halvings if halvings is None else halvings)
            else:
                tempo = tempo.succeeded(is_full=self._in_flight >= tempo.width)
            asked_s = (attempt.status in _HOLDING and retry_after_s(attempt)) or 0.0
            if asked_s:
                tempo = tempo.paused(self.clock.now_s() + asked_s)
                self._holding = attempt
            if tempo.width > self._tempo.width:
                self._changed.notify_all()
            self._tempo = tempo

    def _begin(self, deadline_s: float) -> Turn:
        while True:
            with self._changed:
                until_s = self._tempo.paused_until_s
                pause_s = until_s - self.clock.now_s()
                if pause_s <= 0:
                    if self._in_flight < self._tempo.width:
                        self._in_flight += 1
                        return Turn(self, self._tempo.halvings, None)
                    self._wait()
                    continue
                # Whoever was woken and does not go has to wake the next one.
                self._changed.notify()
                if until_s > deadline_s:
                    return Turn(self, self._tempo.halvings, self._holding)
            reason = why(self._holding) if self._holding is not None else "the service asked for it"
            log.info("holding requests back for %.1f s: %s", pause_s, reason)
            self.clock.sleep(pause_s * (1 + uniform(0, JITTER)))  # noqa: S311 - spreads, guards nothing

    def _wait(self) -> None:
        try:
            self._changed.wait()
        except BaseException:
            self._changed.notify()
            raise

    def _end(self) -> None:
        with self._changed:
            self._in_flight -= 1
            self._changed.notify()


def _hint(answer: Answer) -> int:
    """x-ms-dop-hint: the degree of parallelism that the environment recommends; 0 where it says nothing."""
    text = answer.headers.get("x-ms-dop-hint", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
