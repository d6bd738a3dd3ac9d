"""An address that takes posts, over https with a certificate of its own."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme


@dataclass
class Hook:
    """`answers` are the statuses to give, the last one for good; `heads` and `bodies` are what came."""

    url: str
    ca_file: Path
    answers: list[int] = field(default_factory=lambda: [202])
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)


@contextmanager
def hook(folder: Path) -> Iterator[Hook]:
    authority = trustme.CA()
    ca_file = folder / "hook-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.heads.append(dict(self.headers))
            found.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            status = found.answers.pop(0) if len(found.answers) > 1 else found.answers[0]
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", found.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        found = Hook(f"https://127.0.0.1:{server.server_port}/hook/do-not-show", ca_file)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
