"""Requests seen from another thread: when one is on the wire, and what ends when nobody wants it any more."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

# Threads that use one client at the same time; more of them work too, on connections of their own.
_POOL_SIZE = 64
_LONGEST_HOLDING_S = 2.0


class Interest:
    """Whether anybody wants what some requests are for. After `cancel` none of them is sent any more, and
    none pauses; what is on its way is waited for.
    """

    def __init__(self) -> None:
        # Reentrant: a forgotten iterator may be closed by the garbage collector, in the middle of this.
        self._changed = threading.Condition(threading.RLock())
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        return self._is_cancelled

    def cancel(self) -> None:
        with self._changed:
            self._is_cancelled = True
            self._changed.notify_all()

    def pause(self, seconds: float) -> bool:
        """Let so many seconds pass; True at once when the interest is lost."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_cancelled, seconds)

    def sent(self, on: socket.socket | None) -> None:
        """A request is on the wire."""

    def heard(self) -> None:
        """Its answer has begun, or will not come."""

    def wait_for_room(self) -> None:
        """Its answer has begun well; returns when there is room for the rest."""


class Watch(Interest):
    """The interest in one request. Sets `progress` when something can be told; `cancel` also hangs up.

    Without `has_room` the body of an answer is left on the network until `make_room`, but no longer than two
    seconds: then a server may lose patience.

    Only the waiting for an answer is cut off. An answer that has begun is read to its end, so that its
    connection stays usable and no request of another thread is ever hit.
    """

    def __init__(self, *, has_room: bool = True) -> None:
        super().__init__()
        self._has_room = has_room
        self.progress = threading.Event()
        self._waiting_on: socket.socket | None = None

    def cancel(self) -> None:
        with self._changed:
            super().cancel()
            self._hang_up()

    def sent(self, on: socket.socket | None) -> None:
        with self._changed:
            self._waiting_on = on
            if self._is_cancelled:
                self._hang_up()
        self.progress.set()

    def heard(self) -> None:
        with self._changed:
            self._waiting_on = None

    def make_room(self) -> None:
        with self._changed:
            self._has_room = True
            self._changed.notify_all()

    def wait_for_room(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._has_room or self._is_cancelled, _LONGEST_HOLDING_S)

    def _hang_up(self) -> None:
        if isinstance(self._waiting_on, socket.socket):
            with contextlib.suppress(OSError):
                # Of the plain socket: that of TLS would forget its own state under the reading thread.
                socket.socket.shutdown(self._waiting_on, socket.SHUT_RDWR)


_watch: ContextVar[Interest | None] = ContextVar("watch", default=None)


@contextlib.contextmanager
def watched(watch: Interest | None) -> Iterator[None]:
    """Requests that this thread sends within are told to `watch`."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


class _Watched(HTTPConnection):
    def request(self, *args: Any, **options: Any) -> None:
        super().request(*args, **options)
        if (watch := _watch.get()) is not None:
            watch.sent(self.sock)

    def getresponse(self) -> Any:
        try:
            return super().getresponse()
        finally:
            if (watch := _watch.get()) is not None:
                watch.heard()


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class WatchedAdapter(HTTPAdapter):
    """requests' own adapter, with connections that tell what they do."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_POOL_SIZE)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager: PoolManager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


_POOLS = {"http": _Pool, "https": _TlsPool}
