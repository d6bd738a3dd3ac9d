"""`$batch`: one operation after the other, change sets all or nothing (section 6.1 of the Web API facts)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from connector.emulator.problems import (
    HTTP_ERROR,
    ODataError,
    bad_request,
    not_implemented,
    payload_error,
    wrong_verb,
)
from connector.emulator.protocol.address import parse_options
from connector.emulator.protocol.impersonation import HEADERS
from connector.emulator.protocol.messages import (
    MAX_BATCH_QUERY,
    Preferences,
    Request,
    Response,
    parse_preferences,
)
from connector.emulator.protocol.multipart import (
    Answered,
    Part,
    boundary_of,
    split_headers,
    split_parts,
    write_parts,
)
from connector.emulator.store import Store, Transaction

MAX_OPERATIONS = 1000
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})


class Answering(Protocol):
    """What a batch needs of the service."""

    store: Store
    disturb: Callable[[Request], None]

    def answer(self, request: Request, caller: str) -> Response: ...

    def answer_within(
        self, tx: Transaction, request: Request, caller: str, references: dict[str, str]
    ) -> Response: ...

    def refusal(self, request: Request, error: Exception) -> Response: ...


@dataclass(frozen=True)
class Operation:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    content_id: str | None


def answer_batch(service: Answering, request: Request, caller: str) -> Response:
    """The outer status is 200, or that of the first failure, which also ends the batch.

    With `odata.continue-on-error` everything is answered and the status stays 200.
    """
    if request.method != "POST":
        raise wrong_verb(request.method, "$batch")
    parse_options(request.query, request.longest_query).only()
    preferences = parse_preferences(request)
    items = _read(request)
    answers: list[Answered] = []
    status = 200
    for item in items:
        answer = _answer_item(service, request, item, caller)
        answers.append(answer)
        if _has_failed(answer) and not preferences.continue_on_error:
            status = answer.response.status if answer.response else status
            break
    return _response(answers, status, preferences)


def _has_failed(answer: Answered) -> bool:
    return answer.response is not None and answer.response.status >= 400


def _answer_item(
    service: Answering, outer: Request, item: Operation | list[Operation], caller: str
) -> Answered:
    if isinstance(item, list):
        return _answer_change_set(service, outer, item, caller)
    try:
        inner = _inner_request(outer, item, {})
        service.disturb(inner)
    except ODataError as error:
        return Answered(service.refusal(outer, error), item.content_id)
    return Answered(service.answer(inner, caller), item.content_id)


def _answer_change_set(
    service: Answering, outer: Request, operations: list[Operation], caller: str
) -> Answered:
    """One transaction; a failure rolls it back and leaves one part, that of the operation that failed."""
    answers: list[Answered] = []
    references: dict[str, str] = {}
    current: Operation | None = None
    try:
        with service.store.transaction() as tx:
            for operation in operations:
                current = operation
                if operation.method == "GET":
                    raise bad_request("A change set cannot contain a GET.")
                inner = _inner_request(outer, operation, references)
                service.disturb(inner)
                response = service.answer_within(tx, inner, caller, references)
                answers.append(Answered(response, operation.content_id))
                if operation.content_id and response.entity:
                    references[operation.content_id] = response.entity
    except Exception as error:  # noqa: BLE001 - whatever went wrong: it is rolled back and answered
        return Answered(service.refusal(outer, error), current.content_id if current else None)
    return Answered(change_set=answers)


def _inner_request(outer: Request, operation: Operation, references: dict[str, str]) -> Request:
    target = operation.target
    if target.startswith("$") and not target.startswith(("$batch", "$metadata")):
        name, slash, rest = target[1:].partition("/")
        name, question, query = name.partition("?")
        if name not in references:
            raise bad_request(f"Content-ID Reference: '{name}' does not exist in the batch context.")
        target = references[name] + slash + rest + question + query
    parts = urlsplit(target)
    if parts.scheme and f"{parts.scheme}://{parts.netloc}".lower() != outer.origin.lower():
        raise payload_error(f"'{target[:200]}' is not an address of this service.")
    path = parts.path
    if path.startswith("/"):
        _, found, rest = path.partition("/api/data/")
        if not found:
            raise payload_error(f"'{target[:200]}' is not an address of this service.")
        path = rest.partition("/")[2]
    if path.strip("/") == "$batch":
        raise bad_request("A batch cannot contain a batch.")
    return Request(
        operation.method,
        path,
        parts.query,
        _headers(outer, operation),
        operation.body,
        outer.root,
        MAX_BATCH_QUERY,
    )


def _headers(outer: Request, operation: Operation) -> dict[str, str]:
    """An operation that names no user of its own is carried out as the one that the batch names."""
    if any(name in operation.headers for name in HEADERS):
        return operation.headers
    return {name: outer.headers[name] for name in HEADERS if name in outer.headers} | operation.headers


def _read(request: Request) -> list[Operation | list[Operation]]:
    content_type = request.header("content-type") or ""
    if content_type.lower().startswith("application/json"):
        raise not_implemented("the JSON form of $batch")
    boundary = boundary_of(content_type)
    if boundary is None:
        raise payload_error("a batch wants the content type multipart/mixed with a boundary.")
    items: list[Operation | list[Operation]] = []
    for part in split_parts(request.body, boundary):
        inner = boundary_of(part.headers.get("content-type", ""))
        if inner is None:
            items.append(_operation(part))
        else:
            items.append([_operation(each) for each in split_parts(part.content, inner)])
    count = sum(len(item) if isinstance(item, list) else 1 for item in items)
    if count > MAX_OPERATIONS:
        raise bad_request(
            f"The batch holds {count} operations, at most {MAX_OPERATIONS} are allowed.", HTTP_ERROR
        )
    return items


def _operation(part: Part) -> Operation:
    if not part.headers.get("content-type", "").lower().startswith("application/http"):
        raise payload_error("a part of the batch is not of the content type application/http.")
    line, _, rest = part.content.lstrip(b"\r\n").partition(b"\n")
    words = line.decode("utf-8", "replace").strip().split(" ")
    if len(words) < 2 or words[0].upper() not in _METHODS:
        raise payload_error(f"'{' '.join(words)[:100]}' is not a request line.")
    # Blanks inside of the address are an error of many clients that the platform forgives.
    target = " ".join(words[1:-1] if words[-1].upper().startswith("HTTP/") else words[1:])
    headers, body = split_headers(rest)
    content_id = part.headers.get("content-id") or headers.get("content-id")
    return Operation(words[0].upper(), target, headers, body, content_id)


def _response(answers: list[Answered], status: int, preferences: Preferences) -> Response:
    boundary = f"batchresponse_{uuid.uuid4()}"
    headers = {
        "Content-Type": f"multipart/mixed; boundary={boundary}",
        "OData-Version": "4.0",
        **preferences.headers,
    }
    return Response(status, headers, write_parts(answers, boundary))
