"""CreateMultiple, UpdateMultiple and UpsertMultiple: one table, one request, all or nothing."""

from __future__ import annotations

from typing import Any

from connector.emulator.problems import bad_request, payload_error
from connector.emulator.protocol.address import parse_key
from connector.emulator.protocol.body import read_json, read_payload, resolve_key
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.keys import RowKey
from connector.emulator.protocol.messages import Response, empty_response, json_response
from connector.emulator.protocol.writing import create_by_key, create_row, update_by_key, update_row
from connector.emulator.schema import Table

BULK = frozenset({"CreateMultiple", "UpdateMultiple", "UpsertMultiple"})


def answer_bulk(context: Context, table: Table, name: str) -> Response:
    """`{"Targets": […]}`, each with `@odata.type`; CreateMultiple answers the ids in the order sent."""
    targets = _targets(context, table)
    if name == "CreateMultiple":
        ids = [create_row(context, table, target) for target in targets]
        url = context.context_url("Microsoft.Dynamics.CRM.CreateMultipleResponse")
        return json_response(200, {"@odata.context": url, "Ids": ids})
    for target in targets:
        key = _key(context, table, target)
        if name == "UpsertMultiple":
            _upsert(context, table, key, target)
        else:
            payload = read_payload(context, table, target, creating=False)
            update_row(context, table, key.require(), payload.values)
    return empty_response()


def _upsert(context: Context, table: Table, key: RowKey, target: dict[str, Any]) -> None:
    """By primary key, or by the alternate key of `@odata.id`, whose columns must not stand there again."""
    id = key.id
    if id is not None and context.tx.get(table.logical_name, id) is not None:
        update_by_key(context, key, id, target)
        return
    for name in key.values:
        if name in target or table.by_name[name].property_name in target:
            raise bad_request(
                f"The key '{name}' stands in '@odata.id' and in the row: leave it out of the row."
            )
    create_by_key(context, key, target)


def _targets(context: Context, table: Table) -> list[dict[str, Any]]:
    targets = read_json(context.request.body).get("Targets")
    if not isinstance(targets, list) or not all(isinstance(t, dict) for t in targets) or not targets:
        raise payload_error("a bulk operation wants a list of rows named 'Targets'.")
    for target in targets:
        given = str(target.get("@odata.type", "")).removeprefix("#")
        if given != f"Microsoft.Dynamics.CRM.{table.logical_name}":
            raise bad_request(
                f"Each target wants '@odata.type': 'Microsoft.Dynamics.CRM.{table.logical_name}', "
                f"one has '{given}'."
            )
    return targets


def _key(context: Context, table: Table, target: dict[str, Any]) -> RowKey:
    if isinstance(target.get(table.primary_id), str):
        return RowKey(table, target[table.primary_id], parse_key(target[table.primary_id], table.primary_id))
    if "@odata.id" in target:
        key = resolve_key(context, target["@odata.id"])
        if key.table.logical_name != table.logical_name:
            raise payload_error(f"'@odata.id' names a row of {key.table.logical_name}.")
        return key
    raise payload_error(f"each target wants its primary key '{table.primary_id}', or '@odata.id'.")
