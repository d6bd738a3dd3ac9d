"""Tables are created, changed and deleted."""

from __future__ import annotations

from msgspec.structs import replace

from connector.emulator.problems import DUPLICATE_NAME, bad_request
from connector.emulator.protocol.address import Segment
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.customizing.answers import body, created, managed, use
from connector.emulator.protocol.customizing.content import Content
from connector.emulator.protocol.customizing.table_definition import change_table, read_table
from connector.emulator.protocol.definitions import entity_definition, metadata_id
from connector.emulator.protocol.messages import Response, empty_response
from connector.emulator.protocol.metadata_lookup import TABLES, find_table
from connector.emulator.registry import Call, Registry
from connector.emulator.schema import Own, Table
from connector.emulator.store import Transaction

_MOST_ENTITIES = 50


def create_entities(registry: Registry, tx: Transaction, call: Call) -> None:
    """The action CreateEntities: several tables at once, in the words of ComplexEntityMetadata.

    What it returns is not among the published facts at hand: nothing, here.
    """
    registry.check_customizing(tx, call.caller, "Create", "Entity")
    if set(call.body) != {"Entities"} or not isinstance(call.body["Entities"], list):
        raise bad_request("CreateEntities wants Entities, a list of definitions, and nothing else.")
    if not 0 < len(call.body["Entities"]) <= _MOST_ENTITIES:
        raise bad_request(f"CreateEntities takes one to {_MOST_ENTITIES} definitions.")
    for given in call.body["Entities"]:
        _add_table(tx, Content(given, "the table"))


def create_table(context: Context, _: Segment) -> Response:
    table = _add_table(context.tx, body(context, "the table"))
    url = f"{context.request.root}/{TABLES}({metadata_id(table.logical_name)})"
    return created(context, url, entity_definition(table))


def _add_table(tx: Transaction, content: Content) -> Table:
    own = read_table(content, tx.schema)
    if own.logical_name in tx.schema:
        raise bad_request(f"An object with the name '{own.logical_name}' exists already.", DUPLICATE_NAME)
    use(tx, tx.schema.own.with_more(Own(tables=(own,))))
    return tx.schema[own.logical_name]


def update_table(context: Context, first: Segment) -> Response:
    table = _own_table(context, first, "Update")
    before = next(t for t in context.schema.own.tables if t.logical_name == table.logical_name)
    present = entity_definition(table)
    present["Privileges"] = context.registry.privileges_of(table.logical_name, context.schema)
    changed = change_table(body(context, "the table", present), before)
    own = context.schema.own
    tables = tuple(changed if one is before else one for one in own.tables)
    use(context.tx, replace(own, tables=tables))
    return empty_response()


def delete_table(context: Context, first: Segment) -> Response:
    table = _own_table(context, first, "Delete")
    if table.primary_name is None:
        raise managed("Delete", table.logical_name, metadata_id(table.logical_name))
    use(context.tx, context.schema.own.without_table(table.logical_name))
    return empty_response()


def _own_table(context: Context, segment: Segment, operation: str) -> Table:
    table = find_table(context.schema, segment.args or "")
    if not table.own:
        raise managed(operation, table.logical_name, metadata_id(table.logical_name))
    return table
