"""The keys of a page: tickets that open it once each, and what a ticket becomes."""

from __future__ import annotations

import secrets
import threading
from http.cookies import CookieError, SimpleCookie

ENTRANCE = "/enter"


class Access:
    """For one page, on one port of 127.0.0.1."""

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
