"""`EntityDefinitions`: tables, columns, keys and relationships as clients ask for them.

Never paged; `MetadataId` is always returned. `$filter` knows eq, ne, in, and, or. What else the
metadata API can do is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from odata_query import ast

from connector.emulator.problems import ODataError, bad_request, not_implemented
from connector.emulator.protocol.address import Options, Segment, split_list
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.definitions import (
    attribute_definition,
    cast_matches,
    entity_definition,
    many_to_many_definitions,
    many_to_one_definitions,
    one_to_many_definitions,
)
from connector.emulator.protocol.filter_text import parse_filter
from connector.emulator.protocol.messages import Response, json_response
from connector.emulator.schema import Table

_ROOT = "EntityDefinitions"
_CAST = "Microsoft.Dynamics.CRM."
_Members = list[dict[str, Any]]
_PARTS: dict[str, Callable[[Table, Context], _Members]] = {
    "Attributes": lambda table, _: [attribute_definition(table, c) for c in table.columns],
    "Keys": lambda *_: [],
    "ManyToOneRelationships": lambda table, context: many_to_one_definitions(table, context.schema),
    "OneToManyRelationships": lambda table, context: one_to_many_definitions(table, context.schema),
    "ManyToManyRelationships": lambda table, context: many_to_many_definitions(table, context.schema),
}


def is_metadata(segment: Segment) -> bool:
    return segment.name in (_ROOT, "GlobalOptionSetDefinitions", "RelationshipDefinitions")


def answer_metadata(context: Context, segments: list[Segment], options: Options) -> Response:
    first, *rest = segments
    if first.name != _ROOT:
        raise not_implemented(first.name)
    if context.request.method != "GET":
        raise not_implemented("changing metadata through the Web API")
    if first.args is None:
        if rest:
            raise bad_request(f"'{rest[0].name}' cannot stand behind {_ROOT}.")
        return _list_tables(context, options)
    table = _table(context, first.args)
    if not rest:
        options.only("$select", "$expand")
        content = _table_content(context, table, options)
        url = context.context_url(f"{_ROOT}/$entity")
        return json_response(200, {"@odata.context": url, **content})
    return _answer_part(context, table, rest, options)


def _list_tables(context: Context, options: Options) -> Response:
    options.only("$select", "$expand", "$filter")
    tables = list(context.schema)
    text = options.get("$filter")
    if text is not None:
        wanted = _filter(parse_filter(text, options.aliases))
        tables = [t for t in tables if wanted(entity_definition(t))]
    content = {"@odata.context": context.context_url(_ROOT)}
    return json_response(200, {**content, "value": [_table_content(context, t, options) for t in tables]})


def _table(context: Context, args: str) -> Table:
    name, _, value = args.partition("=")
    text = value.strip()
    if name.strip() == "LogicalName" and len(text) > 1 and text[0] == text[-1] == "'":
        table = context.schema.get(text[1:-1])
    else:
        wanted = args.strip().lower()
        table = next((t for t in context.schema if entity_definition(t)["MetadataId"] == wanted), None)
    if table is None:
        raise ODataError(404, "0x80060888", f"Could not find an entity with {args}.")
    return table


def _table_content(context: Context, table: Table, options: Options) -> dict[str, Any]:
    content = select_members(entity_definition(table), options.get("$select"), "EntityMetadata")
    for item in split_list(options.get("$expand") or ""):
        name, inner = _expand_item(item)
        if name not in _PARTS:
            raise not_implemented(f"'{name}' in $expand of {_ROOT}")
        members = _PARTS[name](table, context)
        content[name] = [select_members(m, inner.get("$select"), name) for m in _kept(members, inner)]
    return content


def _expand_item(item: str) -> tuple[str, dict[str, str]]:
    name, opened, rest = item.partition("(")
    inner: dict[str, str] = {}
    for part in split_list(rest.removesuffix(")") if opened else "", ";"):
        option, _, value = part.partition("=")
        if option.strip() not in ("$select", "$filter"):
            raise not_implemented(f"'{option.strip()}' in $expand of {_ROOT}")
        inner[option.strip()] = value
    return name.strip(), inner


def _kept(members: _Members, options: Any) -> _Members:
    text = options.get("$filter")
    if text is None:
        return members
    wanted = _filter(parse_filter(text, {}))
    return [m for m in members if wanted(m)]


def _answer_part(context: Context, table: Table, rest: list[Segment], options: Options) -> Response:
    first, *further = rest
    options.only("$select", "$filter", "$expand")
    if first.name not in _PARTS:
        raise not_implemented(f"'{first.name}' of {_ROOT}")
    members = _PARTS[first.name](table, context)
    url = context.context_url(f"{_ROOT}('{table.logical_name}')/{first.name}")
    cast = next((s.name.removeprefix(_CAST) for s in further if s.name.startswith(_CAST)), None)
    if len(further) > (0 if cast is None else 1):
        raise not_implemented(f"'{further[-1].name}' behind {first.name}")
    if cast is not None:
        members = [m for m in members if cast_matches(m, cast)]
    if first.args is not None:
        name = first.args.partition("=")[2].strip().strip("'")
        members = [m for m in members if m.get("LogicalName") == name]
        if not members:
            raise ODataError(404, "0x80060888", f"Could not find {first.args} in {table.logical_name}.")
        return json_response(200, {"@odata.context": f"{url}/$entity", **_member(members[0], options, cast)})
    kept = _kept(members, options)
    return json_response(200, {"@odata.context": url, "value": [_member(m, options, cast) for m in kept]})


def _member(member: dict[str, Any], options: Options, cast: str | None) -> dict[str, Any]:
    expanded = split_list(options.get("$expand") or "")
    sets = {"OptionSet", "GlobalOptionSet"}
    for item in expanded:
        if _expand_item(item)[0] not in sets or cast is None:
            raise not_implemented(f"'{item}' in $expand of a column without a cast to its type")
    content = {k: v for k, v in member.items() if k not in sets}
    content = select_members(content, options.get("$select"), "AttributeMetadata")
    wanted = {_expand_item(item)[0] for item in expanded}
    return content | {k: v for k, v in member.items() if k in wanted}


def select_members(content: dict[str, Any], text: str | None, type_name: str) -> dict[str, Any]:
    """`$select`; MetadataId always stays, a member that nobody knows is refused."""
    content = {k: v for k, v in content.items() if k not in ("OptionSet", "GlobalOptionSet")}
    if text is None:
        return content
    names = split_list(text)
    for name in names:
        if name not in content and name not in _KNOWN:
            raise bad_request(f"Could not find a property named '{name}' on type '{_CAST}{type_name}'.")
    kept = {"@odata.type", "MetadataId", *names}
    return {k: v for k, v in content.items() if k in kept}


# Members that only some columns have; asking for them on others is no mistake.
_KNOWN = frozenset(
    {"MaxLength", "Precision", "MinValue", "MaxValue", "Format", "Targets", "DateTimeBehavior"}
)


def _filter(node: ast._Node) -> Callable[[dict[str, Any]], bool]:
    match node:
        case ast.BoolOp(op=ast.Or(), left=left, right=right):
            one, other = _filter(left), _filter(right)
            return lambda member: one(member) or other(member)
        case ast.BoolOp(op=ast.And(), left=left, right=right):
            first, second = _filter(left), _filter(right)
            return lambda member: first(member) and second(member)
        case ast.Compare(comparator=ast.Eq(), left=ast.Identifier(name=name), right=value):
            return _equals(name, value)
        case ast.Compare(comparator=ast.NotEq(), left=ast.Identifier(name=name), right=value):
            equals = _equals(name, value)
            return lambda member: not equals(member)
        case ast.Compare(comparator=ast.In(), left=ast.Identifier(name=name), right=ast.List(val=values)):
            checks = [_equals(name, value) for value in values]
            return lambda member: any(check(member) for check in checks)
    raise not_implemented("this $filter on metadata: eq, ne, in, and, or are known")


def _equals(name: str, value: ast._Node) -> Callable[[dict[str, Any]], bool]:
    if not isinstance(value, ast.String | ast.Boolean | ast.Integer):
        raise not_implemented(f"the comparison of {name} with this value in metadata")
    wanted = value.py_val

    def check(member: dict[str, Any]) -> bool:
        if name not in member:
            raise bad_request(f"Could not find a property named '{name}' on the metadata.")
        return bool(member[name] == wanted)

    return check
