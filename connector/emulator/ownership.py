"""Who serves a state file: this process, or another one that does already.

One process owns a state file at a time; the lock dies with the process (see store/statefile.py). The
owner writes beside it `FILE-access`, readable by its own user only: where it listens, and the secret
with which a second command of the same user attaches. One that a dead process left behind is known
by the lock that nobody holds.

    with open_emulator(Path("sandbox.db")) as emulator:
        emulator.url, emulator.client_secret, emulator.is_new, emulator.control_url …
        emulator.advance_clock(timedelta(days=1))
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from starlette.types import ASGIApp

from connector.emulator.access import AccessFacts, read_access, remove_access, write_access
from connector.emulator.clock import advance_clock, move_clock
from connector.emulator.control import make_control_app, new_token
from connector.emulator.platform.platform import Platform
from connector.emulator.platform.privileges import change_privileges
from connector.emulator.platform.service import AsynchronousService
from connector.emulator.platform.switches import change_switches
from connector.emulator.seed import CLOCK_STARTS, check_seed, plant, plant_snapshot, seed_of
from connector.emulator.seed.snapshot_file import SnapshotError, SnapshotFile
from connector.emulator.server import RunningEmulator, start
from connector.emulator.serving import LOOPBACK, Address
from connector.emulator.snapshots import restore
from connector.emulator.store import Image, Store, read_owner
from connector.emulator.store.statefile import StateFileInUseError, remove_state_file
from connector.emulator.trouble import Trouble
from connector.errors import StateFileError
from connector.hooks import Plugins, load_plugins

ATTACH_WITHIN_S = 10.0
"""How long a second command waits for an owner that is only just starting."""


@dataclass(frozen=True)
class OpenEmulator:
    """An emulator that this process serves, or one that it found served.

    `url` is the origin of the environment, `authority` https://127.0.0.1:PORT/TENANT, `ca_file` the
    PEM file of its certificate authority, `control_url` the address of the control endpoint with its
    token. `is_new`: the state was made and filled by this call. `is_attached`: another process serves
    it; then there is no `running` and no `platform`, and the clock moves by the control endpoint.
    """

    facts: AccessFacts
    is_new: bool
    running: RunningEmulator | None = None
    platform: Platform | None = None

    def __repr__(self) -> str:
        return f"OpenEmulator({self.url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return self.facts.url

    @property
    def token_url(self) -> str:
        return self.facts.token_url

    @property
    def authority(self) -> str:
        return self.facts.authority

    @property
    def tenant_id(self) -> str:
        return self.facts.tenant_id

    @property
    def client_id(self) -> str:
        return self.facts.client_id

    @property
    def client_secret(self) -> str:
        return self.facts.client_secret

    @property
    def ca_file(self) -> Path:
        return Path(self.facts.ca_file)

    @property
    def control_url(self) -> str:
        return self.facts.control_url

    def environment(self) -> dict[str, str]:
        """What a client's process environment wants, ours and others'; the client secret among it."""
        return {
            "DATAVERSE_URL": self.url,
            "AZURE_TENANT_ID": self.tenant_id,
            "AZURE_CLIENT_ID": self.client_id,
            "AZURE_CLIENT_SECRET": self.client_secret,
            "AZURE_AUTHORITY_HOST": self.authority.removesuffix(f"/{self.tenant_id}"),
            "PROJOPS_CA_FILE": str(self.ca_file),
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
        }

    @property
    def is_attached(self) -> bool:
        return self.running is None

    @property
    def store(self) -> Store:
        """The state; for the process that serves it."""
        return self.service.store

    @property
    def service(self) -> AsynchronousService:
        if self.platform is None:
            raise StateFileError("Another process serves this emulator.", f"Use {self.url}.")
        return self.platform.service

    @property
    def trouble(self) -> Trouble:
        """Faults, limits and what was received; for the process that serves it."""
        if self.running is None:
            raise StateFileError("Another process serves this emulator.", f"Use {self.control_url}.")
        return self.running.trouble

    def move_clock(self, to: datetime) -> datetime:
        return move_clock(self.service, to)

    def advance_clock(self, by: timedelta) -> datetime:
        return advance_clock(self.service, by)

    def change_switches(self, **changes: Any) -> None:
        with self.store.transaction() as tx:
            change_switches(tx, changes)

    def change_privileges(self, changes: Mapping[str, Any]) -> None:
        with self.store.transaction() as tx:
            change_privileges(tx, changes)

    def take_snapshot(self) -> Image:
        """The whole state as of now; for `restore_snapshot`, or to be written to a file."""
        return self.store.image()

    def restore_snapshot(self, image: Image) -> None:
        """Have that state again, the clock included. Raises StateFileError for another emulator's."""
        restore(self.service, image)

    def duplicate_chain(self, workflow: str | None = None) -> str:
        return self.service.duplicate_chain(workflow)

    def stop(self) -> None:
        """End the emulator when it is ours; leave it alone when it is another process's."""
        if self.platform is not None:
            self.platform.service.end()
        if self.running is not None:
            if self.running.store.path is not None:
                remove_access(self.running.store.path)
            self.running.stop()


def open_emulator(
    path: Path | None,
    *,
    https: bool = True,
    address: Address = LOOPBACK,
    seed: str = "sample",
    plugins: Plugins | None = None,
    image: Image | None = None,
    played: SnapshotFile | None = None,
) -> OpenEmulator:
    """Serve the state in `path` (None: in memory), or attach to the process that serves it.

    A missing file is made and filled with `seed`, or begins as `image`, or as the environment that is
    `played`; an existing one keeps what it has. Raises UsageError for an unknown seed, StateFileError for
    a file that is none of ours (it is left untouched), whose owner does not answer, or for a snapshot
    that cannot be played (no file is made then), PluginError, SettingsError for a taken port.
    """
    check_seed(seed)
    plugins = plugins or load_plugins()
    deadline = time.monotonic() + ATTACH_WITHIN_S
    while True:
        if path is not None and (facts := _attach(path)) is not None:
            return OpenEmulator(facts, is_new=False)
        is_there = path is not None and path.exists()
        try:
            return _serve(path, https, address, _Beginning(seed, image, played), plugins)
        except SnapshotError:
            if path is not None and not is_there:
                remove_state_file(path)
            raise
        except StateFileInUseError:
            # Two commands can begin at one moment: whoever comes second attaches on its next look.
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


@dataclass(frozen=True)
class _Beginning:
    """How a new state begins."""

    seed: str
    image: Image | None
    played: SnapshotFile | None

    def plant(self, store: Store) -> None:
        with store.transaction() as tx:
            if seed_of(tx) is None:
                plant(tx, self.seed) if self.played is None else plant_snapshot(tx, self.played)


def _serve(
    path: Path | None, https: bool, address: Address, beginning: _Beginning, plugins: Plugins
) -> OpenEmulator:
    platform = Platform(plugins)

    def control(emulator: RunningEmulator) -> tuple[str, ASGIApp]:
        # The first moment with a store, and before anybody can ask: the seed goes in here.
        beginning.plant(emulator.store)
        platform.attach(emulator.store)
        token = new_token()
        return token, make_control_app(platform.service, token, emulator.trouble, emulator.issuer)

    running = start(
        path,
        https=https,
        address=address,
        now=beginning.played.now if beginning.played else CLOCK_STARTS,
        extensions=[platform.extend],
        control=control,
        image=beginning.image,
    )
    facts = _facts(running)
    if path is not None:
        write_access(path, facts)
    return OpenEmulator(facts, is_new=running.store.is_new, running=running, platform=platform)


def _attach(path: Path) -> AccessFacts | None:
    """What the owner of `path` wrote; None when nobody owns it."""
    deadline = time.monotonic() + ATTACH_WITHIN_S
    while (owner := read_owner(path)) is not None:
        facts = read_access(path)
        if facts is not None and facts.url == owner.get("url"):
            return facts
        if time.monotonic() > deadline:
            raise StateFileError(
                f"{path} is served by another process that does not say how to reach it.",
                "End that process, or use the address that it printed.",
            )
        time.sleep(0.05)
    return None


def _facts(running: RunningEmulator) -> AccessFacts:
    return AccessFacts(
        url=running.url,
        token_url=running.token_url,
        authority=running.authority,
        tenant_id=running.tenant_id,
        client_id=running.client_id,
        client_secret=running.client_secret,
        ca_file=str(running.ca_file),
        control_url=str(running.control_url),
    )
