"""What a failure of many rows at once means: too much, about some row, or about all that is sent."""

from __future__ import annotations

from typing import Final

from connector.dataverse.exchange.faults import DUPLICATES, error_code
from connector.dataverse.exchange.retrying import GATEWAY
from connector.dataverse.exchange.wire import Answer, Attempt, Lost
from connector.errors import DataverseError, HttpError

SQL_TIMEOUT: Final = "0x80044151"
OBJECT_DOES_NOT_EXIST: Final = "0x80040217"
# An unknown column, a body that cannot be read, an unknown table.
_NAMES: Final = frozenset({"0x0", "0x80048d19", "0x8006088a"})


def is_too_much(attempt: Attempt) -> bool:
    """Whether fewer rows in a request are what helps: it was too large, or not done in time."""
    if isinstance(attempt, Lost):
        return attempt.is_sent and "Timeout" in attempt.reason.partition(":")[0]
    if attempt.status in {413, 504}:
        return True
    return attempt.status >= 500 and error_code(attempt) == SQL_TIMEOUT


def is_about_rows(attempt: Attempt) -> bool:
    """Whether the service has refused what was in the request, and another content may pass."""
    return (
        isinstance(attempt, Answer)
        and attempt.status >= 400
        and attempt.status not in {401, 429}
        and attempt.status not in GATEWAY
    )


def is_duplicate(answer: Answer) -> bool:
    return answer.status == 412 or error_code(answer) in DUPLICATES


def is_about_everything(error: DataverseError | None, *, is_create: bool) -> bool:
    """Whether other rows will be told the same: no access, no such table, column or message."""
    if not isinstance(error, HttpError):
        return error is not None
    if error.status == 404:
        return is_create or error.code not in {OBJECT_DOES_NOT_EXIST, ""}
    return error.status in {401, 403, 405, 501} or error.code in _NAMES
