"""The writes that a change set can hold, as values, and what came of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.dataverse.query.paths import callable_path, record_path
from connector.dataverse.writing.body import encode
from connector.errors import UsageError


@dataclass(frozen=True)
class Create:
    """Create a record under an id of ours, and only if there is none (`If-None-Match: *`)."""

    entity_set: str
    id: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Update:
    """Change a record that is still what it was when `etag` was read (`If-Match`)."""

    entity_set: str
    id: str
    values: Mapping[str, object]
    etag: str


@dataclass(frozen=True)
class Delete:
    """Delete a record that is still what it was when `etag` was read (`If-Match`)."""

    entity_set: str
    id: str
    etag: str


@dataclass(frozen=True)
class Action:
    """Call an action; `bound_to` is (entity_set, id). An action is never sent twice."""

    name: str
    body: Mapping[str, object] | None = None
    bound_to: tuple[str, str] | None = None


# RFC 9110, 8.8.3, or any version.
_ETAG = re.compile(r'\*|(W/)?"[!#-~]*"', re.ASCII)

Operation = Create | Update | Delete | Action


@dataclass(frozen=True)
class OperationResult:
    """What one member of a change set was answered: HTTP status, JSON body and etag where there are."""

    status: int
    body: Mapping[str, Any] | None = None
    etag: str | None = None


@dataclass(frozen=True)
class Member:
    """An operation as HTTP; `path` is relative to the API's root."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None

    def said_by(self, caller: Mapping[str, str]) -> Member:
        """The same request with the headers that name another caller."""
        return replace(self, headers={**self.headers, **caller}) if caller else self


def member_of(operation: Operation) -> Member:
    """The request of an operation. Raises UsageError for names, ids, etags and values that cannot be."""
    match operation:
        case Create(entity_set, id, values):
            path = record_path(entity_set, id)
            return Member("PATCH", path, {"If-None-Match": "*"}, encode(values, path))
        case Update(entity_set, id, values, etag):
            path = record_path(entity_set, id)
            return Member("PATCH", path, {"If-Match": _etag(etag, path)}, encode(values, path))
        case Delete(entity_set, id, etag):
            path = record_path(entity_set, id)
            return Member("DELETE", path, {"If-Match": _etag(etag, path)}, None)
        case Action(action, body, bound_to):
            path = callable_path(action, bound_to)
            return Member("POST", path, {}, encode(body or {}, path))
    raise UsageError(
        f"A {type(operation).__name__} is no operation.", "Give Create, Update, Delete or Action."
    )


def is_repeatable(operation: Operation) -> bool:
    """Whether sending it twice does no more than sending it once: all but actions."""
    return not isinstance(operation, Action)


def _etag(etag: object, place: str) -> str:
    if not isinstance(etag, str) or not _ETAG.fullmatch(etag):
        raise UsageError(
            f"For {place}: {etag!r} is not an etag.", "Give the one that was read with the record."
        )
    return etag
