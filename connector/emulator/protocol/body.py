"""Reading the JSON body of a write: columns, lookups (`@odata.bind`), nested rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connector.emulator.problems import (
    INVALID_ARGUMENT,
    bad_request,
    not_implemented,
    payload_error,
    row_not_found,
    unknown_segment,
)
from connector.emulator.protocol.address import parse_key, parse_path
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.convert import column_value
from connector.emulator.protocol.keys import RowKey, read_key
from connector.emulator.registry import Reference
from connector.emulator.schema import Kind, OneToMany, Single, Table
from connector.emulator.store import Value, target_column

BIND = "@odata.bind"


@dataclass
class Payload:
    """`values` are columns ready to store; `parents` and `children` are rows to create beside it."""

    values: dict[str, Value] = field(default_factory=dict)
    parents: list[tuple[Single, dict[str, Any]]] = field(default_factory=list)
    children: list[tuple[OneToMany, list[dict[str, Any]]]] = field(default_factory=list)
    members: list[tuple[OneToMany, list[Reference]]] = field(default_factory=list)


def read_json(body: bytes) -> dict[str, Any]:
    """A JSON object with exact decimals; a refusal with the payload code otherwise."""
    try:
        content = json.loads(
            body.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_each_once,
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise payload_error(f"the body is not JSON ({str(error)[:100]}).") from None
    if not isinstance(content, dict):
        raise payload_error("the body is not a JSON object.")
    return content


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' stands there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def read_payload(context: Context, table: Table, content: dict[str, Any], *, creating: bool) -> Payload:
    """Check every member against metadata; unknown, read-only and ill-typed ones are refused."""
    payload = Payload()
    for name, given in content.items():
        if name.endswith(BIND):
            _bind(context, table, payload, name.removesuffix(BIND), given, creating)
        elif "@" in name:
            continue  # any other annotation says nothing that is stored
        elif name in table.by_property or name in table.by_name:
            _column(table, payload, name, given, creating)
        elif name in table.singles:
            _nested_single(table, payload, name, given, creating)
        elif name in table.collections:
            _nested_collection(table, payload, name, given, creating)
        else:
            type_name = f"Microsoft.Dynamics.CRM.{table.logical_name}"
            raise bad_request(f"Invalid property '{name}' was found in entity '{type_name}'.")
    return payload


def _column(table: Table, payload: Payload, name: str, given: Any, creating: bool) -> None:
    column = table.by_property.get(name) or table.by_name[name]
    if column.kind is Kind.LOOKUP:
        if name in table.singles:
            return _nested_single(table, payload, name, given, creating)
        raise payload_error(
            f"'{name}' cannot be written directly; bind its navigation property with '{BIND}' instead."
        )
    if column.name == table.primary_id and not creating:
        return None
    if creating and column.type == "State" and type(given) is int and given == min(column.choices):
        return None  # a new row has this state anyhow, and clients that copy rows send it
    check_writable(table, column.name, creating=creating)
    if given is None:
        check_nullable(table, column.name)
    payload.values[column.name] = None if given is None else column_value(table.logical_name, column, given)
    return None


def check_writable(table: Table, name: str, *, creating: bool) -> None:
    column = table.by_name[name]
    if not (column.create if creating else column.update):
        when = "create" if creating else "update"
        raise bad_request(
            f"The column '{name}' of '{table.logical_name}' is not valid for {when}.", INVALID_ARGUMENT
        )


def check_nullable(table: Table, name: str) -> None:
    if table.by_name[name].required == "SystemRequired":
        raise bad_request(
            f"The column '{name}' of '{table.logical_name}' is required and cannot be null.", INVALID_ARGUMENT
        )


def _bind(context: Context, table: Table, payload: Payload, name: str, given: Any, creating: bool) -> None:
    if name in table.singles:
        bind_single(context, table, payload.values, name, given, creating=creating)
    elif name in table.collections:
        if not creating:
            raise payload_error(f"the collection '{name}' can be bound on create only.")
        if not isinstance(given, list):
            raise payload_error(f"'{name}{BIND}' wants a list of addresses.")
        references = [resolve_reference(context, item) for item in given]
        payload.members.append((table.collections[name], references))
    else:
        raise payload_error(
            f"an undeclared property '{name}' which only has property annotations in the payload "
            f"but no property value was found in the payload.{_meant(table, name)}"
        )


def _meant(table: Table, name: str) -> str:
    """The way out for a column's name, or one in the wrong case, in place of the navigation property."""
    wanted = name.lower()
    found = [n for n, single in table.singles.items() if wanted in (n.lower(), single.column.name)]
    return f" The emulator knows {' and '.join(found)}." if found else ""


def bind_single(
    context: Context,
    table: Table,
    values: dict[str, Value],
    navigation: str,
    given: Any,
    *,
    creating: bool,
) -> None:
    """Point a lookup at a row, or clear it with null."""
    column = table.singles[navigation].column
    check_writable(table, column.name, creating=creating)
    if given is None:
        check_nullable(table, column.name)
        values[column.name] = None
        return
    reference = resolve_reference(context, given)
    allowed = [t for t in column.targets if column.navigation_to(t) == navigation]
    if reference.table not in allowed:
        raise payload_error(f"'{navigation}' leads to {', '.join(allowed)}, not to {reference.table}.")
    require_row(context, reference)
    values[column.name] = reference.id
    if column.is_polymorphic:
        values[target_column(column.name)] = reference.table


def require_row(context: Context, reference: Reference) -> None:
    if context.tx.get(reference.table, reference.id) is None:
        raise row_not_found(reference.table, reference.id)


def resolve_reference(context: Context, given: Any) -> Reference:
    """`/accounts(id)`, `accounts(key='…')`, a full address, or `$1` inside a change set."""
    if isinstance(given, dict):
        return _resolve_object(context, given)
    key = resolve_key(context, given)
    return Reference(key.table.logical_name, key.require())


def resolve_key(context: Context, given: Any) -> RowKey:
    """The key that an address names, whether or not a row has it."""
    if not isinstance(given, str):
        raise payload_error(f"'{str(given)[:100]}' is not the address of a row.")
    address = expand_content_id(context, given)
    root = context.request.root
    if address.lower().startswith(("http://", "https://")):
        prefix, found, rest = address.partition("/api/data/")
        if not found or prefix.lower() != context.request.origin.lower():
            raise payload_error(f"'{given[:200]}' is not an address of this service.")
        address = rest.partition("/")[2]
    else:
        address = address.removeprefix(root[len(context.request.origin) :]).lstrip("/")
    segments = parse_path(address)
    if len(segments) != 1 or segments[0].args is None:
        raise payload_error(f"'{given[:200]}' is not the address of a row.")
    table = context.schema.by_set.get(segments[0].name)
    if table is None:
        raise unknown_segment(segments[0].name)
    return read_key(context.tx, table, segments[0].args)


def expand_content_id(context: Context, address: str) -> str:
    """`$1` or `$1/…` to the address that the part with Content-ID 1 was given."""
    if not address.startswith("$"):
        return address
    name, slash, rest = address[1:].partition("/")
    if name not in context.references:
        raise bad_request(f"Content-ID Reference: '{name}' does not exist in the batch context.")
    return context.references[name] + slash + rest


def _resolve_object(context: Context, given: dict[str, Any]) -> Reference:
    if "@odata.id" in given:
        return resolve_reference(context, given["@odata.id"])
    type_name = str(given.get("@odata.type", "")).removeprefix("#").removeprefix("Microsoft.Dynamics.CRM.")
    table = context.schema.get(type_name)
    candidates = [table] if table else [t for t in context.schema if t.primary_id in given]
    for candidate in candidates:
        if isinstance(given.get(candidate.primary_id), str):
            return Reference(candidate.logical_name, parse_key(given[candidate.primary_id], ""))
    raise payload_error("an entity parameter wants '@odata.id', or '@odata.type' and its primary key.")


def _nested_single(table: Table, payload: Payload, name: str, given: Any, creating: bool) -> None:
    single = table.singles[name]
    if given is None:
        check_writable(table, single.column.name, creating=creating)
        check_nullable(table, single.column.name)
        payload.values[single.column.name] = None
        return
    if not isinstance(given, dict):
        raise payload_error(f"'{name}' wants an object or '{name}{BIND}'.")
    if not creating:
        raise not_implemented(f"a deep update through '{name}'")
    check_writable(table, single.column.name, creating=True)
    payload.parents.append((single, given))


def _nested_collection(table: Table, payload: Payload, name: str, given: Any, creating: bool) -> None:
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise payload_error(f"'{name}' wants a list of objects.")
    if not creating:
        raise not_implemented(f"a deep update through '{name}'")
    payload.children.append((table.collections[name], given))
