"""`$select`, `$filter` and `$expand` over metadata, which is a list of dictionaries and never paged.

`MetadataId` is always returned. `$filter` knows eq, ne, in, and, or, not; enumeration members are written
with their type (`Microsoft.Dynamics.CRM.AttributeTypeCode'Picklist'`) or as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from odata_query import ast

from connector.emulator.problems import bad_request, not_implemented
from connector.emulator.protocol.address import Options, split_list
from connector.emulator.protocol.filter_text import parse_filter

Member: TypeAlias = dict[str, Any]
Wanted: TypeAlias = Callable[[Member], bool]
NAMESPACE = "Microsoft.Dynamics.CRM."
OF_CHOICES = frozenset({"OptionSet", "GlobalOptionSet"})
_ENUMERATION = re.compile(r"'(?:[^']|'')*'|Microsoft\.Dynamics\.CRM\.\w+(?=')")
# Members that only some columns have; asking for them on others is no mistake.
_OF_SOME = frozenset(
    {"MaxLength", "Precision", "MinValue", "MaxValue", "Format", "Targets", "DateTimeBehavior"}
    | {"FormatName", "DefaultValue", "DefaultFormValue", "PrecisionSource", "ImeMode"}
    | {"CascadeConfiguration", "AssociatedMenuConfiguration"}
    | {"ReferencedEntity", "ReferencingEntity", "ReferencedAttribute", "ReferencingAttribute"}
    | {"Entity1LogicalName", "Entity2LogicalName", "IntersectEntityName"}
)


def kept(members: list[Member], options: Options | dict[str, str]) -> list[Member]:
    """Those that `$filter` asks for."""
    text = options.get("$filter")
    if text is None:
        return members
    aliases = options.aliases if isinstance(options, Options) else {}
    wanted = condition(text, aliases)
    return [member for member in members if wanted(member)]


def condition(text: str, aliases: Any) -> Wanted:
    plain = _ENUMERATION.sub(lambda found: found.group() if found.group().startswith("'") else "", text)
    return _condition(parse_filter(plain, aliases))


def selected(member: Member, text: str | None, type_name: str) -> Member:
    """`$select`; a member that nobody knows is refused. Option sets come by `$expand` alone."""
    content = {name: value for name, value in member.items() if name not in OF_CHOICES}
    if text is None:
        return content
    names = split_list(text)
    for name in names:
        if name not in content and name not in _OF_SOME:
            raise bad_request(f"Could not find a property named '{name}' on type '{NAMESPACE}{type_name}'.")
    chosen = {"@odata.type", "MetadataId", *names}
    return {name: value for name, value in content.items() if name in chosen}


def expansions(text: str | None) -> list[tuple[str, dict[str, str]]]:
    """The items of `$expand`, each with its own options."""
    return [_expansion(item) for item in split_list(text or "")]


def _expansion(item: str) -> tuple[str, dict[str, str]]:
    name, opened, rest = item.partition("(")
    inner: dict[str, str] = {}
    for part in split_list(rest.removesuffix(")") if opened else "", ";"):
        option, _, value = part.partition("=")
        if option.strip() not in ("$select", "$filter", "$expand"):
            raise not_implemented(f"'{option.strip()}' in $expand of metadata")
        inner[option.strip()] = value
    return name.strip(), inner


def _condition(node: ast._Node) -> Wanted:
    match node:
        case ast.BoolOp(op=ast.Or(), left=left, right=right):
            one, other = _condition(left), _condition(right)
            return lambda member: one(member) or other(member)
        case ast.BoolOp(op=ast.And(), left=left, right=right):
            first, second = _condition(left), _condition(right)
            return lambda member: first(member) and second(member)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _condition(operand)
            return lambda member: not inner(member)
        case ast.Compare(comparator=ast.Eq(), left=left, right=value):
            return _equals(left, value)
        case ast.Compare(comparator=ast.NotEq(), left=left, right=value):
            equals = _equals(left, value)
            return lambda member: not equals(member)
        case ast.Compare(comparator=ast.In(), left=left, right=ast.List(val=values)):
            checks = [_equals(left, value) for value in values]
            return lambda member: any(check(member) for check in checks)
    raise not_implemented("this $filter on metadata: eq, ne, in, and, or, not are known")


def _equals(left: ast._Node, value: ast._Node) -> Wanted:
    path = _path(left)
    if not isinstance(value, ast.String | ast.Boolean | ast.Integer | ast.GUID | ast.Null):
        raise not_implemented(f"the comparison of {'/'.join(path)} with this value in metadata")
    wanted = str(value.val).lower() if isinstance(value, ast.GUID) else value.py_val
    return lambda member: bool(_value(member, path) == wanted)


def _path(node: ast._Node) -> tuple[str, ...]:
    """A member, or the value of a managed property (`IsCustomizable/Value`)."""
    if isinstance(node, ast.Identifier):
        return (node.name,)
    if isinstance(node, ast.Attribute):
        return (*_path(node.owner), node.attr)
    raise not_implemented("this $filter on metadata: a member is compared with a value")


def _value(member: Member, path: tuple[str, ...]) -> Any:
    found: Any = member
    for name in path:
        if not isinstance(found, dict) or (name not in found and name not in _OF_SOME):
            raise bad_request(f"Could not find a property named '{'/'.join(path)}' on the metadata.")
        found = found.get(name)
    return found
