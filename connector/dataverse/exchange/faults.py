"""Answers with an error status, as typed errors."""

from __future__ import annotations

import re
from http import HTTPStatus

import msgspec

from connector.dataverse.exchange.hints import HINTS, LIMITS, NO_ACCESS
from connector.dataverse.exchange.wire import Answer, Attempt, Lost, http_date
from connector.errors import (
    AccessDenied,
    Conflict,
    HttpError,
    NotFound,
    ServerFault,
    Throttled,
    Unauthorized,
)

_LONGEST_TEXT = 1_000
# The record exists: by its id, by an alternate key, by an index of the database.
DUPLICATES = frozenset({"0x80040237", "0x80060892", "0x80073002"})
_CLASSES: dict[int, type[HttpError]] = {
    401: Unauthorized,
    403: AccessDenied,
    404: NotFound,
    412: Conflict,
    429: Throttled,
}


class _Error(msgspec.Struct):
    code: str | int | None = None
    message: str | None = None


class _Body(msgspec.Struct):
    error: _Error | None = None


# Made here: the first errors may come to several threads at once (see decoding.decoder_for).
_body = msgspec.json.Decoder(_Body)


def http_error(answer: Answer, what: str) -> HttpError:
    """The typed error of an answer; `what` says what was asked, for example "GET /api/data/v9.2/WhoAmI()"."""
    code = error_code(answer)
    kind = _class_of(answer.status, code)
    text = _service_message(answer)
    limit = f" ({LIMITS[code]})" if code in LIMITS else ""
    message = f"{what} was answered with {answer.status} {_phrase(answer.status)}{limit}"
    error = kind(
        f"{message}: {text}" if text else f"{message}.",
        HINTS.get(code) or HINTS.get(str(answer.status), ""),
        status=answer.status,
        code=code,
        service_message=text,
        request_id=answer.service_request_id,
        retry_after_s=retry_after_s(answer),
    )
    error.member = _member(answer)
    return error


def _member(answer: Answer) -> int | None:
    """Only the answer to a member of a change set has a Content-ID."""
    text = answer.headers.get("Content-ID", "")
    return int(text) if text.isascii() and text.isdigit() else None


def why(attempt: Attempt) -> str:
    """How a try ended, in a few words for the log."""
    if isinstance(attempt, Lost):
        return f"no answer ({attempt.reason})"
    code = error_code(attempt)
    told = LIMITS.get(code) or code
    return f"{attempt.status} {_phrase(attempt.status)}".strip() + (f" ({told})" if told else "")


def error_code(answer: Answer) -> str:
    """The service's code in lower-case hex, whether it came as hex or as a decimal; "" where it gave none."""
    error = _error_of(answer)
    return normal_code("" if error is None or error.code is None else str(error.code))


def normal_code(text: str) -> str:
    text = text.strip().lower()
    if re.fullmatch(r"0x[0-9a-f]{1,8}", text):
        return text
    if re.fullmatch(r"-?[0-9]{1,10}", text):
        return f"0x{int(text) & 0xFFFFFFFF:x}"
    return ""


def retry_after_s(answer: Answer) -> float | None:
    """The pause asked for: Retry-After in seconds, or as a date measured from the answer's own Date.

    None where nothing usable is said. A date in the past is 0.
    """
    text = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    until, now = http_date(text), answer.date
    if until is None or now is None:
        return None
    return max(0.0, (until - now).total_seconds())


def _class_of(status: int, code: str) -> type[HttpError]:
    # Which status these two come with is not documented; what they mean is.
    if code in NO_ACCESS:
        return AccessDenied
    return ServerFault if status >= 500 else _CLASSES.get(status, HttpError)


def _error_of(answer: Answer) -> _Error | None:
    try:
        return _body.decode(answer.content).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _service_message(answer: Answer) -> str:
    error = _error_of(answer)
    if error is not None:
        return (error.message or str(error.code or "")).strip()[:_LONGEST_TEXT]
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    return (
        f"(the answer is {kind or 'of no known type'}, not an error of the Web API)" if answer.content else ""
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
