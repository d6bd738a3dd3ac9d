"""Several ASGI applications, each on a socket of its own, in one background thread."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector.emulator.trouble.connection import CONNECTION
from connector.errors import SettingsError

HOST = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # only where somebody asks for it, with a warning
_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 10.0
_LONGEST_HEAD_BYTES = 256 * 1024  # an address that is too long is refused by the protocol, in JSON

for _name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class Address(NamedTuple):
    """Where the Web API listens; port 0 is one that the system chooses."""

    host: str = HOST
    port: int = 0


LOOPBACK = Address()


class Reachable(H11Protocol):
    """Hands its transport down in the scope, so that a fault can cut the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        plain = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), CONNECTION: transport}
            await plain(scope, receive, send)

        self.app = app


class BackgroundServers:
    """Add applications, `run`, and `stop` once or more often."""

    def __init__(self) -> None:
        self._servers: list[uvicorn.Server] = []
        self._sockets: list[socket.socket] = []
        self._thread: threading.Thread | None = None

    def add(self, app: ASGIApp, held: socket.socket, context: ssl.SSLContext | None = None) -> None:
        """Serve `app` on a listening socket, with TLS when there is a context; before `run`."""
        config = uvicorn.Config(
            app,
            http=Reachable,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            date_header=False,
            server_header=False,
            h11_max_incomplete_event_size=_LONGEST_HEAD_BYTES,
        )
        config.load()
        config.ssl = context
        self._servers.append(uvicorn.Server(config))
        self._sockets.append(held)

    def run(self) -> None:
        """Start the thread and return when every port answers."""
        self._thread = threading.Thread(target=self._main, name="projops-emulator", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not all(server.started for server in self._servers):
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise SettingsError("The emulator did not start.", "Its log has the reason.")
            time.sleep(0.002)

    def stop(self) -> None:
        """Answer what is under way, cut idle connections, close the ports."""
        for server in self._servers:
            server.should_exit = True
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while self._thread is not None and self._thread.is_alive() and time.monotonic() < deadline:
            if not any(server.server_state.tasks for server in self._servers):
                for server in self._servers:
                    server.force_exit = True
            self._thread.join(0.02)
        self._thread = None
        for held in self._sockets:
            held.close()

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        pairs = zip(self._servers, self._sockets, strict=True)
        await asyncio.gather(*(server.serve(sockets=[held]) for server, held in pairs))
        await self._abort_idle()

    async def _abort_idle(self) -> None:
        """Connections that clients keep open: with TLS each would be waited for to say goodbye."""
        idle = [connection for server in self._servers for connection in server.server_state.connections]
        for connection in idle:
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        if idle:
            await asyncio.sleep(0.01)  # the loop closes the sockets in its next rounds


def listen(port: int, host: str = HOST) -> socket.socket:
    """A listening socket; port 0 takes a free one. SettingsError when it is taken, or no address of ours."""
    # With the protocol spelled out asyncio turns off Nagle, which would cost 40 ms an answer.
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        held.bind((host, port))
        held.listen(128)
    except (OSError, OverflowError, UnicodeError) as error:
        held.close()
        raise SettingsError(
            f"The port {port} of {host} cannot be used: {error}.",
            "Take port 0: the system chooses a free one. The host is an address of this machine.",
        ) from error
    return held


def name_of(host: str) -> str:
    """What clients call a machine that listens on this address; of all addresses, by its own name."""
    return socket.gethostname() if host == EVERYWHERE else host


def origin_of(held: socket.socket, *, https: bool, name: str = HOST) -> str:
    return f"{'https' if https else 'http'}://{name}:{held.getsockname()[1]}"
