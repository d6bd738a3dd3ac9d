"""One property of a row: `GET`, `PUT` and `DELETE` of `/set(id)/column`."""

from __future__ import annotations

from connector.emulator.problems import not_implemented, payload_error, wrong_verb
from connector.emulator.protocol.address import Options, Segment
from connector.emulator.protocol.body import read_json, read_payload
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.messages import Response, empty_response, json_response
from connector.emulator.protocol.reading import row_content
from connector.emulator.protocol.views import single_column_view
from connector.emulator.protocol.writing import check_conditions, update_row
from connector.emulator.schema import Table


def answer_property(
    context: Context, table: Table, id: str, rest: list[Segment], options: Options
) -> Response:
    """`{"value": …}`, 204 when the column is empty; PUT writes one value, DELETE empties it."""
    name = rest[0].name
    if len(rest) > 1:
        raise not_implemented(f"'{rest[1].name}' behind a property")
    options.only()
    method = context.request.method
    if method == "GET":
        return _get(context, table, id, name)
    if method not in ("PUT", "DELETE"):
        raise wrong_verb(method, "a property")
    value = None
    if method == "PUT":
        content = read_json(context.request.body)
        if "value" not in content:
            raise payload_error('a property is written with {"value": …}.')
        value = content["value"]
    check_conditions(context, table, id)
    payload = read_payload(context, table, {name: value}, creating=False)
    update_row(context, table, id, payload.values)
    return empty_response()


def _get(context: Context, table: Table, id: str, name: str) -> Response:
    content, tag = row_content(context, table, id, single_column_view(context, table, name))
    if content[name] is None:
        return empty_response()
    url = context.context_url(f"{table.entity_set}({id})/{name}")
    return json_response(200, {"@odata.context": url, "value": content[name]}, {"ETag": tag})
