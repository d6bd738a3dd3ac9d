"""Columns are created, changed and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.emulator.problems import bad_request
from connector.emulator.protocol.address import Segment
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.customizing.answers import body, created, in_use, managed, use
from connector.emulator.protocol.customizing.column_definition import read_column
from connector.emulator.protocol.definitions import attribute_definition, metadata_id
from connector.emulator.protocol.keys import keys_of
from connector.emulator.protocol.messages import Response, empty_response
from connector.emulator.protocol.metadata_lookup import TABLES, find_member, find_table
from connector.emulator.schema import Own, Table
from connector.emulator.schema.own import ColumnOfTable, OwnColumn

_DUPLICATE_COLUMN = "0x80047013"
_DUPLICATE_PRIMARY = "0x8004701e"
_PRIMARY_NAME = "0x80047002"
_BASE_AMOUNT = "0x80048cfe"


def create_column(context: Context, first: Segment, _: Segment) -> Response:
    table = find_table(context.schema, first.args or "")
    content = body(context, f"the column of {table.logical_name}")
    if content.flag("IsPrimaryName"):
        raise bad_request(
            f"{table.logical_name} already has {table.primary_name} as the primary name attribute.",
            _DUPLICATE_PRIMARY,
        )
    own = read_column(content, context.schema)
    add_column(context, table, ColumnOfTable(table=table.logical_name, **_fields(own)))
    column = context.tx.schema[table.logical_name].by_name[own.name]
    id = metadata_id(table.logical_name, own.name)
    url = f"{context.request.root}/{TABLES}(LogicalName='{table.logical_name}')/Attributes({id})"
    return created(context, url, attribute_definition(table, column))


def add_column(context: Context, table: Table, own: ColumnOfTable) -> None:
    if table.has(own.name):
        message = f"Attribute {own.name} already exists for entity {table.logical_name}."
        raise bad_request(message, _DUPLICATE_COLUMN)
    use(context.tx, context.schema.own.with_more(Own(columns=(own,))))


def _fields(column: OwnColumn) -> dict[str, Any]:
    return {name: getattr(column, name) for name in OwnColumn.__struct_fields__}


def update_column(context: Context, first: Segment, second: Segment) -> Response:
    table, own, present = _own_column(context, first, second, "Update")
    content = body(context, f"the column {own.name}", present)
    is_lookup = own.type == "Lookup"
    changed = read_column(content, context.schema, own, is_lookup=is_lookup)
    use(context.tx, context.schema.own.with_column(table.logical_name, changed))
    return empty_response()


def delete_column(context: Context, first: Segment, second: Segment) -> Response:
    table, own, _ = _own_column(context, first, second, "Delete")
    if own.name == table.primary_name:
        raise bad_request(f"'{own.name}' is the primary name and cannot be deleted.", _PRIMARY_NAME)
    keys = [key.name for key in keys_of(context.tx, table) if own.name in key.columns]
    if keys:
        raise in_use("Attribute", own.name, len(keys), ", ".join(keys))
    use(context.tx, context.schema.own.without_column(table.logical_name, own.name))
    return empty_response()


def _own_column(
    context: Context, first: Segment, second: Segment, operation: str
) -> tuple[Table, OwnColumn, Mapping[str, Any]]:
    table = find_table(context.schema, first.args or "")
    present = find_member([attribute_definition(table, column) for column in table.columns], second)
    name = present["LogicalName"]
    own = context.schema.own.column(table.logical_name, name)
    if own is None and table.by_name[name].own:
        raise bad_request(f"'{name}' follows the amount that it belongs to.", _BASE_AMOUNT)
    if own is None:
        raise managed(operation, name, present["MetadataId"])
    return table, own, present
