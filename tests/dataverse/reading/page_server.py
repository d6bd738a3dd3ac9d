"""A server of pages on this machine, whose answers wait for whatever a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

# Long enough for any machine; nobody waits for it unless a test fails.
PATIENCE_S = 20


@dataclass(frozen=True)
class Reply:
    """Status, headers and body. `is_held` keeps it back until the client hangs up or the test ends."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    is_held: bool = False


Answering = Callable[[str], Reply]


class PageServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answering: Answering) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answering = answering
        self.seen: list[str] = []
        self.bodies: list[bytes] = []
        self.hung_up: list[str] = []
        self.ports: list[int] = []
        self.is_ending = False
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def note(self, of: list[str], path: str) -> None:
        with self._changed:
            of.append(path)
            self._changed.notify_all()

    def wait_for(self, is_so: Callable[[], bool]) -> bool:
        """Whether it became so; looked at whenever a request arrives or a client hangs up."""
        with self._changed:
            return self._changed.wait_for(is_so, PATIENCE_S)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients hang up here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, PageServer)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.bodies.append(body)
        server.ports.append(self.client_address[1])
        server.note(server.seen, self.path)
        reply = server.answering(self.path)
        if reply.is_held:
            self._hold(server)
            return
        self.send_response(reply.status)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_GET  # noqa: N815  # the name that http.server looks for

    def _hold(self, server: PageServer) -> None:
        self.connection.settimeout(0.05)
        while not server.is_ending:
            try:
                if self.connection.recv(1) == b"":
                    server.note(server.hung_up, self.path)
                    break
            except TimeoutError:
                continue
            except OSError:
                server.note(server.hung_up, self.path)
                break
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests are quiet."""


@contextmanager
def serving(answering: Answering) -> Iterator[PageServer]:
    server = PageServer(answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.is_ending = True
        server.shutdown()
        thread.join()
        server.server_close()


def page(ids: list[str], link: str | None = None) -> Reply:
    rows = [{"accountid": each} for each in ids]
    return Reply(json.dumps({"value": rows} | ({"@odata.nextLink": link} if link else {})).encode())


def number_of(path: str) -> int:
    """Of the page that is asked for: p=2 is the second; the first has none."""
    return int(parse_qs(urlsplit(path).query).get("p", ["1"])[0])


def filter_of(path: str) -> str:
    return unquote(parse_qs(urlsplit(path).query).get("$filter", [""])[0])


def threads_named(name: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == name]


def are_gone(name: str) -> bool:
    """Whether all threads of that name end by themselves."""
    for thread in threads_named(name):
        thread.join(PATIENCE_S)
    return not threads_named(name)
