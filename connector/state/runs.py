"""Runs as they are kept, and the chunks in which they are handed out: what was asked for, how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.state import tables
from connector.state.database import Database, insert_once, instant_of
from connector.state.facts import Facts, facts_of, text_of
from connector.state.reviews import Reviews
from connector.state.tallies import Tallies
from connector.state.writes import Writes


class RunState(StrEnum):
    SLEEPING = "sleeping"
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    PARTLY = "partly"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELED = "canceled"


ENDED = frozenset({RunState.DONE, RunState.PARTLY, RunState.REFUSED, RunState.CANCELED})
"""Nothing goes on in them by itself. A run that failed goes on when it is resumed."""


@dataclass(frozen=True)
class RunRow:
    """`frozen`, `contracts` and `chunks` are None until the run has begun."""

    id: str
    environment: str
    workflow: str
    request: Facts
    frozen: Facts | None
    state: RunState
    message: str
    begun: datetime
    ended: datetime | None
    contracts: int | None
    chunks: int | None


@dataclass(frozen=True)
class Runs:
    database: Database

    @property
    def writes(self) -> Writes:
        return Writes(self.database)

    @property
    def reviews(self) -> Reviews:
        return Reviews(self.database)

    @property
    def tallies(self) -> Tallies:
        return Tallies(self.database)

    def begin(
        self,
        id: str,
        environment: str,
        workflow: str,
        request: Facts,
        state: RunState = RunState.PLANNED,
    ) -> None:
        """Once: a run that is there stays as it is."""

        def work(connection: sa.Connection) -> None:
            values = {
                "id": id,
                "environment": environment,
                "workflow": workflow,
                "request": text_of(request),
                "state": state,
                "message": "",
                "begun": self.database.now(connection),
            }
            insert_once(connection, tables.run, values)

        self.database.do(work)

    def freeze(self, id: str, frozen: Facts, chunks: Iterable[Sequence[str]]) -> RunRow:
        """Fix what the run goes through: what holds for all of it, and the ids of its contracts, chunk by
        chunk as they come. Done again after it was cut off it begins anew."""

        def forget(connection: sa.Connection) -> None:
            connection.execute(sa.delete(tables.chunk).where(tables.chunk.c.run == id))

        self.database.do(forget)
        number = contracts = 0
        for number, chunk in enumerate(chunks, start=1):
            self._add_chunk(id, number, chunk)
            contracts += len(chunk)
        self._update(
            id, frozen=text_of(frozen), contracts=contracts, chunks=number, state=RunState.RUNNING, message=""
        )
        found = self.find(id)
        assert found is not None
        return found

    def _add_chunk(self, run: str, number: int, contracts: Sequence[str]) -> None:
        values = {"run": run, "number": number, "contracts": text_of(list(contracts)), "worker": ""}

        def work(connection: sa.Connection) -> None:
            connection.execute(sa.delete(tables.chunk).where(_chunk(run, number)))
            connection.execute(sa.insert(tables.chunk).values(**values))

        self.database.do(work)

    def tell(self, id: str, state: RunState, message: str = "") -> None:
        """How the run stands; one that has ended gets its end."""

        def work(connection: sa.Connection) -> None:
            ended = self.database.now(connection) if state in ENDED else None
            values = {"state": state, "message": message, "ended": ended}
            connection.execute(sa.update(tables.run).where(tables.run.c.id == id).values(**values))

        self.database.do(work)

    def find(self, id: str) -> RunRow | None:
        found = self.rows(id=id)
        return found[0] if found else None

    def rows(self, environment: str | None = None, *, id: str | None = None) -> list[RunRow]:
        """The newest first."""

        def work(connection: sa.Connection) -> list[RunRow]:
            query = sa.select(tables.run).order_by(tables.run.c.begun.desc(), tables.run.c.id.desc())
            if environment is not None:
                query = query.where(tables.run.c.environment == environment)
            if id is not None:
                query = query.where(tables.run.c.id == id)
            return [_run(row) for row in connection.execute(query)]

        return self.database.do(work)

    def take_chunk(self, run: str, number: int, worker: str) -> list[str]:
        """Say who is at work on a chunk; returns the ids of its contracts."""

        def work(connection: sa.Connection) -> list[str]:
            update = sa.update(tables.chunk).where(_chunk(run, number)).values(worker=worker)
            connection.execute(update)
            found = connection.scalar(sa.select(tables.chunk.c.contracts).where(_chunk(run, number)))
            return list(msgspec.json.decode(found or "[]"))

        return self.database.do(work)

    def end_chunk(self, run: str, number: int) -> None:
        def work(connection: sa.Connection) -> None:
            ended = self.database.now(connection)
            connection.execute(sa.update(tables.chunk).where(_chunk(run, number)).values(ended=ended))

        self.database.do(work)

    def is_complete(self, run: str) -> bool:
        """Whether all chunks have ended. Asked after an end is written, at least one of several workers
        that end at the same time sees it."""

        def work(connection: sa.Connection) -> bool:
            wanted = connection.scalar(sa.select(tables.run.c.chunks).where(tables.run.c.id == run))
            ended = connection.scalar(
                sa.select(sa.func.count()).where(tables.chunk.c.run == run, tables.chunk.c.ended.is_not(None))
            )
            return wanted is not None and ended == wanted

        return self.database.do(work)

    def now(self) -> datetime:
        return instant_of(self.database.do(self.database.now))

    def delete(self, ids: Iterable[str]) -> int:
        """Forget runs with all that belongs to them; returns how many there were."""
        wanted = list(ids)

        def work(connection: sa.Connection) -> int:
            for table in tables.OF_A_RUN:
                connection.execute(sa.delete(table).where(table.c.run.in_(wanted)))
            return connection.execute(sa.delete(tables.run).where(tables.run.c.id.in_(wanted))).rowcount

        return self.database.do(work)

    def _update(self, id: str, **values: object) -> None:
        update = sa.update(tables.run).where(tables.run.c.id == id).values(**values)
        self.database.do(lambda connection: connection.execute(update))


def _chunk(run: str, number: int) -> sa.ColumnElement[bool]:
    return sa.and_(tables.chunk.c.run == run, tables.chunk.c.number == number)


def _run(row: sa.Row[Any]) -> RunRow:
    return RunRow(
        id=row.id,
        environment=row.environment,
        workflow=row.workflow,
        request=facts_of(row.request),
        frozen=None if row.frozen is None else facts_of(row.frozen),
        state=RunState(row.state),
        message=row.message,
        begun=instant_of(row.begun),
        ended=None if row.ended is None else instant_of(row.ended),
        contracts=row.contracts,
        chunks=row.chunks,
    )
