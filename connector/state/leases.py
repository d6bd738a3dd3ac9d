"""Leases among our own workers: who may write just now, checked in the same breath as the note of a write.

A lease has an owner, a token and an end. The token grows when the owner changes or comes back, so whoever
slept through that finds a newer one and stops. An end in the past only means that others may take it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from connector.errors import Superseded
from connector.state.database import SERVER_CLOCK, Database, insert_once
from connector.state.tables import lease as table

LEASE_S = 60.0
"""How long a lease lasts without being renewed."""


@dataclass(frozen=True)
class Lease:
    name: str
    owner: str
    token: int


@dataclass(frozen=True)
class Holder:
    """Who has a lease; `is_stale` once it has ended without being renewed."""

    name: str
    owner: str
    until: float
    is_stale: bool


@dataclass(frozen=True)
class Holding:
    """Leases under which something is written, as a part of the transaction that notes it."""

    leases: Leases
    held: tuple[Lease, ...]

    def check(self, connection: sa.Connection) -> float:
        """Before a write: returns the instant, by the database's clock. Raises Superseded."""
        return self.leases.check(connection, self.held)

    def check_not_taken(self, connection: sa.Connection) -> None:
        """After a write: what came of it may still be noted while nobody else has them. Raises Superseded."""
        self.leases.check_not_taken(connection, self.held)


@dataclass(frozen=True)
class Leases:
    database: Database
    duration_s: float = LEASE_S

    def take(self, name: str, owner: str, *, is_shared: bool = False) -> Lease | Holder:
        """The lease, where it is free, has ended, or is the owner's own; else who holds it.

        Whoever takes what is his own gets a new token, so that another self of his that still lives has
        lost it; `is_shared` leaves the token as it is: those who work on one thing hold it together.
        """

        def work(connection: sa.Connection) -> Lease | Holder:
            now = self.database.now(connection)
            insert_once(connection, table, {"name": name, "owner": "", "token": 0, "until": 0.0})
            found = connection.execute(sa.select(table).where(table.c.name == name).with_for_update()).one()
            is_own = found.owner == owner
            if found.owner and not is_own and found.until > now:
                return Holder(name, found.owner, found.until, is_stale=False)
            token = found.token if is_own and is_shared else found.token + 1
            values = {"owner": owner, "token": token, "until": now + self.duration_s}
            connection.execute(sa.update(table).where(table.c.name == name).values(**values))
            return Lease(name, owner, token)

        return self.database.do(work)

    def renew(self, held: Iterable[Lease]) -> tuple[Lease, ...]:
        """Renew what is held; returns what was lost."""
        leases = sorted(held, key=_name)

        def work(connection: sa.Connection) -> tuple[Lease, ...]:
            return tuple(one for one in leases if not self._renewed(connection, one))

        return self.database.do(work)

    def check(self, connection: sa.Connection, held: Iterable[Lease]) -> float:
        """As a part of a transaction that goes before a write: they are held, and nobody takes one until it
        ends; where less than half of their time is left they are renewed. Returns the instant, by the
        database's clock. Raises Superseded."""
        leases = tuple(held)
        now, found = self._found(connection, leases)
        for one in leases:
            row = found.get(one.name)
            if row is None or (row.owner, row.token) != (one.owner, one.token):
                raise Superseded(
                    f"Another worker has taken over {one.name}: nothing more is written here.",
                    "See projops runs list.",
                )
        if any(row.until < now + self.duration_s / 2 for row in found.values()):
            for one in sorted(leases, key=_name):
                self._renewed(connection, one)
        return now

    def check_not_taken(self, connection: sa.Connection, held: Iterable[Lease]) -> None:
        """Raises Superseded when somebody else has one of them now; let go of or revoked is not taken."""
        leases = tuple(held)
        _, found = self._found(connection, leases)
        for one in leases:
            row = found.get(one.name)
            if row is not None and row.owner and (row.owner, row.token) != (one.owner, one.token):
                raise Superseded(
                    f"Another worker has taken over {one.name}: it finds out what came of the last write.",
                    "See projops runs list.",
                )

    def _found(
        self, connection: sa.Connection, leases: Sequence[Lease]
    ) -> tuple[float, dict[str, sa.Row[Any]]]:
        """The instant, and how those leases stand; nobody takes one of them before the transaction ends."""
        names = {"names": [one.name for one in leases]}
        if self.database.address.path is not None:
            return self.database.now(connection), _by_name(connection.execute(_STANDING, names))
        rows = _by_name(connection.execute(_STANDING_AT, names))
        now = next((float(row.now) for row in rows.values()), None)
        return self.database.now(connection) if now is None else now, rows

    def release(self, held: Iterable[Lease]) -> None:
        """Let go of what is still held."""
        leases = tuple(held)

        def work(connection: sa.Connection) -> None:
            for one in leases:
                connection.execute(sa.update(table).where(_is(one)).values(owner="", until=0.0))

        self.database.do(work)

    def revoke(self, prefix: str) -> None:
        """Take leases from whoever holds them: his next write is refused."""

        def work(connection: sa.Connection) -> None:
            connection.execute(
                sa.update(table)
                .where(table.c.name.startswith(prefix, autoescape=True))
                .values(owner="", until=0.0, token=table.c.token + 1)
            )

        self.database.do(work)

    def holders(self, prefix: str) -> list[Holder]:
        """Whoever holds a lease whose name begins so, the stale ones too."""

        def work(connection: sa.Connection) -> list[Holder]:
            now = self.database.now(connection)
            rows = connection.execute(
                sa.select(table)
                .where(table.c.name.startswith(prefix, autoescape=True), table.c.owner != "")
                .order_by(table.c.name)
            )
            return [Holder(row.name, row.owner, row.until, row.until <= now) for row in rows]

        return self.database.do(work)

    def _renewed(self, connection: sa.Connection, one: Lease) -> bool:
        until = self.database.now(connection) + self.duration_s
        return connection.execute(sa.update(table).where(_is(one)).values(until=until)).rowcount == 1


_STANDING: Final = (
    sa.select(table)
    .where(table.c.name.in_(sa.bindparam("names", expanding=True)))
    .order_by(table.c.name)
    .with_for_update(read=True)
)
_STANDING_AT: Final = _STANDING.add_columns(SERVER_CLOCK.label("now"))
"""Made once: each write asks it. Rows are locked in one order, here and where they are renewed."""


def _by_name(rows: Iterable[sa.Row[Any]]) -> dict[str, sa.Row[Any]]:
    return {row.name: row for row in rows}


def _name(one: Lease) -> str:
    return one.name


def _is(one: Lease) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.name == one.name, table.c.owner == one.owner, table.c.token == one.token)
