"""Requests over plain sockets, kept open: a client that costs as little as it can."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_END_OF_HEAD = b"\r\n\r\n"
_CHUNK_BYTES = 1 << 20


class UnexpectedAnswer(Exception):
    """One sentence: what was asked, and what came."""


@dataclass(frozen=True)
class Asked:
    """One request, always the same: to `url`, with the status that the answer must have."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int = 200

    @property
    def content(self) -> bytes:
        parts = urlsplit(self.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        head = {"Host": parts.netloc, "Content-Length": str(len(self.body)), **self.headers}
        lines = [f"{self.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
        return "\r\n".join(lines).encode("latin-1") + _END_OF_HEAD + self.body


class Connection:
    def __init__(self, asked: Asked) -> None:
        parts = urlsplit(asked.url)
        self._socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 80))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._asked, self._content = asked, asked.content
        self._buffer = bytearray(_CHUNK_BYTES)

    def once(self) -> bytes:
        """Ask, and read the whole answer; its body. Raises UnexpectedAnswer for another status."""
        self._socket.sendall(self._content)
        received = bytearray()
        while (end := received.find(_END_OF_HEAD)) < 0:
            received += self._some()
        head = bytes(received[:end]).lower()
        if int(head[9:12]) != self._asked.status:
            raise UnexpectedAnswer(f"{self._asked.method} {self._asked.url}: {received[:500]!r}")
        body = received[end + len(_END_OF_HEAD) :]
        length = _length_of(head)
        while len(body) < length:
            body += self._some()
        return bytes(body)

    def close(self) -> None:
        self._socket.close()

    def _some(self) -> memoryview:
        count = self._socket.recv_into(self._buffer)
        if not count:
            raise UnexpectedAnswer(f"{self._asked.url}: the connection was closed.")
        return memoryview(self._buffer)[:count]


def rate_of(asked: Asked, connections: int, seconds: float) -> float:
    """Requests a second that so many connections get answered, each asking again and again."""
    opened = [Connection(asked) for _ in range(connections)]
    counts = [0] * connections
    failures: list[Exception] = []
    for one in opened:
        one.once()
    until = time.perf_counter() + seconds

    def ask(number: int) -> None:
        try:
            while time.perf_counter() < until:
                opened[number].once()
                counts[number] += 1
        except (OSError, UnexpectedAnswer) as error:
            failures.append(error)

    started = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    for one in opened:
        one.close()
    if failures:
        raise failures[0]
    return sum(counts) / elapsed


def _length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
