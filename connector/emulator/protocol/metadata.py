"""`EntityDefinitions`, `RelationshipDefinitions` and `GlobalOptionSetDefinitions`, as they are read.

Global choices are those of one's own: the published references do not say which columns share one.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.emulator.problems import bad_request, not_implemented, wrong_verb
from connector.emulator.protocol.address import Options, Segment
from connector.emulator.protocol.body import read_json
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.customizing.routes import change_metadata
from connector.emulator.protocol.definitions import (
    all_relationships,
    attribute_definition,
    cast_matches,
    entity_definition,
    key_definition,
    many_to_many_definitions,
    many_to_one_definitions,
    one_to_many_definitions,
    option_set_definition,
)
from connector.emulator.protocol.keys import define_key, keys_of, remove_key
from connector.emulator.protocol.messages import Response, empty_response, json_response
from connector.emulator.protocol.metadata_lookup import (
    OPTION_SETS,
    RELATIONSHIPS,
    TABLES,
    find_member,
    find_table,
)
from connector.emulator.protocol.metadata_query import (
    NAMESPACE,
    OF_CHOICES,
    Member,
    expansions,
    kept,
    selected,
)
from connector.emulator.schema import AlternateKey, Table

_PARTS: dict[str, Callable[[Context, Table], list[Member]]] = {
    "Attributes": lambda _, table: [attribute_definition(table, column) for column in table.columns],
    "Keys": lambda context, table: [key_definition(table, key) for key in keys_of(context.tx, table)],
    "ManyToOneRelationships": lambda context, table: many_to_one_definitions(table, context.schema),
    "OneToManyRelationships": lambda context, table: one_to_many_definitions(table, context.schema),
    "ManyToManyRelationships": lambda context, table: many_to_many_definitions(table, context.schema),
}


def is_metadata(segment: Segment) -> bool:
    return segment.name in (TABLES, RELATIONSHIPS, OPTION_SETS)


def answer_metadata(context: Context, segments: list[Segment], options: Options) -> Response:
    first, *rest = segments
    is_key = first.args is not None and len(rest) == 1 and rest[0].name == "Keys"
    if context.request.method not in ("GET", "HEAD"):
        if is_key and first.name == TABLES:
            return _change_keys(context, find_table(context.schema, first.args or ""), rest[0], options)
        return change_metadata(context, segments, options)
    if first.name == RELATIONSHIPS:
        members = all_relationships(context.schema)
        return _answer_members(members, context.context_url(RELATIONSHIPS), first, rest, options)
    if first.name == OPTION_SETS:
        members = [option_set_definition(one) for one in context.schema.own.option_sets]
        return _answer_members(members, context.context_url(OPTION_SETS), first, rest, options)
    if first.args is None:
        if rest:
            raise bad_request(f"'{rest[0].name}' cannot stand behind {TABLES}.")
        return _list_tables(context, options)
    table = find_table(context.schema, first.args)
    if rest:
        return _answer_part(context, table, rest, options)
    options.only("$select", "$expand")
    content = _table_content(context, table, options)
    return json_response(200, {"@odata.context": context.context_url(f"{TABLES}/$entity"), **content})


def _list_tables(context: Context, options: Options) -> Response:
    options.only("$select", "$expand", "$filter")
    wanted = {
        member["LogicalName"] for member in kept([entity_definition(t) for t in context.schema], options)
    }
    tables = [table for table in context.schema if table.logical_name in wanted]
    content = {"@odata.context": context.context_url(TABLES)}
    return json_response(200, {**content, "value": [_table_content(context, t, options) for t in tables]})


def _table_content(context: Context, table: Table, options: Options) -> Member:
    select = options.get("$select")
    definition = entity_definition(table)
    if select is None or "Privileges" in select:
        definition["Privileges"] = context.registry.privileges_of(table.logical_name, context.schema)
    content = selected(definition, select, "EntityMetadata")
    for name, inner in expansions(options.get("$expand")):
        if name not in _PARTS:
            raise not_implemented(f"'{name}' in $expand of {TABLES}")
        if "$expand" in inner:
            raise not_implemented(f"$expand inside of '{name}'")
        members = kept(_PARTS[name](context, table), inner)
        content[name] = [selected(member, inner.get("$select"), name) for member in members]
    return content


def _answer_part(context: Context, table: Table, rest: list[Segment], options: Options) -> Response:
    first, *further = rest
    if first.name not in _PARTS:
        raise not_implemented(f"'{first.name}' of {TABLES}")
    url = context.context_url(f"{TABLES}('{table.logical_name}')/{first.name}")
    return _answer_members(_PARTS[first.name](context, table), url, first, further, options)


def _answer_members(
    members: list[Member], url: str, segment: Segment, further: list[Segment], options: Options
) -> Response:
    """A list, one of it by its key, or those of one type when a cast follows."""
    options.only("$select", "$filter", "$expand")
    cast = None
    if further:
        if len(further) > 1 or not further[0].name.startswith(NAMESPACE):
            raise not_implemented(f"'{further[-1].name}' behind {segment.name}")
        cast = further[0].name.removeprefix(NAMESPACE)
        members = [member for member in members if cast_matches(member, cast)]
    if segment.args is not None:
        member = find_member(members, segment)
        return json_response(200, {"@odata.context": f"{url}/$entity", **_content(member, options, cast)})
    rows = [_content(member, options, cast) for member in kept(members, options)]
    return json_response(200, {"@odata.context": url, "value": rows})


def _content(member: Member, options: Options, cast: str | None) -> Member:
    content = selected(member, options.get("$select"), "AttributeMetadata")
    for name, inner in expansions(options.get("$expand")):
        if name not in OF_CHOICES or cast is None:
            raise not_implemented(f"'{name}' in $expand of a column without a cast to its type")
        if name in member:
            options_of = member[name]
            content[name] = options_of and selected(options_of, inner.get("$select"), "OptionSetMetadata")
    return content


def _change_keys(context: Context, table: Table, segment: Segment, options: Options) -> Response:
    """POST defines a key, which is active at once; DELETE of one removes it."""
    options.only()
    right = "Delete" if context.request.method == "DELETE" else "Create"
    context.registry.check_customizing(context.tx, context.caller, right, "EntityKey")
    if context.request.method == "DELETE" and segment.args is not None:
        member = find_member(_PARTS["Keys"](context, table), segment)
        remove_key(context.tx, table, _key_named(context, table, member["SchemaName"]))
        return empty_response()
    if context.request.method != "POST" or segment.args is not None:
        raise wrong_verb(context.request.method, "alternate keys")
    content = read_json(context.request.body)
    key = define_key(context.tx, table, content.get("SchemaName"), content.get("KeyAttributes"))
    id = key_definition(table, key)["MetadataId"]
    url = f"{context.request.root}/{TABLES}(LogicalName='{table.logical_name}')/Keys({id})"
    return empty_response({"OData-EntityId": url})


def _key_named(context: Context, table: Table, name: str) -> AlternateKey:
    return next(key for key in keys_of(context.tx, table) if key.name == name)
