"""The bare drain: what a socket gives when nobody looks at it. The ceiling of everything else."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from benchmarks.worker import Job, work_for

_PIECE = 2**18


class Connection:
    """One connection, kept open, with a buffer that is used again and again."""

    def __init__(self, origin: str, ca_file: str) -> None:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port or 0
        plain = socket.create_connection((host, port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        is_tls = parts.scheme == "https"
        context = ssl.create_default_context(cafile=ca_file) if is_tls else None
        self._socket = context.wrap_socket(plain, server_hostname=host) if context else plain
        self._host = parts.netloc
        self._piece = memoryview(bytearray(_PIECE))

    def drain(self, target: str, *, is_packed: bool) -> None:
        """Ask, and receive what is answered to its last byte."""
        packed = "Accept-Encoding: gzip\r\n" if is_packed else ""
        self._socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {self._host}\r\n{packed}\r\n".encode())
        count = self._socket.recv_into(self._piece)
        head, _, start = bytes(self._piece[:count]).partition(b"\r\n\r\n")
        _, _, after = head.partition(b"Content-Length: ")
        rest = int(after.split(b"\r\n", 1)[0]) - len(start)
        while rest > 0:
            rest -= self._socket.recv_into(self._piece)


@cache
def _connections(origin: str, ca_file: str, count: int) -> list[Connection]:
    return [Connection(origin, ca_file) for _ in range(count)]


def _drain_all(connection: Connection, job: Job) -> None:
    for page in range(job["pages"]):
        link = f"&$skiptoken=page{page}" if page else ""
        connection.drain(f"/api/data/v9.2/msdyn_actuals?$select=all{link}", is_packed=job["is_packed"])


def read(job: Job) -> Mapping[str, Any]:
    """All pages on `connections` connections, each of them from the first page to the last."""
    opened = _connections(job["origin"], job["ca_file"], job["connections"])
    with ThreadPoolExecutor(len(opened)) as threads:
        list(threads.map(lambda connection: _drain_all(connection, job), opened))
    return {"count": len(opened) * job["pages"] * job["page_size"]}


if __name__ == "__main__":
    work_for({"read": read})
