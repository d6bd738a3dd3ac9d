"""Reads an environment in the background: once for all tabs, at a bounded rate, only while somebody looks."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

from connector.console.connection import Connection
from connector.console.page.known import Known, Topic
from connector.console.page.readings import (
    FindingsSeen,
    JobSeen,
    WorkSeen,
    read_findings,
    read_job,
    read_story,
    read_work,
)
from connector.console.voice import Voice
from connector.errors import DataverseError, ProjopsError
from connector.runner.story import Explanation
from connector.settings import Settings

Connect = Callable[[], AbstractContextManager[Connection]]
IDLE_AFTER_S = 900.0
"""When nobody has looked for so long, nothing is read."""
CONNECT_AGAIN_AFTER_S = 10.0
LONGEST_PAUSE_S = 300.0
STORIES_KEPT = 50
STORY_AGE_S = 60.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Read every `every_s`, at most every `least_s` when somebody asks; after failures more rarely."""

    every_s: float
    least_s: float

    def pause_s(self, known: Known[Any]) -> float:
        """The pause after the latest attempt, in which the service's own wish counts most."""
        if known.trouble is None:
            return self.every_s
        if known.trouble.retry_after_s:
            return known.trouble.retry_after_s
        return min(self.least_s * 2.0 ** min(known.failures, 10), LONGEST_PAUSE_S)


JOB = Rhythm(every_s=30, least_s=3)
WORK = Rhythm(every_s=600, least_s=10)
FINDINGS = Rhythm(every_s=900, least_s=10)


class Link:
    """One connection for everything that is read: opened with the first question, closed with the page."""

    def __init__(self, connect: Connect, clock: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._clock = clock
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self._failed: tuple[float, ProjopsError] | None = None

    def connection(self) -> Connection:
        """Raises what connecting raises; for a while the same again, without another try."""
        with self._lock:
            if self._connection is None:
                if self._failed is not None and self._clock() - self._failed[0] < CONNECT_AGAIN_AFTER_S:
                    raise self._failed[1]
                try:
                    self._connection = self._stack.enter_context(self._connect())
                except ProjopsError as error:
                    self._failed = (self._clock(), error)
                    raise
            return self._connection

    def close(self) -> None:
        """Waits for a connection that is just being made."""
        with self._lock:
            self._stack.close()


@dataclass
class _Beat:
    topic: Topic[Any]
    rhythm: Rhythm
    is_asked: bool = False
    ended_s: float = field(default=float("-inf"))


class Keeper:
    """The topics of one environment. `start` begins to read, `end` and `close` end it."""

    def __init__(
        self,
        settings: Settings,
        connect: Connect,
        voice: Voice,
        tell_fault: Callable[[Exception], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.link = Link(connect, clock)
        self._tell_fault = tell_fault
        self.job: Topic[JobSeen] = self._topic(lambda: read_job(self.link.connection(), settings, voice))
        self.work: Topic[WorkSeen] = self._topic(
            lambda: read_work(self.link.connection(), settings, self._job_once(), self.work.known.value)
        )
        self.findings: Topic[FindingsSeen] = self._topic(
            lambda: read_findings(self.link.connection(), settings)
        )
        self._beats = {
            "job": _Beat(self.job, JOB),
            "work": _Beat(self.work, WORK),
            "findings": _Beat(self.findings, FINDINGS),
        }
        self._begun: set[str] = set()
        self._stories: OrderedDict[str, Topic[Explanation]] = OrderedDict()
        self._bell = threading.Condition()
        self._closing = threading.Event()
        self._visited_s = clock()

    @property
    def topics(self) -> Mapping[str, Topic[Any]]:
        return {name: beat.topic for name, beat in self._beats.items()}

    def start(self, *names: str) -> None:
        """Begin to read these topics, or all of them; what has begun goes on."""
        with self._bell:
            fresh = [name for name in names or self._beats if name not in self._begun]
            self._begun.update(fresh)
        for name in fresh:
            threading.Thread(
                target=self._go_on, args=(self._beats[name],), name=f"reads {name}", daemon=True
            ).start()

    def end(self) -> None:
        """Read nothing more, and pause no longer."""
        with self._bell:
            self._closing.set()
            self._bell.notify_all()

    def close(self, within_s: float) -> None:
        """Close the connection; what hangs in the network for longer is left to end with the process."""
        self.end()
        closing = threading.Thread(target=self.link.close, name="reads no more", daemon=True)
        closing.start()
        closing.join(within_s)

    def wait(self, seconds: float) -> None:
        """Sleep that ends early when the page ends: for the pauses of the client."""
        with self._bell:
            self._bell.wait_for(self._closing.is_set, seconds)

    def visit(self) -> None:
        """Somebody looks: what has grown old meanwhile is read again."""
        with self._bell:
            was_idle = self.clock() - self._visited_s > IDLE_AFTER_S
            self._visited_s = self.clock()
            if was_idle:
                self._bell.notify_all()

    def ask(self, names: tuple[str, ...] = ("job", "work", "findings")) -> None:
        """Read again as soon as the rhythm allows."""
        with self._bell:
            for name in names:
                self._beats[name].is_asked = True
            self._visited_s = self.clock()
            self._bell.notify_all()

    def story(self, line: str, timeout_s: float) -> Known[Explanation]:
        """The story of a line; an old one is read again, and waited for until the time is over."""
        with self._bell:
            topic = self._stories.pop(line, None) or self._topic(
                lambda: read_story(self.link.connection(), self.settings, line)
            )
            self._stories[line] = topic
            while len(self._stories) > STORIES_KEPT:
                self._stories.popitem(last=False)
        known = topic.known
        is_fresh = known.read_s is not None and self.clock() - known.read_s < STORY_AGE_S
        if is_fresh and known.trouble is None:
            return known
        reader = threading.Thread(target=topic.read_now, name="reads a story", daemon=True)
        reader.start()
        reader.join(timeout_s)
        return topic.known

    def told(self, fault: Exception) -> str:
        """Where a fault of the program was written to."""
        return self._tell_fault(fault)

    def forget_stories(self) -> None:
        with self._bell:
            self._stories.clear()

    def _topic(self, read: Callable[[], Any]) -> Topic[Any]:
        return Topic(read, self._tell_fault, self.clock)

    def _job_once(self) -> JobSeen:
        """The job as it was seen last; read where it was not yet. Raises ProjopsError."""
        known = self.job.known if self.job.known.value is not None else self.job.read_now()
        if known.value is not None:
            return known.value
        why = known.trouble
        raise DataverseError(why.message, why.hint) if why else DataverseError("The job was not read.")

    def _go_on(self, beat: _Beat) -> None:
        while not self._closing.is_set():
            beat.is_asked = False
            beat.topic.read_now()
            beat.ended_s = self.clock()
            with self._bell:
                while not self._closing.is_set() and (left_s := self._left_s(beat)) > 0:
                    self._bell.wait(left_s)

    def _left_s(self, beat: _Beat) -> float:
        """Seconds until the next reading; a reading that takes long makes the pauses longer, too."""
        passed_s = self.clock() - beat.ended_s
        if beat.is_asked:
            trouble = beat.topic.known.trouble
            least_s = beat.rhythm.least_s
            return max(least_s, (trouble.retry_after_s or 0) if trouble else 0) - passed_s
        if self.clock() - self._visited_s > IDLE_AFTER_S:
            return LONGEST_PAUSE_S
        return beat.rhythm.pause_s(beat.topic.known) - passed_s
