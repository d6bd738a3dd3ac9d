"""The platform's own query functions, `Microsoft.Dynamics.CRM.…`, as `$filter` writes them.

Arguments are named (`PropertyName`, `PropertyValue`, `PropertyValues`, and `PropertyValue1`,
`PropertyValue2` of the fiscal ones); what the functions mean stands in `named_conditions`.
"""

from __future__ import annotations

from odata_query import ast

from connector.emulator.problems import bad_request

CRM_NAMESPACE = ("Microsoft", "Dynamics", "CRM")
_VALUES = ("PropertyValues", "PropertyValue", "PropertyValue1", "PropertyValue2")


def full_name(node: ast.Call) -> str:
    return ".".join((*node.func.namespace, node.func.name))


def crm_arguments(node: ast.Call) -> tuple[ast._Node, list[str]]:
    """The path of the column and the values of a call, as text."""
    name = node.func.name
    found: dict[str, ast._Node] = {}
    for argument in node.args:
        if not isinstance(argument, ast.NamedParam):
            raise bad_request(f"{name} wants named parameters.")
        if argument.name.name in found:
            raise bad_request(f"{name} has {argument.name.name} twice.")
        found[argument.name.name] = argument.param
    unknown = sorted(set(found) - {"PropertyName", *_VALUES})
    if unknown:
        raise bad_request(f"{name} wants PropertyName and its value or values, no {', '.join(unknown)}.")
    values: list[str] = []
    for key in _VALUES:
        given = found.get(key)
        items = given.val if isinstance(given, ast.List) else [given] if given is not None else []
        values += [_text(item, name) for item in items]
    return _property(found.get("PropertyName"), name), values


def _property(given: ast._Node | None, name: str) -> ast._Node:
    if not isinstance(given, ast.String) or not given.val:
        raise bad_request(f"{name} wants PropertyName, the name of a column in quotes.")
    first, *rest = given.val.split("/")
    node: ast._Node = ast.Identifier(first)
    for part in rest:
        node = ast.Attribute(node, part)
    return node


def _text(item: ast._Node, name: str) -> str:
    value = getattr(item, "val", None)
    if not isinstance(value, str):
        raise bad_request(f"{name} has a value that is neither text nor a number.")
    return value
