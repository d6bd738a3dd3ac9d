"""Opens a page: the port at once, the environment behind it in the background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from connector.console.call import Call
from connector.console.connection import Connection, connected, zone_of_this_machine
from connector.console.failures import FaultLog
from connector.console.page.actions import Actions
from connector.console.page.app import Site
from connector.console.page.guard import Access
from connector.console.page.keeper import Keeper
from connector.console.page.server import Serving, listen
from connector.dataverse import RetryPolicy

PATIENCE = RetryPolicy(budget_s=20, most_faults=3, longest_pause_s=5, answer_timeout_s=120)
"""What one request may take: a page says sooner than a command that the environment is in trouble."""


@dataclass(frozen=True)
class OpenPage:
    access: Access
    keeper: Keeper

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.access.port}"


@contextmanager
def open_page(
    call: Call, *, port: int = 0, is_acting: bool = False, patience: RetryPolicy = PATIENCE
) -> Iterator[OpenPage]:
    """Raises SettingsError for a port that is taken, and for an environment that is not named."""
    settings = call.settings()
    label = settings.require_url()

    def connect() -> AbstractContextManager[Connection]:
        return connected(settings, call.voice, replace(patience, sleep=keeper.wait))

    held = listen(port)
    access = Access(held.getsockname()[1])
    keeper = Keeper(settings, connect, call.voice, lambda fault: written(fault, call.log))
    actions = Actions(keeper, call.voice) if is_acting else None
    site = Site(keeper, access, label, zone_of_this_machine(), actions)
    with Serving(site.app(), held):
        keeper.start()
        try:
            yield OpenPage(access, keeper)
        finally:
            if actions is not None:
                actions.finish()
            keeper.close()


def written(fault: Exception, log: FaultLog) -> str:
    """Where what happened can be read."""
    try:
        return f"{type(fault).__name__}: what happened is in {log.write(fault)}."
    except OSError as error:
        return f"{type(fault).__name__}; no log could be written to {log.folder}: {error.strerror}."
