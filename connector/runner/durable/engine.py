"""The seam of durable runs: "do this step under this key", and "begin this part, once".

A part is a piece of a run that one worker does at a time: it goes through its steps in an order that
depends on what it was given and on what its steps returned, on nothing else, so that a part that was cut
off can be done again: steps that are done are not done twice, their results are remembered. A step itself
may be done twice when a worker dies in it. What a step does to an environment therefore carries its own key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

Facts: TypeAlias = Mapping[str, Any]
"""What JSON holds: what a step returns is written down."""


class Kind(StrEnum):
    """The parts of a run of ProcessRunner: fixing what it goes through, a chunk of contracts, the end; and
    the sleep of ProcessRunCaller."""

    PLAN = "plan"
    CHUNK = "chunk"
    FINISH = "finish"
    CALLER = "caller"


@dataclass(frozen=True)
class Part:
    kind: Kind
    run: str
    number: int = 0

    @property
    def id(self) -> str:
        """Unique: begun twice it is the same part."""
        tail = f"-{self.number}" if self.number else ""
        return f"{self.run}/{self.kind}{tail}"


class Stopping(BaseException):
    """The process is asked to end: what is begun is left as it is, for the next start. No Exception, so
    that nobody takes it for the result of a step."""


class Engine(Protocol):
    def step(self, key: str, work: Callable[[], Facts]) -> Facts:
        """The result of the work, which is done unless it is known from before."""
        ...

    def begin(self, part: Part, after_s: float = 0) -> None:
        """Have a part done by whichever worker comes first, once, `after_s` seconds from now."""
        ...


class Parts(Protocol):
    def do(self, engine: Engine, part: Part) -> None: ...


@dataclass
class InLine:
    """Everything here and now, remembered in memory: for tests and for whoever has no engine.

    `memory` given from one engine to the next is what a durable engine keeps in its database.
    """

    parts: Parts
    memory: dict[tuple[str, str], Facts] = field(default_factory=dict)
    begun: dict[str, Part] = field(default_factory=dict)
    sleeping: dict[str, float] = field(default_factory=dict)
    _queue: deque[Part] = field(default_factory=deque)

    def run(self, part: Part) -> None:
        """Do a part, and all that it begins, until nothing is left but what sleeps."""
        self.begin(part)
        while self._queue:
            self.parts.do(_Doing(self, self._queue[0]), self._queue[0])
            self._queue.popleft()

    def begin(self, part: Part, after_s: float = 0) -> None:
        if part.id in self.begun:
            return
        self.begun[part.id] = part
        if after_s > 0:
            self.sleeping[part.id] = after_s
        else:
            self._queue.append(part)

    def remembered(self, part: Part, key: str, work: Callable[[], Facts]) -> Facts:
        if (part.id, key) not in self.memory:
            self.memory[part.id, key] = work()
        return self.memory[part.id, key]


@dataclass(frozen=True)
class _Doing:
    """The engine as one part sees it."""

    engine: InLine
    part: Part

    def step(self, key: str, work: Callable[[], Facts]) -> Facts:
        return self.engine.remembered(self.part, key, work)

    def begin(self, part: Part, after_s: float = 0) -> None:
        self.engine.begin(part, after_s)
