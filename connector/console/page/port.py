"""The port of a page: it listens before anything heavy is loaded, so that a browser may come at once."""

from __future__ import annotations

import socket

from connector.errors import SettingsError

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one. Raises SettingsError when it is taken."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        held.bind((HOST, port))
        held.listen(128)
    except (OSError, OverflowError) as error:
        held.close()
        raise SettingsError(
            f"The port {port} cannot be used: {error}.", "Leave --port out: the system chooses a free one."
        ) from None
    return held
