"""The action BulkDelete: rows that a query names are deleted by a system job, whose id is the answer.

The emulator carries the job out at once, whatever StartDateTime says: its clock stands still, and clients
send their own time. A row that cannot be deleted stays, the others go, and the job says how many failed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from connector.emulator.problems import ODataError, bad_request, not_implemented
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.fetch.plan import Plan
from connector.emulator.protocol.fetch.xml import Entity, FetchCondition, Filter
from connector.emulator.protocol.writing import delete_row
from connector.emulator.registry import ComplexAnswer
from connector.emulator.schema import Table

_OPERATION_TYPE = 13
_COMPLETED, _SUCCEEDED, _FAILED = 3, 30, 31
_MOST_LEVELS = 20
_LONGEST_NAME = 256
_KNOWN = frozenset(
    {"QuerySet", "JobName", "SendEmailNotification", "ToRecipients", "CCRecipients", "RecurrencePattern"}
    | {"StartDateTime", "SourceImportId", "RunNow"}
)
_QUERY = frozenset({"EntityName", "ColumnSet", "Criteria", "Distinct", "NoLock", "Orders"})
_OPERATORS = {
    "Equal": "eq",
    "NotEqual": "ne",
    "GreaterThan": "gt",
    "GreaterEqual": "ge",
    "LessThan": "lt",
    "LessEqual": "le",
    "Like": "like",
    "NotLike": "not-like",
    "BeginsWith": "begins-with",
    "DoesNotBeginWith": "not-begin-with",
    "EndsWith": "ends-with",
    "DoesNotEndWith": "not-end-with",
    "In": "in",
    "NotIn": "not-in",
    "Between": "between",
    "NotBetween": "not-between",
    "Null": "null",
    "NotNull": "not-null",
    "On": "on",
    "OnOrBefore": "on-or-before",
    "OnOrAfter": "on-or-after",
    "OlderThanXDays": "olderthan-x-days",
    "OlderThanXMonths": "olderthan-x-months",
    "OlderThanXYears": "olderthan-x-years",
}


def bulk_delete(context: Context, body: Mapping[str, Any]) -> ComplexAnswer:
    """Refuses what it does not do by name; the answer is `{"JobId": …}`."""
    for name in body:
        if name not in _KNOWN and not name.startswith("@"):
            raise not_implemented(f"{name[:100]} of BulkDelete")
    for name in ("SendEmailNotification", "ToRecipients", "CCRecipients", "RecurrencePattern"):
        if body.get(name):
            raise not_implemented(f"{name} of BulkDelete")
    queries = body.get("QuerySet")
    if not isinstance(queries, list) or not queries:
        raise bad_request("BulkDelete wants QuerySet, a list of queries.")
    title = body.get("JobName")
    if not isinstance(title, str) or not title or len(title) > _LONGEST_NAME:
        raise bad_request(f"BulkDelete wants JobName, a text of at most {_LONGEST_NAME} characters.")
    found = [(table, id) for query in queries for table, id in _rows(context, _object(query))]
    failed = [problem for table, id in found if (problem := _delete(context, table, id)) is not None]
    return ComplexAnswer("BulkDeleteResponse", {"JobId": _job(context, title, len(found), failed)})


def _rows(context: Context, query: Mapping[str, Any]) -> list[tuple[Table, str]]:
    _only(query, _QUERY, "a query")
    table = context.schema.get(str(query.get("EntityName")))
    if table is None:
        message = f"The entity with a name = '{str(query.get('EntityName'))[:100]}' was not found."
        raise bad_request(message, "0x80041102")
    criteria = query.get("Criteria")
    filters = () if criteria is None else (_filter(_object(criteria), 0),)
    entity = Entity(table.logical_name, (), False, (), filters, ())
    plan = Plan(context.tx, table, entity, context.caller)
    statement = select(plan.source.key).select_from(plan.source.from_clause).where(*plan.conditions)
    return [(table, str(id)) for id in context.tx.execute(statement).scalars()]


def _filter(given: Mapping[str, Any], level: int) -> Filter:
    _only(given, frozenset({"FilterOperator", "Conditions", "Filters"}), "a filter")
    if level > _MOST_LEVELS:
        raise bad_request("The filter of BulkDelete is nested too deeply.")
    operator = given.get("FilterOperator", "And")
    if operator not in ("And", "Or"):
        raise bad_request(f"'{str(operator)[:100]}' is not an operator of filters.")
    return Filter(
        operator == "Or",
        tuple(_condition(_object(each)) for each in _list(given, "Conditions")),
        tuple(_filter(_object(each), level + 1) for each in _list(given, "Filters")),
    )


def _condition(given: Mapping[str, Any]) -> FetchCondition:
    _only(given, frozenset({"AttributeName", "Operator", "Values"}), "a condition")
    operator = _OPERATORS.get(str(given.get("Operator")))
    if operator is None:
        raise not_implemented(f"the operator {str(given.get('Operator'))[:100]} of BulkDelete")
    values = tuple(_text(each) for each in _list(given, "Values"))
    return FetchCondition(str(given.get("AttributeName")), operator, values)


def _text(given: Any) -> str:
    value = given.get("Value") if isinstance(given, dict) else given
    if value is None or isinstance(value, dict | list):
        raise bad_request("A condition of BulkDelete has a value that is neither text nor a number.")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _delete(context: Context, table: Table, id: str) -> ODataError | None:
    """What was in the way; a row that went with another one is no failure."""
    if context.tx.get(table.logical_name, id) is None:
        return None
    try:
        with context.tx.savepoint():
            delete_row(context, table, id)
    except ODataError as error:
        return error
    return None


def _job(context: Context, name: str, count: int, failed: list[ODataError]) -> str:
    now = context.tx.now
    message = f"{count - len(failed)} rows were deleted, {len(failed)} could not be."
    if failed:
        message += f" The first: {failed[0].message}"
    return context.tx.insert(
        "asyncoperation",
        {
            "name": name,
            "operationtype": _OPERATION_TYPE,
            "messagename": "BulkDelete",
            "statecode": _COMPLETED,
            "statuscode": _FAILED if failed else _SUCCEEDED,
            "startedon": now,
            "completedon": now,
            "message": message,
            "ownerid": context.caller,
            "correlationid": str(uuid.uuid4()),
            "correlationupdatedtime": now,
            "depth": 1,
            "retrycount": 0,
            "executiontimespan": 0.0,
            "sequence": context.tx.next_number("asyncoperation"),
        },
        caller=context.caller,
    )


def _object(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise bad_request(f"'{str(given)[:100]}' is not an object of a query.")
    return given


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    found = given.get(name) or []
    if not isinstance(found, list):
        raise bad_request(f"'{name}' of BulkDelete wants a list.")
    return found


def _only(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    for name, value in given.items():
        if name not in known and not name.startswith("@") and value not in (None, [], ""):
            raise not_implemented(f"{name[:100]} in {what} of BulkDelete")
