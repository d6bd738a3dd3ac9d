"""The Web API as an ASGI application: identity first, then the protocol, in a worker thread."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from connector.emulator.identity.callers import Callers
from connector.emulator.problems import HTTP_ERROR, ODataError
from connector.emulator.protocol.messages import Request, Response, error_response
from connector.emulator.sending import send_response

if TYPE_CHECKING:
    from connector.emulator.protocol.dispatch import Service

MAX_BODY_BYTES = 128 * 1024 * 1024
_ROOT = re.compile(r"/api/data/(v9\.[012])(?:/(.*))?", re.DOTALL)


class WebApi:
    """`service` gives the protocol, once it is loaded; `challenge` the value of WWW-Authenticate for an
    origin; `now` is the emulator's clock.
    """

    def __init__(
        self,
        service: Callable[[], Service],
        callers: Callers,
        now: Callable[[], datetime],
        challenge: Callable[[str], str],
        name: str = "localhost",
    ) -> None:
        self._service = service
        self._callers = callers
        self._now = now
        self._challenge = challenge
        self._known_host = re.compile(rf"(?:127\.0\.0\.1|localhost|{re.escape(name)})(?::\d{{1,5}})?")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _read_body(receive)
        if body is None:
            refused = ODataError(413, HTTP_ERROR, f"The body is larger than {MAX_BODY_BYTES} bytes.")
            response = error_response(refused)
        else:
            response = await run_in_threadpool(self.answer, scope, body)
        await send_response(send, response, self._now())

    def answer(self, scope: Scope, body: bytes) -> Response:
        headers = _headers(scope)
        origin = f"{scope.get('scheme', 'http')}://{self._host(scope, headers)}"
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace")
        found = _ROOT.fullmatch(raw_path)
        if found is None:
            return error_response(ODataError(404, HTTP_ERROR, "There is nothing at this address."))
        try:
            caller = self._callers.identify(headers.get("authorization"))
        except ODataError as refused:
            return error_response(refused)
        if caller is None:
            return Response(401, {"WWW-Authenticate": self._challenge(origin)})
        root = f"{origin}/api/data/{found.group(1)}"
        query = scope.get("query_string", b"").decode("ascii", "replace")
        request = Request(scope["method"], found.group(2) or "", query, headers, body, root)
        return self._service().answer(request, caller)

    def _host(self, scope: Scope, headers: dict[str, str]) -> str:
        """The host that the client used, when it is one of ours."""
        given = headers.get("host", "")
        if self._known_host.fullmatch(given):
            return given
        server: Any = scope.get("server") or ("127.0.0.1", 0)
        return f"127.0.0.1:{server[1]}"


def path_behind_root(path: str) -> str:
    """`accounts(…)` of `/api/data/v9.2/accounts(…)`; any other path as it is."""
    found = _ROOT.fullmatch(path)
    return path if found is None else found.group(2) or ""


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if size <= MAX_BODY_BYTES else None


def _headers(scope: Scope) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
