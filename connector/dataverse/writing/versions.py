"""What a Conflict says: the version that was meant, and the record as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from connector.dataverse.exchange.decoding import decode_object
from connector.dataverse.exchange.wire import Request
from connector.dataverse.query.paths import record_path
from connector.dataverse.transport.settling import settle
from connector.dataverse.transport.transport import Transport
from connector.dataverse.writing.operations import Action, Create, Operation
from connector.errors import Conflict, DataverseError, NotFound


@contextmanager
def versions_told(transport: Transport, operations: Sequence[Operation]) -> Iterator[None]:
    """Let a Conflict through with both versions on it; one request more, on conflict only and not repeated.

    In a change set the answer tells which member failed; where it does not, a single candidate is it.
    """
    try:
        yield
    except Conflict as error:
        operation = _refused(error, operations)
        if operation is not None:
            tell_versions(error, transport, operation)
        raise


def _refused(error: Conflict, operations: Sequence[Operation]) -> Operation | None:
    if error.member is not None and 1 <= error.member <= len(operations):
        return operations[error.member - 1]
    guarded = [each for each in operations if not isinstance(each, Action)]
    return guarded[0] if len(guarded) == 1 else None


def tell_versions(error: Conflict, transport: Transport, operation: Operation) -> None:
    """Look at the record, and write on the error what was meant and what is there. Raises nothing."""
    if isinstance(operation, Action):
        return
    error.entity_set, error.id = operation.entity_set, operation.id
    error.sent_etag = None if isinstance(operation, Create) else operation.etag
    path = record_path(operation.entity_set, operation.id)
    request = Request("GET", transport.address(path), {"If-None-Match": "null"})
    try:
        answer = settle(*transport.call(request, is_enough=lambda _: True))
        error.current = decode_object(answer.content, path)
    except NotFound:
        error.is_gone = True
    except DataverseError:
        # Whatever went wrong with the look, the conflict is what has to be said.
        return
    else:
        error.is_gone = False
        etag = error.current.get("@odata.etag")
        error.current_etag = str(etag) if etag else None
