"""Figures of a run: what its batches came to, and what is through of those under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from connector.state import tables
from connector.state.database import Database, upsert
from connector.state.facts import Facts, facts_of, text_of

Sum: TypeAlias = Callable[[Sequence[Facts], Sequence[Facts]], Facts]
"""The first figures added up, less the second ones."""


@dataclass(frozen=True)
class Tallies:
    database: Database

    def end_batch(self, run: str, chunk: int, number: int, figures: Facts, add: Sum) -> None:
        """A batch that is done again takes the place of the first."""

        def work(connection: sa.Connection) -> None:
            kept = self._kept(connection, run)
            before = self._figures(connection, _batch(run, chunk, number))
            so_far = self._figures(connection, tables.batch.c.run == run) if kept is None else [kept]
            values = {"run": run, "chunk": chunk, "number": number, "figures": text_of(figures)}
            at = self.database.now(connection)
            upsert(connection, tables.batch, {**values, "at": at}, ("run", "chunk", "number"))
            _keep(connection, run, add([*so_far, figures], before))

        self.database.change(work)

    def figures(self, run: str) -> list[Facts]:
        """What the batches of a run came to, those that are done."""
        return self.database.do(lambda connection: self._figures(connection, tables.batch.c.run == run))

    def total(self, run: str) -> Facts | None:
        """What they came to together; None before the first one."""
        query = sa.select(tables.total.c.figures).where(tables.total.c.run == run)
        text = self.database.do(lambda connection: connection.scalar(query))
        return None if text is None else facts_of(text)

    def keep(self, run: str, figures: Facts) -> None:
        """The total, added up anew."""
        self.database.do(lambda connection: _keep(connection, run, figures))

    def under_way(self, run: str) -> list[Facts]:
        """What came of contracts whose batch is not done: of chunks that somebody has, however long the
        run is."""
        query = under_way(run)
        return self.database.do(lambda connection: [facts_of(text) for text in connection.scalars(query)])

    def _kept(self, connection: sa.Connection, run: str) -> Facts | None:
        """The total, and nobody else changes it before the transaction ends."""
        # The row of the run is always there, also before its total is.
        connection.execute(sa.select(tables.run.c.id).where(tables.run.c.id == run).with_for_update())
        text = connection.scalar(sa.select(tables.total.c.figures).where(tables.total.c.run == run))
        return None if text is None else facts_of(text)

    def _figures(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[Facts]:
        found = connection.scalars(sa.select(tables.batch.c.figures).where(which))
        return [facts_of(text) for text in found]


def under_way(run: str) -> sa.Select[Any]:
    one, whole, chunk = tables.contract, tables.batch, tables.chunk
    at_work = sa.select(chunk.c.number).where(
        chunk.c.run == run, chunk.c.ended.is_(None), chunk.c.worker != ""
    )
    is_done = sa.exists().where(
        whole.c.run == one.c.run, whole.c.chunk == one.c.chunk, whole.c.number == one.c.batch
    )
    return sa.select(one.c.outcome).where(one.c.run == run, one.c.chunk.in_(at_work), ~is_done)


def _batch(run: str, chunk: int, number: int) -> sa.ColumnElement[bool]:
    table = tables.batch
    return sa.and_(table.c.run == run, table.c.chunk == chunk, table.c.number == number)


def _keep(connection: sa.Connection, run: str, figures: Facts) -> None:
    upsert(connection, tables.total, {"run": run, "figures": text_of(figures)}, ("run",))
