"""Emulators in memory over http and https, and a caller that sees what happens on the wire."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.emulator import RunningEmulator, start
from tests.emulator.protocol.caller import NOW

TIMEOUT_S = 30
ACCOUNT = "accounts(00000000-0000-0000-0000-00000000000a)"


class Wire:
    """One connection after the other to an emulator, by nothing more than http.client."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self.emulator = emulator
        self.host = urlsplit(emulator.url).netloc
        self.is_https = emulator.url.startswith("https")
        self.context = ssl.create_default_context(cafile=str(emulator.ca_file))
        self.token = emulator.issuer.issue(emulator.client_id)

    def connection(self) -> http.client.HTTPConnection:
        if self.is_https:
            return http.client.HTTPSConnection(self.host, timeout=TIMEOUT_S, context=self.context)
        return http.client.HTTPConnection(self.host, timeout=TIMEOUT_S)

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body; what goes wrong on the wire is raised as http.client raises it."""
        connection = self.connection()
        try:
            given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            given |= {name.replace("_", "-").title(): value for name, value in headers.items()}
            content = body if isinstance(body, str) else None if body is None else json.dumps(body)
            connection.request(method, f"/api/data/v9.2/{path}", content, given)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def name(self) -> str | None:
        """The name of the one account; None when it is not there."""
        status, _, body = self.ask("GET", f"{ACCOUNT}?$select=name")
        return None if status == 404 else str(json.loads(body)["name"])


@pytest.fixture(scope="module", params=["http", "https"])
def served(request: pytest.FixtureRequest) -> Iterator[RunningEmulator]:
    with start(None, now=NOW, https=request.param == "https") as running:
        yield running


@pytest.fixture
def wire(served: RunningEmulator) -> Iterator[Wire]:
    """Without rules and accounts, with limits as they are from the start."""
    caller = Wire(served)
    caller.ask("DELETE", ACCOUNT)
    served.trouble.forget_received()
    yield caller
    served.trouble.clear()
    served.trouble.clock_s = lambda: 0.0
    served.trouble.change_limits(is_on=False, requests=6000, window_s=300, simultaneous=52, dop_hint=8)
