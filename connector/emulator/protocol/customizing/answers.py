"""What all changes have in common: the body, the new schema, the answer, the refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connector.emulator.problems import INVALID_ARGUMENT, NOT_CUSTOMIZABLE, ODataError, bad_request
from connector.emulator.protocol.body import read_json
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.customizing.content import Content
from connector.emulator.protocol.keys import forget_lost_keys
from connector.emulator.protocol.messages import Response, empty_response, json_response
from connector.emulator.schema import Own
from connector.emulator.store import Transaction
from connector.errors import UsageError

_IN_USE = "0x8004f01f"


def body(context: Context, what: str, present: Mapping[str, Any] | None = None) -> Content:
    return Content(read_json(context.request.body), what, present)


def use(tx: Transaction, own: Own) -> None:
    try:
        tx.use_own(own)
    except UsageError as error:
        raise bad_request(str(error), INVALID_ARGUMENT) from None
    forget_lost_keys(tx)


def created(context: Context, url: str, definition: Mapping[str, Any]) -> Response:
    headers = {"OData-EntityId": url, **context.preferences.headers}
    if context.preferences.wants_representation:
        response = json_response(201, definition, headers)
    else:
        response = empty_response(headers)
    return replace(response, entity=url)


def managed(operation: str, name: str, id: str) -> ODataError:
    return bad_request(
        f"The '{operation}' operation on the current component(name='{name}', id='{id}') failed during "
        "managed property evaluation of condition: 'iscustomizable'",
        NOT_CUSTOMIZABLE,
    )


def in_use(kind: str, name: str, count: int, users: str) -> ODataError:
    return bad_request(
        f"The {kind}({name}) component cannot be deleted because it is referenced by {count} other "
        f"components: {users}.",
        _IN_USE,
    )
