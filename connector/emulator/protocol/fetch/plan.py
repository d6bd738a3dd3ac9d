"""A FetchXML query resolved against the tables: joins, columns with their names in the answer, conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_
from sqlalchemy.sql.expression import FromClause

from connector.emulator.problems import ODataError, bad_request, not_implemented
from connector.emulator.protocol.fetch.operators import combined, condition_of
from connector.emulator.protocol.fetch.xml import (
    Entity,
    FetchCondition,
    FetchOrder,
    Filter,
    Link,
    fetch_error,
)
from connector.emulator.protocol.named_conditions import Asked
from connector.emulator.protocol.ordering import Term
from connector.emulator.protocol.source import Source
from connector.emulator.schema import Column, Kind, Table
from connector.emulator.store import Transaction


@dataclass(frozen=True)
class Joined:
    """A table of the query under its alias; the root has none."""

    alias: str | None
    entity: Entity
    table: Table
    sql: FromClause

    def column(self, name: str) -> Column:
        column = self.table.by_name.get(name)
        if column is None or not column.read:
            message = (
                f"'{self.table.schema_name}' entity doesn't contain attribute with Name = '{name[:100]}'."
            )
            raise bad_request(message, "0x80041103")
        if column.kind is Kind.FILE:
            raise not_implemented(f"the file or image column '{name}' in FetchXML")
        return column

    def asked(self, name: str, tx: Transaction, caller: str) -> Asked:
        column = self.column(name)
        return Asked("", self.sql.c[column.name], column, tx, caller)


class Plan:
    """`source` is what is selected from, `joined` its tables from the root on, `conditions` the filters."""

    def __init__(self, tx: Transaction, table: Table, entity: Entity, caller: str) -> None:
        if entity.name != table.logical_name:
            raise fetch_error(f"it asks for '{entity.name[:100]}', the address for '{table.logical_name}'.")
        self.source = Source(tx, table, caller)
        root = Joined(None, entity, table, self.source.alias)
        self.root = root
        self.joined: list[Joined] = [root]
        self.conditions: list[ColumnElement[bool]] = []
        for link in entity.links:
            self._join(root, link)
        self.conditions += [self._filter(root, each) for each in entity.filters]

    def _join(self, outside: Joined, link: Link) -> None:
        table = self.source.tx.schema.get(link.entity.name)
        if table is None:
            message = f"The entity with a name = '{link.entity.name[:100]}' was not found."
            raise ODataError(404, "0x80041102", message)
        self.source.tx.check_read(table.logical_name)
        alias = link.alias or f"{link.entity.name}{len(self.joined)}"
        if any(each.alias == alias for each in self.joined):
            raise fetch_error(f"the alias '{alias[:100]}' stands there twice.")
        sql = self.source.again(table)
        inside = Joined(alias, link.entity, table, sql)
        self.joined.append(inside)
        source, target = inside.column(link.source), outside.column(link.target)
        condition = sql.c[source.name] == outside.sql.c[target.name]
        own = [self._filter(inside, each) for each in link.entity.filters]
        condition = and_(condition, *own)
        self.source.from_clause = self.source.from_clause.join(sql, condition, isouter=link.is_outer)
        for further in link.entity.links:
            self._join(inside, further)

    def _filter(self, where: Joined, filter_: Filter) -> ColumnElement[bool]:
        terms = [self._condition(where, each) for each in filter_.conditions]
        terms += [self._filter(where, each) for each in filter_.filters]
        return combined(filter_, terms)

    def _condition(self, where: Joined, condition: FetchCondition) -> ColumnElement[bool]:
        tx, caller = self.source.tx, self.source.caller
        place = where if condition.entity is None else self.by_alias(condition.entity)
        asked = place.asked(condition.attribute, tx, caller)
        other = None
        if condition.other_column is not None:
            alias, dot, name = condition.other_column.rpartition(".")
            other = (self.by_alias(alias) if dot else where).asked(name, tx, caller)
        return condition_of(condition, asked, other)

    def by_alias(self, alias: str) -> Joined:
        for each in self.joined:
            if each.alias == alias or (each.alias is not None and each.entity.name == alias):
                return each
        raise fetch_error(f"no linked table has the alias '{alias[:100]}'.")

    def terms(self) -> tuple[list[Term], bool]:
        """The order of rows, ended by the keys of all tables; and whether a link's column takes part."""
        found: list[Term] = []
        by_link = False
        for joined in self.joined:
            for order in joined.entity.orders:
                place = self._ordered(joined, order)
                by_link = by_link or place.alias is not None
                column = place.column(str(order.attribute))
                found.append(Term(place.sql.c[column.name], order.is_descending))
        return [*found, *(Term(each.sql.c[each.table.primary_id]) for each in self.joined)], by_link

    def _ordered(self, joined: Joined, order: FetchOrder) -> Joined:
        if order.attribute is None:
            raise fetch_error("an order by alias belongs to an aggregation.")
        return joined if order.entity is None else self.by_alias(order.entity)


def selected_attributes(joined: Joined) -> Iterable[tuple[str, Column]]:
    """Names in the answer, and columns: of the root all when none is named, of a link then none."""
    entity, prefix = joined.entity, "" if joined.alias is None else f"{joined.alias}."
    wanted: dict[str, Column] = {}
    if entity.has_all_attributes or (joined.alias is None and not entity.attributes):
        for column in joined.table.by_property.values():
            wanted[_name(prefix, column)] = column
    for attribute in entity.attributes:
        column = joined.column(attribute.name)
        wanted[attribute.alias or _name(prefix, column)] = column
    return wanted.items()


def _name(prefix: str, column: Column) -> str:
    """A lookup of the root has the name of its property, one of a link its logical name."""
    return f"{prefix}{column.name}" if prefix else column.property_name
