"""Opens a page: the port at once; what is heavy is loaded while the browser is on its way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import TYPE_CHECKING, NamedTuple

from connector.console.call import Call
from connector.console.page.keys import Access
from connector.console.page.port import HOST, listen

if TYPE_CHECKING:
    from connector.console.page.building import Built
    from connector.console.page.keeper import Keeper
    from connector.console.page.server import Serving
    from connector.dataverse import RetryPolicy
    from connector.settings import Settings

BUILT_WITHIN_S = 1.0


class Kind(NamedTuple):
    """What the page may do, and how long it waits for an environment; None: the usual patience."""

    is_acting: bool
    patience: RetryPolicy | None


class OpenPage:
    """A page whose port listens; `keeper` waits until everything behind it is there."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._is_settled = threading.Event()
        self._serving: Serving | None = None
        self._built: Built | None = None
        self._error: BaseException | None = None

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.access.port}"

    @property
    def keeper(self) -> Keeper:
        """Of the environment that the page opens with. Raises what building the page raised."""
        return self.keepers[0]

    @property
    def keepers(self) -> tuple[Keeper, ...]:
        """Of all environments. Raises what building the page raised."""
        self._is_settled.wait()
        self.check()
        assert self._built is not None
        return tuple(site.keeper for site in self._built.sites)

    def check(self) -> None:
        """Raises what building the page raised, as soon as that is known."""
        if self._error is not None:
            raise self._error

    def build(self, call: Call, settings: Settings, held: socket, kind: Kind) -> None:
        """First what answers at all, then all that it answers with."""
        try:
            from connector.console.page.door import Door
            from connector.console.page.guard import Guard
            from connector.console.page.server import Serving

            door = Door()
            self._serving = Serving(Guard(door, self.access), held)
            self._serving.start()
            from connector.console.page.building import PATIENCE, built

            self._built = built(
                call, settings, self.access, is_acting=kind.is_acting, patience=kind.patience or PATIENCE
            )
            door.open(self._built.application())
        except BaseException as error:  # noqa: BLE001  # raised again by `check`, in the command's thread
            self._error = error
        self._is_settled.set()

    def close(self) -> None:
        """What is not built within the time has read and done nothing: it ends with the process."""
        self._is_settled.wait(BUILT_WITHIN_S)
        if self._built is not None:
            self._built.finish()
        if self._serving is not None:
            self._serving.end()
        if self._built is not None:
            self._built.close()


@contextmanager
def open_page(
    call: Call, *, port: int = 0, is_acting: bool = False, patience: RetryPolicy | None = None
) -> Iterator[OpenPage]:
    """Raises SettingsError for a port that is taken, and for an environment that is not named."""
    settings = _first(call)
    settings.require_url()
    held = listen(port)
    page = OpenPage(Access(held.getsockname()[1]))
    threading.Thread(
        target=page.build,
        args=(call, settings, held, Kind(is_acting, patience)),
        name="builds the page",
        daemon=True,
    ).start()
    try:
        yield page
    finally:
        page.close()
        held.close()


def _first(call: Call) -> Settings:
    """The environment that is named, or else the first of the project file: a page shows all of them."""
    settings = call.settings()
    if settings.dataverse_url or settings.profile or not settings.profiles:
        return settings
    return call.settings({"profile": settings.profiles[0]})
