"""What was reviewed before a run: so that it does that and nothing else, also after it was cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from connector.state.database import Database
from connector.state.facts import text_of
from connector.state.tables import review as table


@dataclass(frozen=True)
class Reviews:
    database: Database

    def add(self, run: str, pieces: Mapping[str, Sequence[str]]) -> None:
        """The pieces of some contracts, by contract; added once for each."""
        rows = [{"run": run, "contract": id, "pieces": text_of(list(some))} for id, some in pieces.items()]

        def work(connection: sa.Connection) -> None:
            is_one = sa.and_(table.c.run == run, table.c.contract.in_(list(pieces)))
            connection.execute(sa.delete(table).where(is_one))
            connection.execute(sa.insert(table), rows)

        if rows:
            self.database.do(work)

    def of(self, run: str, contracts: Sequence[str]) -> dict[str, frozenset[str]]:
        """The pieces of those contracts that have any, by contract."""

        def work(connection: sa.Connection) -> dict[str, frozenset[str]]:
            query = sa.select(table).where(table.c.run == run, table.c.contract.in_(contracts))
            found = connection.execute(query)
            return {row.contract: frozenset(msgspec.json.decode(row.pieces)) for row in found}

        return self.database.do(work)

    def count(self, run: str, contracts: Sequence[str] | None = None) -> int:
        """How many contracts were reviewed, of all or of those."""
        query = sa.select(sa.func.count()).select_from(table).where(table.c.run == run)
        if contracts is not None:
            query = query.where(table.c.contract.in_(contracts))
        return self.database.do(lambda connection: connection.scalar(query) or 0)

    def forget(self, run: str) -> None:
        self.database.do(lambda connection: connection.execute(sa.delete(table).where(table.c.run == run)))
