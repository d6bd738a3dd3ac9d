"""Who may see the page: a loopback port is open to every user and every web site on this machine."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.console.page.keys import ENTRANCE, Access

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
READING = frozenset({"GET", "HEAD"})
_SHORT = "<!doctype html><html lang=en><meta charset=utf-8><title>projops</title>{head}<p>{text}</p>"


class Guard:
    """Around the whole application: Host, Origin, ticket and cookie, and the headers of every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                extra = {"cache-control": "no-store", **HEADERS}
                message["headers"] = [
                    *message["headers"],
                    *((n.encode(), v.encode()) for n, v in extra.items() if n.encode() not in given),
                ]
            await send(message)

        answer = self._refusal(scope) or self._entrance(scope) or self._stranger(scope)
        await (answer or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """A page of another site has another origin; a name that was bent to loopback is another host."""
        hosts, origins = _header(scope, b"host"), _header(scope, b"origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._access.hosts:
            return _short("This address is none of the page's.", 421)
        if any(origin not in self._access.origins for origin in origins):
            return _short("Another site may not ask here.", 403)
        if scope["method"] not in READING and not origins:
            return _short("A change has to come from the page itself.", 403)
        return None

    def _entrance(self, scope: Scope) -> Response | None:
        if scope["path"] != ENTRANCE or scope["method"] != "GET":
            return None
        ticket = parse_qs(scope["query_string"].decode("ascii", "replace")).get("token", [""])[0]
        cookie = self._access.redeem(ticket)
        if cookie is None and not self._is_known(scope):
            return _short(
                "This address has been used, and works once. Press Enter where projops console runs: it "
                "gives another one.",
                403,
            )
        # Not a redirect: a cookie that is strict would not be sent along where a link led here.
        answer = _short("One moment.", 200, '<meta http-equiv="refresh" content="0; url=/">')
        if cookie is not None:
            answer.headers["set-cookie"] = cookie
        return answer

    def _stranger(self, scope: Scope) -> Response | None:
        if self._is_known(scope):
            return None
        return _short(
            "Open this page by the address that projops console printed. Pressing Enter there gives "
            "another one.",
            401,
        )

    def _is_known(self, scope: Scope) -> bool:
        return any(self._access.is_known(header) for header in _header(scope, b"cookie"))


def _header(scope: Scope, name: bytes) -> list[str]:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value.decode("latin-1") for one, value in headers if one == name]


def _short(text: str, status: int, head: str = "") -> Response:
    return HTMLResponse(_SHORT.format(text=text, head=head), status)
