"""Passes bytes on from listeners to servers, until its stdin ends: `python relay.py HOST:PORT>HOST:PORT …`.

A line that was cut holds what comes, in both directions, until it is mended: nobody is told.
"""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread

Address = tuple[str, int]


@dataclass
class Relay:
    target: Address
    listener: socket.socket
    whole: Event = field(default_factory=Event)

    @classmethod
    def between(cls, near: Address, far: Address) -> Relay:
        relay = cls(far, socket.create_server(near))
        relay.whole.set()
        Thread(target=relay._listen, daemon=True).start()
        return relay

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        self.whole.wait()
        try:
            far = socket.create_connection(self.target)
        except OSError:
            near.close()
            return
        Thread(target=self._pass_on, args=(far, near), daemon=True).start()
        self._pass_on(near, far)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.whole.wait()
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


def main() -> None:
    for pair in sys.argv[1:]:
        near, _, far = pair.partition(">")
        Relay.between(_address(near), _address(far))
    sys.stdin.read()


if __name__ == "__main__":
    main()
