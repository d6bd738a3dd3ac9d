"""The answers that faults are, as values."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus

from connector.emulator.problems import ODataError
from connector.emulator.protocol.messages import Response, error_response
from connector.emulator.trouble.fault import Sql, Status, Throttle
from connector.emulator.trouble.rule import Place

_LIMIT_CODES = {"requests": "0x80072322", "time": "0x80072321", "concurrency": "0x80072326"}
_LIMIT_WORDS = {
    "requests": "The number of requests within the window exceeds the limit.",
    "time": "The combined execution time of the requests within the window exceeds the limit.",
    "concurrency": "The number of requests at the same time exceeds the limit.",
}
_SQL_CODES = {"deadlock": "0x80044150", "timeout": "0x80044151", "lock": "0x80044339"}
_SQL_WORDS = {
    "deadlock": "Generic SQL error: the transaction was chosen as the victim of a deadlock (1205).",
    "timeout": "SQL timeout expired.",
    "lock": "A lock on the resource could not be obtained.",
}


def error_of(fault: Throttle | Status | Sql, now: datetime) -> ODataError:
    """The fault as an error of the Web API; `now` is what a Retry-After date counts from."""
    match fault:
        case Throttle():
            code = _LIMIT_CODES[fault.limit]
            if fault.is_decimal:
                code = str(int(code, 16) - 2**32)
            return ODataError(429, code, _LIMIT_WORDS[fault.limit], _retry_after(fault, now))
        case Sql():
            return ODataError(fault.status, _SQL_CODES[fault.problem], _SQL_WORDS[fault.problem])
        case Status():
            return ODataError(fault.status, fault.code, _phrase(fault.status), _retry_after(fault, now))


def answer_of(fault: Throttle | Status | Sql, now: datetime, place: Place) -> Response:
    """The fault as an answer; the token endpoint says a JSON error in Entra's form."""
    if not isinstance(fault, Status) or (fault.body == "json" and place != "token"):
        return error_response(error_of(fault, now))
    headers = _retry_after(fault, now)
    if fault.body == "empty":
        return Response(fault.status, headers)
    phrase = _phrase(fault.status)
    if fault.body == "json":
        content = json.dumps({"error": "temporarily_unavailable", "error_description": phrase})
        return Response(fault.status, {**headers, "Content-Type": "application/json"}, content.encode())
    page = f"<html><head><title>{fault.status}</title></head><body><h1>{phrase}</h1></body></html>"
    return Response(fault.status, {**headers, "Content-Type": "text/html"}, page.encode())


def _retry_after(fault: Throttle | Status, now: datetime) -> dict[str, str]:
    if fault.retry_after_s is None:
        return {}
    if fault.retry_after_form == "seconds":
        return {"Retry-After": str(fault.retry_after_s)}
    return {"Retry-After": format_datetime(now + timedelta(seconds=fault.retry_after_s), usegmt=True)}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Error {status}"
