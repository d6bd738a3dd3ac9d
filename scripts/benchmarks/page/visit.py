"""A browser's visit without the browser: to the first byte, to the last, and how many bytes they are."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """Milliseconds from the request to the first byte and to the last; `size` is that of head and body."""

    first_ms: float
    whole_ms: float
    size: int
    text: str


class Visitor:
    """Who opened the page by its address, over one connection that is kept."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname is not None
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=120)
        self._cookie = ""
        self._enter(f"{parts.path}?{parts.query}")

    def get(self, path: str) -> Answer:
        begun = time.perf_counter()
        self._connection.request("GET", path, headers={"cookie": self._cookie})
        answer = self._connection.getresponse()
        first = time.perf_counter()
        body = answer.read()
        whole = time.perf_counter()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {body[:300]!r}")
        head = sum(len(f"{name}: {value}\r\n") for name, value in answer.getheaders())
        return Answer(
            1000 * (first - begun), 1000 * (whole - begun), head + len(body), body.decode("utf-8", "replace")
        )

    def assets(self, html: str) -> Iterator[str]:
        """What a browser asks for besides."""
        yield from dict.fromkeys(re.findall(r'(?:href|src)="(/static/[^"]+)"', html))

    def close(self) -> None:
        self._connection.close()

    def _enter(self, path: str) -> None:
        self._connection.request("GET", path)
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.getheader("set-cookie") or "").partition(";")[0]


@contextmanager
def visiting(address: str) -> Iterator[Visitor]:
    visitor = Visitor(address)
    try:
        yield visitor
    finally:
        visitor.close()
