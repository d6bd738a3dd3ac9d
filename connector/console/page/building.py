"""Everything behind the port: the reader of the environment, the pages, the server."""

from __future__ import annotations

import socket
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace

from connector.console.call import Call
from connector.console.connection import Connection, connected, zone_of_this_machine
from connector.console.failures import FaultLog
from connector.console.page.actions import Actions
from connector.console.page.app import Site
from connector.console.page.keeper import Keeper
from connector.console.page.keys import Access
from connector.console.page.server import Serving
from connector.dataverse import RetryPolicy
from connector.settings import Settings

PATIENCE = RetryPolicy(budget_s=20, most_faults=3, longest_pause_s=5, answer_timeout_s=120)
"""What one request may take: a page says sooner than a command that the environment is in trouble."""


@dataclass(frozen=True)
class Built:
    keeper: Keeper
    actions: Actions | None
    _stack: ExitStack

    def close(self) -> None:
        """An action that is under way is finished; then the port is closed."""
        if self.actions is not None:
            self.actions.finish()
        self.keeper.close()
        self._stack.close()


def built(
    call: Call,
    settings: Settings,
    held: socket.socket,
    access: Access,
    *,
    is_acting: bool,
    patience: RetryPolicy = PATIENCE,
) -> Built:
    """Serving, and reading in the background."""

    def connect() -> AbstractContextManager[Connection]:
        return connected(settings, call.voice, replace(patience, sleep=keeper.wait))

    keeper = Keeper(settings, connect, call.voice, lambda fault: written(fault, call.log))
    actions = Actions(keeper, call.voice) if is_acting else None
    site = Site(keeper, access, settings.require_url(), zone_of_this_machine(), actions)
    with ExitStack() as stack:
        stack.enter_context(Serving(site.app(), held))
        keeper.start()
        return Built(keeper, actions, stack.pop_all())


def written(fault: Exception, log: FaultLog) -> str:
    """Where what happened can be read."""
    try:
        return f"{type(fault).__name__}: what happened is in {log.write(fault)}."
    except OSError as error:
        return f"{type(fault).__name__}; no log could be written to {log.folder}: {error.strerror}."
