"""The health of a worker, for a host that asks: JSON on a loopback port."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class HealthPort:
    """`port` None: nobody asks. 0: any that is free."""

    port: int | None

    @contextmanager
    def telling(self, health: Callable[[], Mapping[str, Any]]) -> Iterator[str]:
        """Answers GET /health with what `health` returns, 503 where its `is_well` is false; yields the
        address, empty where nobody asks."""
        if self.port is None:
            yield ""
            return

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = health() if self.path == "/health" else {}
                status = 404 if not found else 200 if found["is_well"] else 503
                body = json.dumps(found, default=str).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:
                """Nothing: a host asks every few seconds."""

        with ThreadingHTTPServer((LOOPBACK, self.port), Handler) as server:
            thread = Thread(target=server.serve_forever, name="health", daemon=True)
            thread.start()
            try:
                yield f"http://{LOOPBACK}:{server.server_address[1]}/health"
            finally:
                server.shutdown()
                thread.join()
