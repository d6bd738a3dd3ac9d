"""Who may see the page: a loopback port is open to every user and every web site on this machine."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENTRANCE = "/enter"
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


class Access:
    """The keys of one page: tickets that open it once each, and what a ticket becomes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = f"projops-{port}"
        """Browsers send the cookies of a host to all its ports."""
        self.csrf = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)
        self._tickets: set[str] = set()
        self._lock = threading.Lock()

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def origins(self) -> frozenset[str]:
        return frozenset(f"http://{host}" for host in self.hosts)

    def new_address(self) -> str:
        """An address that opens the page once."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._tickets.add(ticket)
        return f"http://127.0.0.1:{self.port}{ENTRANCE}?token={ticket}"

    def redeem(self, ticket: str) -> str | None:
        """The cookie's header for a ticket that was not used before, else None."""
        with self._lock:
            found = next((one for one in self._tickets if _is_same(one, ticket)), None)
            if found is None:
                return None
            self._tickets.discard(found)
        return f"{self.cookie}={self._session}; Path=/; HttpOnly; SameSite=Strict"

    def is_known(self, cookie_header: str) -> bool:
        try:
            found = SimpleCookie(cookie_header).get(self.cookie)
        except CookieError:
            return False
        return found is not None and _is_same(found.value, self._session)

    def is_csrf(self, given: str) -> bool:
        return _is_same(given, self.csrf)


def _is_same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


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
