"""What stands behind the door: the readers of the environments, and the pages."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from urllib.parse import quote

from starlette.types import ASGIApp

from connector.console.call import Call
from connector.console.connection import Connection, connected, zone_of_this_machine
from connector.console.failures import FaultLog
from connector.console.page.actions import Actions
from connector.console.page.app import Peers, Site, application
from connector.console.page.keeper import Keeper
from connector.console.page.keys import Access
from connector.dataverse import RetryPolicy
from connector.errors import ProjopsError
from connector.settings import Settings

PATIENCE = RetryPolicy(budget_s=20, most_faults=3, longest_pause_s=5, answer_timeout_s=120)
"""What one request may take: a page says sooner than a command that the environment is in trouble."""

CLOSES_WITHIN_S = 0.7


@dataclass(frozen=True)
class Built:
    """`sites` are the environments, the first of them the one that the page opens with."""

    sites: tuple[Site, ...]

    def application(self) -> ASGIApp:
        return application(self.sites)

    def finish(self) -> None:
        """Wait for actions that are under way; then nothing more is read."""
        for site in self.sites:
            if site.actions is not None:
                site.actions.finish()
        for site in self.sites:
            site.keeper.end()

    def close(self) -> None:
        until_s = time.monotonic() + CLOSES_WITHIN_S
        for site in self.sites:
            site.keeper.close(max(0.0, until_s - time.monotonic()))


def built(
    call: Call, settings: Settings, access: Access, *, is_acting: bool, patience: RetryPolicy = PATIENCE
) -> Built:
    """Reading the first environment in the background; others when somebody looks at them."""
    sites, broken = [_site(call, settings, access, "", is_acting, patience)], []
    for name in settings.profiles:
        if name == settings.profile:
            continue
        try:
            other = call.settings({"profile": name})
            other.require_url()
        except ProjopsError as error:
            broken.append((name, error.message))
        else:
            sites.append(_site(call, other, access, f"/at/{quote(name, safe='')}", is_acting, patience))
    if len(sites) + len(broken) > 1:
        peers = Peers(tuple(sites), tuple(broken))
        for site in sites:
            site.peers = peers
    sites[0].keeper.start()
    return Built(tuple(sites))


def _site(
    call: Call, settings: Settings, access: Access, root: str, is_acting: bool, patience: RetryPolicy
) -> Site:
    def connect() -> AbstractContextManager[Connection]:
        return connected(settings, call.voice, replace(patience, sleep=keeper.wait))

    keeper = Keeper(settings, connect, call.voice, lambda fault: written(fault, call.log))
    actions = Actions(keeper, call.voice) if is_acting else None
    url = settings.require_url()
    label = f"{settings.profile}: {url}" if settings.profile else url
    return Site(keeper, access, label, zone_of_this_machine(), actions, root)


def written(fault: Exception, log: FaultLog) -> str:
    """Where what happened can be read."""
    try:
        return f"{type(fault).__name__}: what happened is in {log.write(fault)}."
    except OSError as error:
        return f"{type(fault).__name__}; no log could be written to {log.folder}: {error.strerror}."
