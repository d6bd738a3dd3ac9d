"""Keeping the state of a running emulator, and having it again: rows, clock, switches, registrations.

What lives with the process stays as it is: addresses, tokens, faults, what was received.
"""

from __future__ import annotations

from connector.emulator.identity.tokens import TENANT
from connector.emulator.platform.service import AsynchronousService
from connector.emulator.store import Image
from connector.errors import StateFileError, UsageError


def restore(service: AsynchronousService, image: Image) -> None:
    """Have a state again that this emulator once had. Jobs that are due in it are carried out at once.

    Raises StateFileError for another emulator's: its tenant and its applications are not those that
    clients of this one know.
    """
    with service.store.snapshot() as tx:
        tenant = tx.setting(TENANT)
    if image.setting(TENANT) != tenant:
        raise StateFileError(
            "This snapshot was taken of another emulator, whose applications sign in differently.",
            "Serve it by itself: a snapshot is a state file, `projops emulator serve SNAPSHOT`.",
        )
    service.restore(image)


class Mark:
    """One state kept in memory, so that tests can go back to it again and again."""

    def __init__(self, service: AsynchronousService) -> None:
        self._service = service
        self._image: Image | None = None

    def set(self) -> None:
        self._image = self._service.store.image()

    def go_back(self) -> None:
        """Raises UsageError when no mark was set."""
        if self._image is None:
            raise UsageError("There is no mark to go back to.", "Set it first.")
        self._service.restore(self._image)
