"""Runs as they are kept: what was asked for, how far it came, and each write that was meant or made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from connector.state import tables
from connector.state.database import Database, instant_of
from connector.state.leases import Lease, Leases

Facts = Mapping[str, Any]
"""What JSON holds: texts, numbers, lists and dictionaries."""


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
class Effect:
    """A write that was meant, noted before it was sent; `at` are seconds of the database's clock."""

    key: str
    intent: Facts
    at: float


@dataclass(frozen=True)
class Runs:
    database: Database

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
            if connection.scalar(sa.select(tables.run.c.id).where(tables.run.c.id == id)) is None:
                connection.execute(
                    sa.insert(tables.run).values(
                        id=id,
                        environment=environment,
                        workflow=workflow,
                        request=_text(request),
                        state=state,
                        message="",
                        begun=self.database.now(connection),
                    )
                )

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
            id, frozen=_text(frozen), contracts=contracts, chunks=number, state=RunState.RUNNING, message=""
        )
        found = self.find(id)
        assert found is not None
        return found

    def _add_chunk(self, run: str, number: int, contracts: Sequence[str]) -> None:
        values = {"run": run, "number": number, "contracts": _text(list(contracts)), "worker": ""}

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

    def known(self, run: str, contracts: Sequence[str]) -> dict[str, Facts]:
        """What came of those contracts with which this run is through, by contract."""

        def work(connection: sa.Connection) -> dict[str, Facts]:
            table = tables.contract
            query = sa.select(table.c.contract, table.c.outcome).where(
                table.c.run == run, table.c.contract.in_(contracts)
            )
            return {row.contract: _facts(row.outcome) for row in connection.execute(query)}

        return self.database.do(work)

    def effects(self, run: str, contracts: Sequence[str]) -> dict[str, list[Effect]]:
        """The writes of which nobody has said what came of them, by contract, in the order of their keys."""

        def work(connection: sa.Connection) -> dict[str, list[Effect]]:
            table = tables.effect
            query = (
                sa.select(table)
                .where(table.c.run == run, table.c.contract.in_(contracts))
                .order_by(table.c.contract, table.c.key)
            )
            found: dict[str, list[Effect]] = {}
            for row in connection.execute(query):
                found.setdefault(row.contract, []).append(Effect(row.key, _facts(row.intent), float(row.at)))
            return found

        return self.database.do(work)

    def intend(
        self, leases: Leases, held: Iterable[Lease], run: str, contract: str, key: str, intent: Facts
    ) -> None:
        """Note a write before it is sent, if the leases still are what they were. Raises Superseded."""
        held = tuple(held)

        def work(connection: sa.Connection) -> None:
            leases.check(connection, held)
            table = tables.effect
            connection.execute(sa.delete(table).where(_effect(run, contract, key)))
            connection.execute(
                sa.insert(table).values(
                    run=run,
                    contract=contract,
                    key=key,
                    intent=_text(intent),
                    at=self.database.now(connection),
                )
            )

        self.database.do(work)

    def record(
        self, run: str, batch: tuple[int, int], contract: str, outcome: Facts, *, is_failed: bool
    ) -> None:
        """The run is through with a contract of a batch (the numbers of its chunk and its own): what came of
        it, and no write of it is open any more."""

        def work(connection: sa.Connection) -> None:
            table = tables.contract
            connection.execute(sa.delete(table).where(table.c.run == run, table.c.contract == contract))
            connection.execute(
                sa.insert(table).values(
                    run=run,
                    contract=contract,
                    chunk=batch[0],
                    batch=batch[1],
                    is_failed=is_failed,
                    outcome=_text(outcome),
                )
            )
            effects = tables.effect
            connection.execute(sa.delete(effects).where(effects.c.run == run, effects.c.contract == contract))

        self.database.do(work)

    def end_batch(self, run: str, chunk: int, number: int, figures: Facts) -> None:
        def work(connection: sa.Connection) -> None:
            table = tables.batch
            is_this = sa.and_(table.c.run == run, table.c.chunk == chunk, table.c.number == number)
            connection.execute(sa.delete(table).where(is_this))
            at = self.database.now(connection)
            connection.execute(
                sa.insert(table).values(run=run, chunk=chunk, number=number, figures=_text(figures), at=at)
            )

        self.database.do(work)

    def figures(self, run: str) -> list[Facts]:
        """What the batches of a run came to, those that are done."""
        query = sa.select(tables.batch.c.figures).where(tables.batch.c.run == run)
        return [_facts(text) for text in self._scalars(query)]

    def under_way(self, run: str) -> list[Facts]:
        """What came of contracts whose batch is not done."""
        one, whole = tables.contract, tables.batch
        is_its = sa.and_(
            whole.c.run == one.c.run, whole.c.chunk == one.c.chunk, whole.c.number == one.c.batch
        )
        query = (
            sa.select(one.c.outcome).outerjoin(whole, is_its).where(one.c.run == run, whole.c.run.is_(None))
        )
        return [_facts(text) for text in self._scalars(query)]

    def outcomes(self, run: str, *, is_failed: bool | None = None) -> Iterator[tuple[str, Facts]]:
        """Contracts of which something came, with what it was; a thousand at a time."""
        table, last = tables.contract, ""
        while True:
            query = sa.select(table.c.contract, table.c.outcome).where(
                table.c.run == run, table.c.contract > last
            )
            if is_failed is not None:
                query = query.where(table.c.is_failed == is_failed)
            some = self._rows(query.order_by(table.c.contract).limit(1000))
            for row in some:
                yield row.contract, _facts(row.outcome)
            if not some:
                return
            last = some[-1].contract

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

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return self.database.do(lambda connection: connection.execute(query).all())

    def _scalars(self, query: sa.Select[Any]) -> Sequence[str]:
        return self.database.do(lambda connection: connection.scalars(query).all())


def _chunk(run: str, number: int) -> sa.ColumnElement[bool]:
    return sa.and_(tables.chunk.c.run == run, tables.chunk.c.number == number)


def _effect(run: str, contract: str, key: str) -> sa.ColumnElement[bool]:
    table = tables.effect
    return sa.and_(table.c.run == run, table.c.contract == contract, table.c.key == key)


def _run(row: sa.Row[Any]) -> RunRow:
    return RunRow(
        id=row.id,
        environment=row.environment,
        workflow=row.workflow,
        request=_facts(row.request),
        frozen=None if row.frozen is None else _facts(row.frozen),
        state=RunState(row.state),
        message=row.message,
        begun=instant_of(row.begun),
        ended=None if row.ended is None else instant_of(row.ended),
        contracts=row.contracts,
        chunks=row.chunks,
    )


def _text(facts: object) -> str:
    return msgspec.json.encode(facts, enc_hook=str).decode()


def _facts(text: str) -> Facts:
    return dict(msgspec.json.decode(text))
