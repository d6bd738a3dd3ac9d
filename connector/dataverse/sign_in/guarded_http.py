"""The HTTP that msal gets: it reaches whom a guard lets it reach, whatever a discovery document says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from connector.dataverse.exchange.address import Origin
from connector.dataverse.exchange.faults import http_error
from connector.dataverse.exchange.retrying import RetryPolicy, repeat
from connector.dataverse.exchange.wire import Answer, Lost, NoCredentials, Request, Wire
from connector.errors import MalformedAnswer, Unreachable


class Guard(Protocol):
    """Says who may be sent a secret."""

    def require(self, address: str, named_by: str) -> Origin:
        """The address's origin. Raises UntrustedAuthority for one that may not; nothing was sent then."""
        ...


@dataclass(frozen=True)
class MsalResponse:
    """An answer in the shape that msal reads."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"MsalResponse({self.status_code})"

    def raise_for_status(self) -> None:
        """Nothing: server faults were raised as our own errors already."""


class GuardedHttp:
    """msal's http_client. Token requests may be repeated: asking twice gives two tokens and no harm.

    `expects_challenge`: a 401 with WWW-Authenticate is an answer, whatever its body (Azure Arc asks so for
    the key that lies on the machine).
    """

    def __init__(
        self,
        wire: Wire,
        guard: Guard,
        policy: RetryPolicy,
        name: str = "The authority",
        *,
        expects_challenge: bool = False,
    ) -> None:
        self._wire = wire
        self._guard = guard
        self._policy = policy
        self._name = name
        self._expects_challenge = expects_challenge

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | None] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> MsalResponse:
        address = f"{url}{'&' if '?' in url else '?'}{_encoded(params)}" if params else url
        return self._send(Request("GET", address, dict(headers or {})))

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, str | None] | None = None,
        data: Mapping[str, str | None] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> MsalResponse:
        address = f"{url}?{_encoded(params)}" if params else url
        form = {**(headers or {}), "Content-Type": "application/x-www-form-urlencoded"}
        return self._send(Request("POST", address, form, _encoded(data or {}).encode()))

    def close(self) -> None:
        self._wire.close()

    def _send(self, request: Request) -> MsalResponse:
        origin = self._guard.require(request.url, self._name)
        attempt = repeat(
            lambda number: self._wire.send(request, NoCredentials(), number), self._policy, is_repeatable=True
        ).last
        if isinstance(attempt, Lost):
            raise Unreachable(
                f"{self._name} {origin} cannot be reached ({attempt.reason}).", "Check the network."
            )
        if attempt.status == 429 or attempt.status >= 500:
            raise http_error(attempt, f"{request.method} {origin}{request.path}")
        if self._expects_challenge and attempt.status == 401 and "WWW-Authenticate" in attempt.headers:
            return MsalResponse(attempt.status, "{}", attempt.headers)
        _require_object(attempt, f"{origin}{request.path}")
        return MsalResponse(attempt.status, attempt.content.decode("utf-8", "replace"), attempt.headers)


def _encoded(fields: Mapping[str, str | None]) -> str:
    """As a form; what is None is left out, as requests does and msal expects."""
    return urlencode({name: value for name, value in fields.items() if value is not None})


def _require_object(answer: Answer, what: str) -> None:
    """msal logs an answer that it cannot read, whole; this keeps it from getting one."""
    if 300 <= answer.status < 400:
        raise MalformedAnswer(
            f"{what} answered with a redirect ({answer.status}), which is not followed.",
            "A proxy or a sign-in page may stand in between.",
        )
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
