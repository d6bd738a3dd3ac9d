"""Serves the page on loopback until it is ended."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

STARTS_WITHIN_S = 20.0
ENDS_WITHIN_S = 1
"""Whoever presses Ctrl-C does not wait for an answer that a browser still waits for."""


class Serving:
    """An application on a socket, in a thread of its own."""

    def __init__(self, app: ASGIApp, held: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=ENDS_WITHIN_S,
        )
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._held = held
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="projops console", daemon=True)

    def start(self) -> None:
        """Requests are taken from the moment on at which the socket listens, which is before this."""
        self._thread.start()

    def end(self) -> None:
        self._server.should_exit = True
        self._thread.join(ENDS_WITHIN_S + 0.5)
        self._held.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._held]))
