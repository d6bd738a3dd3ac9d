"""What is done to a connection: cutting it, and keeping an answer back.

The server hands its transport down in the scope (`Reachable` in serving.py): ASGI itself knows no way to
end a connection without an answer.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import sys
import threading
from asyncio import Transport
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Receive, Scope, Send

CONNECTION = "projops.connection"
"""The extension of a scope under which the server's transport stands."""
_BREATH_S = 0.05
_FAREWELL_S = 1.0
_LINGER = "hh" if sys.platform == "win32" else "ii"


@dataclass
class Kept:
    """An answer that was kept back."""

    start: Message = field(default_factory=dict)
    body: bytes = b""


async def keep(carry_out: Callable[[Send], Awaitable[None]]) -> Kept:
    """Carry a request out and hold its answer."""
    kept, chunks = Kept(), list[bytes]()

    async def holding(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept.start = message
        else:
            chunks.append(message.get("body", b""))

    await carry_out(holding)
    kept.body = b"".join(chunks)
    return kept


async def drain(receive: Receive) -> None:
    """Take the whole request: what a client is still sending must not decide what it sees."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
        pass


async def cut(scope: Scope, receive: Receive, *, is_reset: bool = False) -> None:
    """End the connection without a farewell; returns when it is gone."""
    transport = _transport(scope)
    if is_reset:
        # A socket that does not linger is reset when it is closed.
        held = transport.get_extra_info("socket")
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
    transport.abort()
    await _gone(receive)


async def cut_in_body(scope: Scope, receive: Receive, send: Send, kept: Kept, *, is_gzip: bool) -> None:
    """Send the head and half of the body, then end the connection."""
    if is_gzip and b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b""):
        kept = _compressed(kept)
    transport = _transport(scope)
    if kept.body:
        await send(kept.start)
        await send(_body(kept.body[: len(kept.body) // 2], more_body=True))
    else:
        transport.write(b"HTTP/1.1 ")
    # Closing lets out what was written; aborting could throw it away.
    transport.close()
    try:
        await asyncio.wait_for(_gone(receive), _FAREWELL_S)
    except TimeoutError:
        transport.abort()
        await _gone(receive)


async def pass_on(send: Send, kept: Kept, between: Callable[[], Awaitable[None]]) -> None:
    """Send what was kept, its body in two halves."""
    half = len(kept.body) // 2
    await send(kept.start)
    if half:
        await send(_body(kept.body[:half], more_body=True))
    await between()
    await send(_body(kept.body[half:], more_body=False))


async def hold_back(seconds: float, receive: Receive, ended: threading.Event) -> None:
    """Wait, but not longer than the client does and the emulator lives. The request has been taken whole."""
    gone = asyncio.ensure_future(_gone(receive))
    left_s = seconds
    while left_s > 0 and not ended.is_set() and not gone.done():
        await asyncio.wait({gone}, timeout=min(left_s, _BREATH_S))
        left_s -= _BREATH_S
    gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _compressed(kept: Kept) -> Kept:
    body = gzip.compress(kept.body)
    headers = [(name, value) for name, value in kept.start["headers"] if name.lower() != b"content-length"]
    headers += [(b"Content-Encoding", b"gzip"), (b"Content-Length", str(len(body)).encode())]
    return Kept({**kept.start, "headers": headers}, body)


def _body(content: bytes, *, more_body: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more_body}


def _transport(scope: Scope) -> Transport:
    transport: Transport = scope["extensions"][CONNECTION]
    return transport
