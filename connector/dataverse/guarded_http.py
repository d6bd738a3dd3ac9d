"""The HTTP that msal gets: it reaches trusted authorities only, whatever a discovery document says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from connector.dataverse.authority import TrustedAuthorities
from connector.dataverse.faults import http_error
from connector.dataverse.retrying import RetryPolicy, repeat
from connector.dataverse.wire import Answer, Lost, NoCredentials, Request, Wire
from connector.errors import MalformedAnswer, Unreachable


@dataclass(frozen=True)
class MsalResponse:
    """An answer in the shape that msal reads."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Nothing: server faults were raised as our own errors already."""


class GuardedHttp:
    """msal's http_client. Token requests may be repeated: asking twice gives two tokens and no harm."""

    def __init__(self, wire: Wire, trusted: TrustedAuthorities, policy: RetryPolicy) -> None:
        self._wire = wire
        self._trusted = trusted
        self._policy = policy

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> MsalResponse:
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
        return self._send(Request("GET", address, dict(headers or {})))

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> MsalResponse:
        address = f"{url}?{urlencode(params)}" if params else url
        form = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        return self._send(Request("POST", address, form, urlencode(data or {}).encode()))

    def close(self) -> None:
        self._wire.close()

    def _send(self, request: Request) -> MsalResponse:
        origin = self._trusted.require(request.url, "The authority")
        attempt = repeat(
            lambda number: self._wire.send(request, NoCredentials(), number), self._policy, is_repeatable=True
        ).last
        if isinstance(attempt, Lost):
            raise Unreachable(
                f"The authority {origin} cannot be reached ({attempt.reason}).", "Check the network."
            )
        if attempt.status == 429 or attempt.status >= 500:
            raise http_error(attempt, f"{request.method} {origin}{request.path}")
        _require_object(attempt, f"{origin}{request.path}")
        return MsalResponse(attempt.status, attempt.content.decode("utf-8", "replace"), attempt.headers)


def _require_object(answer: Answer, what: str) -> None:
    """msal logs an answer that it cannot read, whole; this keeps it from getting one."""
    try:
        msgspec.json.decode(answer.content, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        kind = answer.headers.get("Content-Type", "no type")
        problem = MalformedAnswer(
            f"{what} answered {answer.status} with something that is not a JSON object ({kind}).",
            "A proxy or a sign-in page may stand in between.",
        )
    else:
        return
    raise problem
