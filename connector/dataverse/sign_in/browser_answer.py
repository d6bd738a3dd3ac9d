"""Waiting on a loopback port for what the browser brings back from the sign-in page.

msal has such a server too; its own listens on all addresses inside a container and logs the code.
"""

from __future__ import annotations

import hmac
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs

LARGEST_FORM_BYTES: Final = 65_536
# Windows lets a Ctrl-C through only between waits.
_BREATH_S: Final = 0.5
_DONE = "Signed in. You can close this page and go back to the program."
_FAILED = "The sign-in was not completed. The program says why."


class BrowserAnswer:
    """A server for one answer, from `with` to its end. The redirect is http://localhost:PORT (RFC 8252)."""

    def __init__(self) -> None:
        self._forms: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._forms))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._serve, name="projops-sign-in", daemon=True)
        self.redirect_uri = f"http://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, state: str, timeout_s: float) -> dict[str, str] | None:
        """The fields of the answer that carries this state; None when none came in time."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                form = self._forms.get(timeout=min(left_s, _BREATH_S))
            except queue.Empty:
                continue
            # Anything else on this machine can post here; only the page that we opened knows the state.
            if hmac.compare_digest(form.get("state", "").encode(), state.encode()):
                return form
        return None

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)


def _handler(forms: queue.SimpleQueue[dict[str, str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 < length <= LARGEST_FORM_BYTES:
                self.send_error(413)
                return
            fields = parse_qs(self.rfile.read(length).decode("utf-8", "replace"))
            form = {name: values[-1] for name, values in fields.items()}
            self._say(_DONE if "code" in form else _FAILED)
            forms.put(form)

        def do_GET(self) -> None:
            """A code never comes in an address: addresses are kept in histories and logs."""
            self._say(_FAILED, status=400)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: its own log goes to stderr."""

        def _say(self, text: str, status: int = 200) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

    return Handler
