"""The server's process: ports that behave differently, a thread for each connection, prepared bytes.

It is told its ports in one line of JSON, says their addresses in another, and answers questions about
them until its standard input ends.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, BinaryIO

from benchmarks.client.service import Asked, Behaviour, Pages, Service, encode


class Port:
    """A listening socket and its service."""

    def __init__(self, behaviour: Behaviour, pages: Pages, tls: ssl.SSLContext | None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._tls = tls
        self.origin = f"http{'s' if tls else ''}://127.0.0.1:{self._socket.getsockname()[1]}"
        self._service = Service(behaviour, self.origin, pages)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that goes away in the middle is its own affair.
        with contextlib.suppress(OSError, ValueError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is None:
                self._converse(connection)
            else:
                with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                    self._converse(wrapped)

    def _converse(self, connection: socket.socket) -> None:
        behaviour = self._service.behaviour
        with connection.makefile("rb") as stream:
            while (asked := read_request(stream)) is not None:
                now_s = time.monotonic()
                parts = encode(self._service.answer(asked, now_s), behaviour)
                if behaviour.latency_s:
                    time.sleep(max(0.0, now_s + behaviour.latency_s - time.monotonic()))
                for part in parts:
                    connection.sendall(part)


def read_request(stream: BinaryIO) -> Asked | None:
    """The next request of a connection, None at its end."""
    words = stream.readline().split()
    if len(words) != 3:
        return None
    length, takes_gzip = 0, False
    while line := stream.readline().strip():
        name, _, value = line.lower().partition(b":")
        if name == b"content-length":
            length = int(value)
        elif name == b"accept-encoding":
            takes_gzip = b"gzip" in value
    return Asked(words[0].decode(), words[1].decode(), takes_gzip, stream.read(length) if length else b"")


def serve(told: Mapping[str, Any]) -> dict[str, str]:
    """Open the ports; the origin of each, by its name."""
    pages = Pages()
    tls = None
    if told["certificate"]:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(told["certificate"])
    opened = {}
    for name, settings in told["ports"].items():
        behaviour = Behaviour(**settings)
        for number in range(min(behaviour.pages, 20)):
            pages.rows(number, behaviour.page_size)
        opened[name] = Port(behaviour, pages, tls if behaviour.is_tls else None).origin
    return opened


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
