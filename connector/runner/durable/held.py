"""The leases that this process holds just now, renewed while its work is long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connector.state.leases import Holder, Lease, Leases

LEASE_PAUSE_S = 1.0
"""Between two looks at a lease that another has."""


@dataclass
class HeldLeases:
    """What this process holds just now: a thread renews it while the work is long."""

    leases: Leases
    _held: list[Lease] = field(default_factory=list)

    @contextmanager
    def holding(self, job: Lease, *own: Lease) -> Iterator[tuple[Lease, ...]]:
        """The job's lease is left to its end when the block ends: others of the run may hold it too."""
        with self.kept(job, *own):
            yield (job, *own)
        self.leases.release(own)

    @contextmanager
    def alone(self, name: str, owner: str, wait: Callable[[float], None]) -> Iterator[None]:
        """What one worker does at a time; the others wait for it, or for its lease to go stale."""
        while isinstance(lease := self.leases.take(name, owner), Holder):
            wait(LEASE_PAUSE_S)
        try:
            with self.kept(lease):
                yield
        finally:
            self.leases.release([lease])

    @contextmanager
    def kept(self, *leases: Lease) -> Iterator[None]:
        """They are renewed while the block lasts."""
        self._held.extend(leases)
        try:
            yield
        finally:
            for lease in leases:
                self._held.remove(lease)

    def renew(self) -> None:
        """What was lost meanwhile is found out by the next write."""
        self.leases.renew(tuple(self._held))
