"""Durable runs against an emulator, with a state of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from connector.hooks import load_plugins
from connector.job.look import Environment
from connector.model.process import PROCESS_RUNNER
from connector.runner.durable.engine import InLine, Kind, Part
from connector.runner.durable.facts import DurableRequest, Figures, as_facts, summed
from connector.runner.durable.held import HeldLeases
from connector.runner.durable.run import DurableRun
from connector.runner.durable.site import Site
from connector.state.address import state_address
from connector.state.database import Database
from connector.state.leases import Leases
from connector.state.runs import RunRow, Runs
from tests.runner.emulated import Emulated

NAME = "an-environment"


@dataclass(frozen=True)
class Durably:
    """A state, and workers on it. `still_at_work_s` is short: the emulator is quick."""

    world: Emulated
    database: Database
    still_at_work_s: float = 0.0

    @property
    def runs(self) -> Runs:
        return Runs(self.database)

    @property
    def leases(self) -> Leases:
        return Leases(self.database)

    def site(self, stopping: Event | None = None) -> Site:
        world = self.world
        return Site(
            name=NAME,
            client=world.client,
            tables=world.tables,
            row_definition=world.row_definition,
            plugins=load_plugins(),
            look_at=Environment(world.client, world.tables, world.rules, sleep=lambda _: None),
            still_at_work_s=self.still_at_work_s,
            stopping=stopping or Event(),
        )

    def worker(self, name: str = "worker-1", stopping: Event | None = None, **sizes: int) -> DurableRun:
        return DurableRun(
            self.site(stopping),
            self.runs,
            self.leases,
            name,
            HeldLeases(self.leases),
            **{"contracts_of_chunk": 1, "contracts_of_batch": 1, **sizes},
        )

    def begin(self, run: str = "run-1", **asked: Any) -> Part:
        request = DurableRequest(rules=self.world.rules, **asked)
        self.runs.begin(run, NAME, PROCESS_RUNNER, as_facts(request))
        return Part(Kind.PLAN, run)

    def run(self, run: str = "run-1", **asked: Any) -> RunRow:
        """One run in line, from its beginning to its end."""
        InLine(self.worker()).run(self.begin(run, **asked))
        return self.row(run)

    def row(self, run: str = "run-1") -> RunRow:
        found = self.runs.find(run)
        assert found is not None
        return found

    def figures(self, run: str = "run-1") -> Figures:
        return summed(self.runs.tallies.figures(run))


@contextmanager
def durably(world: Emulated, folder: Path, still_at_work_s: float = 0.0) -> Iterator[Durably]:
    with Database.open(state_address(str(folder / "runs.db"))) as database:
        yield Durably(world, database, still_at_work_s)
