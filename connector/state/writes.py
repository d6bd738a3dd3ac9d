"""Each write that was meant, noted before it is sent, and what came of its contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from connector.state import tables
from connector.state.database import Database, upsert
from connector.state.facts import Facts, facts_of, text_of
from connector.state.leases import Holding


@dataclass(frozen=True)
class Effect:
    """A write that was meant, noted before it was sent; `at` are seconds of the database's clock."""

    key: str
    intent: Facts
    at: float


@dataclass(frozen=True)
class Writes:
    database: Database

    def known(self, run: str, contracts: Sequence[str]) -> dict[str, Facts]:
        """What came of those contracts with which this run is through, by contract."""

        def work(connection: sa.Connection) -> dict[str, Facts]:
            table = tables.contract
            query = sa.select(table.c.contract, table.c.outcome).where(
                table.c.run == run, table.c.contract.in_(contracts)
            )
            return {row.contract: facts_of(row.outcome) for row in connection.execute(query)}

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
                found.setdefault(row.contract, []).append(
                    Effect(row.key, facts_of(row.intent), float(row.at))
                )
            return found

        return self.database.do(work)

    def intend(self, holding: Holding, run: str, contract: str, key: str, intent: Facts) -> None:
        """Note a write before it is sent, if the leases still are what they were. Raises Superseded."""

        def work(connection: sa.Connection) -> None:
            at = holding.check(connection)
            values = {"run": run, "contract": contract, "key": key, "intent": text_of(intent), "at": at}
            upsert(connection, tables.effect, values, ("run", "contract", "key"))

        self.database.change(work)

    def record(
        self,
        holding: Holding,
        run: str,
        batch: tuple[int, int],
        contract: str,
        outcome: Facts,
        *,
        is_failed: bool,
    ) -> None:
        """The run is through with a contract of a batch (the numbers of its chunk and its own): what came of
        it, and no write of it is open any more. Raises Superseded when another worker is at it now: its
        writes are open, and it finds out what came of ours.

        The disk is not waited for: lost with the power, a write is open as before and is looked for."""

        def work(connection: sa.Connection) -> None:
            holding.check_not_taken(connection)
            values = {
                "run": run,
                "contract": contract,
                "chunk": batch[0],
                "batch": batch[1],
                "is_failed": is_failed,
                "outcome": text_of(outcome),
            }
            upsert(connection, tables.contract, values, ("run", "contract"))
            connection.execute(_CLOSE, {"of_run": run, "of_contract": contract})

        self.database.change(work, is_lasting=False)

    def outcomes(self, run: str, *, is_failed: bool | None = None) -> Iterator[tuple[str, Facts]]:
        """Contracts of which something came, with what it was; a thousand at a time."""
        table, last = tables.contract, ""
        while True:
            query = sa.select(table.c.contract, table.c.outcome).where(
                table.c.run == run, table.c.contract > last
            )
            if is_failed is not None:
                query = query.where(table.c.is_failed == is_failed)
            some = self._thousand(query.order_by(table.c.contract))
            for row in some:
                yield row.contract, facts_of(row.outcome)
            if not some:
                return
            last = some[-1].contract

    def _thousand(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return self.database.do(lambda connection: connection.execute(query.limit(1000)).all())


_CLOSE: Final = sa.delete(tables.effect).where(
    tables.effect.c.run == sa.bindparam("of_run"), tables.effect.c.contract == sa.bindparam("of_contract")
)
