"""Figures of a run: what its batches came to, and what is through of those under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connector.state import tables
from connector.state.database import Database
from connector.state.facts import Facts, facts_of, text_of


@dataclass(frozen=True)
class Tallies:
    database: Database

    def end_batch(self, run: str, chunk: int, number: int, figures: Facts) -> None:
        def work(connection: sa.Connection) -> None:
            table = tables.batch
            is_this = sa.and_(table.c.run == run, table.c.chunk == chunk, table.c.number == number)
            connection.execute(sa.delete(table).where(is_this))
            at = self.database.now(connection)
            connection.execute(
                sa.insert(table).values(run=run, chunk=chunk, number=number, figures=text_of(figures), at=at)
            )

        self.database.do(work)

    def figures(self, run: str) -> list[Facts]:
        """What the batches of a run came to, those that are done."""
        query = sa.select(tables.batch.c.figures).where(tables.batch.c.run == run)
        return [facts_of(text) for text in self._scalars(query)]

    def under_way(self, run: str) -> list[Facts]:
        """What came of contracts whose batch is not done."""
        one, whole = tables.contract, tables.batch
        is_its = sa.and_(
            whole.c.run == one.c.run, whole.c.chunk == one.c.chunk, whole.c.number == one.c.batch
        )
        query = (
            sa.select(one.c.outcome).outerjoin(whole, is_its).where(one.c.run == run, whole.c.run.is_(None))
        )
        return [facts_of(text) for text in self._scalars(query)]

    def _scalars(self, query: sa.Select[Any]) -> Sequence[str]:
        return self.database.do(lambda connection: connection.scalars(query).all())
