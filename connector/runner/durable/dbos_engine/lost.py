"""Parts that count as a worker's and that no thread of it does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from connector.runner.durable.dbos_engine.steering import Steering
from connector.runner.durable.dbos_engine.worker import Worker

LOOK_EVERY_S = 10.0


@dataclass
class LostParts:
    """A database that goes away just after it handed a part out leaves such; nobody would ever do it."""

    steer: Steering
    worker: Worker
    worker_id: str
    every_s: float = LOOK_EVERY_S
    _suspects: frozenset[str] = frozenset()
    _looked_s: float = field(default_factory=time.monotonic)

    def resume(self) -> None:
        """Look now and then; what is found twice in a row goes back into the queue. Parts of runs that
        failed here wait for whoever decides about them."""
        if time.monotonic() - self._looked_s < self.every_s:
            return
        self._looked_s = time.monotonic()
        idle = {
            part.id: part
            for part in self.steer.taken()
            if part.worker == self.worker_id
            and part.id not in self.worker.at_work
            and part.run not in self.worker.failed
        }
        lost, self._suspects = self._suspects & idle.keys(), frozenset(idle)
        self.steer.resume([idle[id] for id in lost])
