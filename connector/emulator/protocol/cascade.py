"""What happens to the rows that point at a deleted one.

A child whose lookup is SystemRequired goes with its parent; any other lookup is emptied. System
jobs and their logs keep pointing at what is gone: their relationships do not cascade.
The behaviour of each relationship is not among the published facts at hand, so this is inferred; a
relationship of one's own does what its CascadeConfiguration says of Delete and Assign.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import select

from connector.emulator.problems import ODataError
from connector.emulator.protocol.context import Context
from connector.emulator.schema import Kind, Schema, Table
from connector.emulator.store import Value, target_column

_ASSOCIATED = "0x80040227"
_KEEPS = frozenset({"asyncoperation", "workflowlog"})
_BOOKKEEPING = frozenset(
    {"createdby", "createdonbehalfby", "modifiedby", "modifiedonbehalfby", "ownerid", "owningbusinessunit"}
    | {"owningteam", "owninguser", "organizationid"}
)


def release_references(context: Context, table: Table, id: str) -> Iterator[tuple[Table, str]]:
    """Empty the lookups that point at the row, and name the children that must go with it.

    Refuses with 405 where a relationship restricts deletion and has rows.
    """
    for child, column, cascade in _references(context.schema, table.logical_name):
        found = _children(context, child, column, table, id)
        if found and cascade.get("Delete") == "Restrict":
            raise ODataError(
                405, _ASSOCIATED, f"Rows of {child.logical_name} point at {id} of {table.logical_name}."
            )
        for child_id in found:
            if child.by_name[column].required == "SystemRequired" or cascade.get("Delete") == "Cascade":
                yield child, child_id
            else:
                context.tx.update(child.logical_name, child_id, {column: None}, caller=context.caller)


def assign_children(context: Context, table: Table, id: str, owner: dict[str, Value]) -> None:
    """Give the rows below to the new owner, as far as their relationships say so."""
    for child, column, cascade in _references(context.schema, table.logical_name):
        if cascade.get("Assign") != "Cascade" or not child.has("ownerid"):
            continue
        for child_id in _children(context, child, column, table, id):
            row = context.tx.get(child.logical_name, child_id) or {}
            if row.get("ownerid") != owner["ownerid"]:
                context.tx.update(child.logical_name, child_id, owner, caller=context.caller)
                assign_children(context, child, child_id, owner)


def _children(context: Context, child: Table, column: str, table: Table, id: str) -> Sequence[str]:
    sql = context.tx.sql(child.logical_name)
    condition = sql.c[column] == id
    if child.by_name[column].is_polymorphic:
        condition = condition & (sql.c[target_column(column)] == table.logical_name)
    return context.tx.execute(select(sql.c[child.primary_id]).where(condition)).scalars().all()


@lru_cache(maxsize=16)
def _references(schema: Schema, target: str) -> tuple[tuple[Table, str, Mapping[str, str]], ...]:
    return tuple(
        (child, column.name, _cascade(child, column.name))
        for child in schema
        if child.logical_name not in _KEEPS
        for column in child.columns
        if column.kind is Kind.LOOKUP and target in column.targets and column.name not in _BOOKKEEPING
    )


def _cascade(child: Table, column: str) -> Mapping[str, str]:
    return next((link.cascade for link in child.many_to_one if link.own and link.column == column), {})
