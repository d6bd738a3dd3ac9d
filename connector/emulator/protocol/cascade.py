"""What happens to the rows that point at a deleted one.

A child whose lookup is SystemRequired goes with its parent; any other lookup is emptied. System
jobs and their logs keep pointing at what is gone: their relationships do not cascade.
The behaviour of each relationship is not among the published facts at hand, so this is inferred.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlalchemy import select

from connector.emulator.protocol.context import Context
from connector.emulator.schema import Kind, Schema, Table
from connector.emulator.store import target_column

_KEEPS = frozenset({"asyncoperation", "workflowlog"})
_BOOKKEEPING = frozenset(
    {"createdby", "createdonbehalfby", "modifiedby", "modifiedonbehalfby", "ownerid", "owningbusinessunit"}
    | {"owningteam", "owninguser", "organizationid"}
)


def release_references(context: Context, table: Table, id: str) -> Iterator[tuple[Table, str]]:
    """Empty the lookups that point at the row, and name the children that must go with it."""
    for child, column in _references(context.schema, table.logical_name):
        sql = context.tx.sql(child.logical_name)
        condition = sql.c[column] == id
        if child.by_name[column].is_polymorphic:
            condition = condition & (sql.c[target_column(column)] == table.logical_name)
        found = context.tx.execute(select(sql.c[child.primary_id]).where(condition)).scalars().all()
        for child_id in found:
            if child.by_name[column].required == "SystemRequired":
                yield child, child_id
            else:
                context.tx.update(child.logical_name, child_id, {column: None}, caller=context.caller)


@cache
def _references(schema: Schema, target: str) -> tuple[tuple[Table, str], ...]:
    return tuple(
        (child, column.name)
        for child in schema
        if child.logical_name not in _KEEPS
        for column in child.columns
        if column.kind is Kind.LOOKUP and target in column.targets and column.name not in _BOOKKEEPING
    )
