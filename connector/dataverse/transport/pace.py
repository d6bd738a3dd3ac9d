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
from connector.dataverse.exchange.watching import Interest
from connector.dataverse.exchange.wire import UNWANTED, Answer, Attempt, log
from connector.dataverse.transport.tempo import Tempo

FIRST_WIDTH: Final = 4
# "52 or more" simultaneous requests of one user is what the service documents.
CEILING: Final = 52
_HOLDING: Final = frozenset({429, 503})
# Who waits for a turn looks whether it is still wanted.
_GLANCE_S: Final = 0.5


class Turn:
    """The right to send one request. What came of it has to be told."""

    def __init__(self, pace: Pace, halvings: int, refusal: Attempt | None) -> None:
        self._pace = pace
        self.halvings = halvings
        self.refusal = refusal
        """Nothing may be sent: a limit outlasts the caller's time, or nobody wants the answer any more."""

    def told(self, attempt: Attempt) -> Attempt:
        self._pace.told(attempt, self.halvings)
        return attempt


class Pace:
    """Bounds the requests that are on their way at once, and holds all of them back when told to wait.

    Thread-safe. Waiting threads sleep or are woken.
    """

    def __init__(self, clock: Clock, ceiling: int = CEILING, most_per_minute: int | None = None) -> None:
        """`ceiling` is the most requests at a time, whatever the service recommends; between the beginnings
        of two requests lies at least the time that `most_per_minute` leaves."""
        self.clock = clock
        self.ceiling = ceiling
        self._changed = threading.Condition()
        self._tempo = Tempo(min(FIRST_WIDTH, ceiling), ceiling)
        self._gap_s = 60 / most_per_minute if most_per_minute else 0.0
        self._next_s = -math.inf
        self._in_flight = 0
        self._holding: Answer | None = None

    @property
    def width(self) -> int:
        """How many requests at the same time are worthwhile now, at least 1."""
        return self._tempo.width

    @contextmanager
    def turn(self, deadline_s: float = math.inf, watch: Interest | None = None) -> Iterator[Turn]:
        """Wait until a request may be sent, and count it for as long as the block lasts.

        Where the pause that the service asked for ends after `deadline_s` of the clock, or `watch` says that
        the request is not wanted, the turn comes at once with the `refusal`.
        """
        turn = self._begin(deadline_s, watch)
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

    def _begin(self, deadline_s: float, watch: Interest | None) -> Turn:
        while True:
            with self._changed:
                if watch is not None and watch.is_cancelled:
                    self._changed.notify()
                    return Turn(self, self._tempo.halvings, UNWANTED)
                until_s = self._tempo.paused_until_s
                pause_s = until_s - self.clock.now_s()
                if pause_s <= 0:
                    if self._in_flight >= self._tempo.width:
                        self._wait(None if watch is None else _GLANCE_S)
                        continue
                    self._in_flight += 1
                    gap_s = self._until_next()
                    turn = Turn(self, self._tempo.halvings, None)
                    break
                # Whoever was woken and does not go has to wake the next one.
                self._changed.notify()
                if until_s > deadline_s:
                    return Turn(self, self._tempo.halvings, self._holding)
            reason = why(self._holding) if self._holding is not None else "the service asked for it"
            log.info("holding requests back for %.1f s: %s", pause_s, reason)
            pause_s *= 1 + uniform(0, JITTER)  # noqa: S311 - spreads, guards nothing
            self.clock.sleep(pause_s, watch)
        if gap_s > 0:
            self._sleep_in_turn(gap_s, watch)
        return turn

    def _until_next(self) -> float:
        """How long this request has to wait for its place among those of a minute."""
        now_s = self.clock.now_s()
        place_s = max(now_s, self._next_s)
        self._next_s = place_s + self._gap_s
        return place_s - now_s

    def _sleep_in_turn(self, seconds: float, watch: Interest | None) -> None:
        try:
            self.clock.sleep(seconds, watch)
        except BaseException:
            self._end()
            raise

    def _wait(self, longest_s: float | None) -> None:
        try:
            self._changed.wait(longest_s)
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
