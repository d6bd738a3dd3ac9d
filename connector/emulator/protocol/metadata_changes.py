"""The function RetrieveMetadataChanges: tables and columns by conditions, with the wanted members only.

Known are conditions on single values (Equals, NotEquals, In, NotIn) over tables and columns; queries of
labels, relationships and keys, and changes since a version, are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.emulator.problems import bad_request, not_implemented
from connector.emulator.protocol.definitions import attribute_definition, entity_definition
from connector.emulator.protocol.keys import metadata_version
from connector.emulator.protocol.metadata_query import Member
from connector.emulator.registry import Call, ComplexAnswer
from connector.emulator.store import Transaction

_ALWAYS = ("@odata.type", "MetadataId", "LogicalName")
_KNOWN = frozenset({"Properties", "Criteria", "AttributeQuery", "MetadataSubset"})


def retrieve_metadata_changes(tx: Transaction, call: Call) -> ComplexAnswer:
    query = _part(call.body, "Query")
    for name in set(call.body) - {"Query"}:
        raise not_implemented(f"{name} of RetrieveMetadataChanges")
    _only(query, _KNOWN)
    columns = query.get("AttributeQuery")
    found = []
    for table in tx.schema:
        member = entity_definition(table) | {"HasChanged": None}
        if _matches(query.get("Criteria"), member):
            found.append(_chosen(query.get("Properties"), member))
            if columns is not None:
                _only(_object(columns), {"Properties", "Criteria"})
                each = [attribute_definition(table, column) for column in table.columns]
                wanted = [column for column in each if _matches(columns.get("Criteria"), column)]
                found[-1]["Attributes"] = [_chosen(columns.get("Properties"), column) for column in wanted]
    version = metadata_version(tx)
    members = {"ServerVersionStamp": version, "DeletedMetadata": None, "EntityMetadata": found}
    return ComplexAnswer("RetrieveMetadataChangesResponse", members)


def _matches(criteria: Any, member: Member) -> bool:
    if criteria is None:
        return True
    filters = _object(criteria)
    _only(filters, {"FilterOperator", "Conditions", "Filters"})
    outcomes = [_holds(_object(each), member) for each in _list(filters, "Conditions")]
    outcomes += [_matches(each, member) for each in _list(filters, "Filters")]
    if str(filters.get("FilterOperator", "And")) == "Or":
        return any(outcomes)
    return all(outcomes)


def _holds(condition: Mapping[str, Any], member: Member) -> bool:
    name, operator = condition.get("PropertyName"), condition.get("ConditionOperator")
    if name not in member:
        raise bad_request(f"'{str(name)[:100]}' is not a property of the metadata.")
    given = condition.get("Value")
    value = given.get("Value") if isinstance(given, dict) else given
    match operator:
        case "Equals":
            return bool(member[name] == value)
        case "NotEquals":
            return bool(member[name] != value)
        case "In" | "NotIn":
            values = value if isinstance(value, list) else [value]
            return bool((member[name] in values) == (operator == "In"))
    raise not_implemented(f"the operator {str(operator)[:100]} of RetrieveMetadataChanges")


def _chosen(properties: Any, member: Member) -> Member:
    wanted = _object(properties) if properties is not None else {}
    if wanted.get("AllProperties"):
        return dict(member)
    names = _list(wanted, "PropertyNames")
    return {name: value for name, value in member.items() if name in _ALWAYS or name in names}


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if name not in body:
        raise bad_request(f"RetrieveMetadataChanges wants the parameter {name}.")
    return _object(body[name])


def _object(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise bad_request(f"'{str(given)[:100]}' is not an object of a metadata query.")
    return given


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    found = given.get(name) or []
    if not isinstance(found, list):
        raise bad_request(f"'{name}' of a metadata query wants a list.")
    return found


def _only(given: Mapping[str, Any], known: frozenset[str] | set[str]) -> None:
    for name in given:
        if name not in known and not name.startswith("@"):
            raise not_implemented(f"{name[:100]} of RetrieveMetadataChanges")
