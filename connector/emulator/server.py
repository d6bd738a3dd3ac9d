"""The running emulator: a background thread that serves the Web API, the token endpoint and control.

with start(None) as emulator:
    emulator.url, emulator.authority, emulator.client_id, emulator.ca_file …
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Self, TypeAlias

from starlette.types import ASGIApp

from connector.emulator.api import WebApi, path_behind_root
from connector.emulator.bootstrap import APPLICATION_USER, CLIENT, bootstrap
from connector.emulator.certificates import Certificates
from connector.emulator.identity.callers import Callers
from connector.emulator.identity.endpoint import token_app
from connector.emulator.identity.tokens import APPLICATIONS, TENANT, Issuer
from connector.emulator.loading import Loaded
from connector.emulator.protocol.messages import Request
from connector.emulator.registry import Registry
from connector.emulator.schema import Schema, load_schema
from connector.emulator.serving import HOST, LOOPBACK, Address, BackgroundServers, listen, name_of, origin_of
from connector.emulator.store import Image, Store
from connector.emulator.trouble import Trouble
from connector.emulator.trouble.injection import Disturbed, Surroundings, disturb_item

if TYPE_CHECKING:
    from connector.emulator.protocol.dispatch import Service

Extension: TypeAlias = Callable[[Registry, Schema], None]
ControlFactory: TypeAlias = Callable[["RunningEmulator"], tuple[str, ASGIApp]]


class RunningEmulator:
    """A started emulator. `stop()` it, or use it as a context manager.

    url            origin of the environment, for DATAVERSE_URL
    token_url      the token endpoint;  authority: what msal wants, https://127.0.0.1:PORT/TENANT
    tenant_id, client_id, client_secret, user_id: the application and its systemuser
    ca_file        PEM file with the authority's certificate, for `verify`
    control_url    address of the control application with its token, None without one
    store          the state, for the platform's side and for tests
    trouble        faults, limits, and what was received
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        certificates: Certificates,
        sockets: tuple[socket, socket],
        *,
        https: bool,
        name: str = HOST,
    ) -> None:
        self.store = store
        self._name = name
        self.registry = registry
        self._token_origin = origin_of(sockets[1], https=True, name=name)
        self.issuer = Issuer(store, self._token_origin)
        self.trouble = Trouble()
        self.ca_file: Path = certificates.ca_file
        self.control_url: str | None = None
        self._certificates = certificates
        self._servers = BackgroundServers()
        self._service = Loaded(self._make_service)
        with store.snapshot() as tx:
            self.tenant_id = str(tx.setting(TENANT))
            self.client_id = str(tx.setting(CLIENT))
            self.client_secret = str(tx.setting(APPLICATIONS, {}).get(self.client_id, ""))
            self.user_id = str(tx.setting(APPLICATION_USER))
        self.url = origin_of(sockets[0], https=https, name=name)
        self.authority = f"{self._token_origin}/{self.tenant_id}"
        self.token_url = f"{self.authority}/oauth2/v2.0/token"
        self._servers.add(self._web_api(), sockets[0], certificates.context if https else None)
        self._servers.add(self._tokens(), sockets[1], certificates.context)

    def __repr__(self) -> str:
        return f"RunningEmulator({self.url})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin that a token may be asked for."""
        names = dict.fromkeys((self._name, HOST, "localhost"))
        return tuple(self.url.replace(f"//{self._name}:", f"//{name}:") for name in names)

    def mount_control(self, token: str, app: ASGIApp) -> None:
        """Serve an application on a port of its own, plain http, under `/token`; before `run`."""
        held = listen(0)
        self._servers.add(app, held)
        self.control_url = f"{origin_of(held, https=False)}/{token}"

    def run(self) -> None:
        """Serve, and tell others where through the file beside the state file."""
        self._servers.run()
        self._service.begin()
        if self.store.owner:
            self.store.owner.publish({"url": self.url})

    def stop(self) -> None:
        """Answer what is under way, close the ports and the state file; more than once does no harm."""
        self.trouble.end()
        self._servers.stop()
        self._certificates.remove()
        self.store.close()

    def _web_api(self) -> ASGIApp:
        callers = Callers(self.store, self.issuer)
        around = Surroundings(
            "web_api", self._now, path_behind_root, callers.identify, self.issuer.expire_all
        )
        return Disturbed(
            WebApi(self._service.get, callers, self._now, self._challenge, self._name), self.trouble, around
        )

    def _make_service(self) -> Service:
        """The protocol, which is not needed to listen, to ask for a token and to hand one out."""
        from connector.emulator.protocol.builtin import register_builtin  # noqa: PLC0415 - heavy: not for the start
        from connector.emulator.protocol.dispatch import Service  # noqa: PLC0415 - heavy: not for the start

        register_builtin(self.registry)
        return Service(self.store, self.store.schema, self.registry, self._disturb_item)

    def _tokens(self) -> ASGIApp:
        app = token_app(self.issuer, self._now, self._token_origin, lambda: self.origins)
        return Disturbed(app, self.trouble, Surroundings("token", self._now, lambda path: path.lstrip("/")))

    def _now(self) -> datetime:
        return self.store.now

    def _disturb_item(self, request: Request) -> None:
        disturb_item(self.trouble, request, self._now())

    def _challenge(self, origin: str) -> str:
        return f"Bearer authorization_uri={self.authority}/oauth2/authorize, resource_id={origin}"


def start(
    path: Path | None,
    *,
    https: bool = True,
    address: Address = LOOPBACK,
    now: datetime | None = None,
    extensions: Sequence[Extension] = (),
    control: ControlFactory | None = None,
    image: Image | None = None,
) -> RunningEmulator:
    """Open the state (a file, or memory for None), and serve it on loopback, or at another `address`.

    The control application is on loopback in any case.

    `now` is where the clock of a new state stands (default: the time of this machine); `extensions`
    register behaviour; `control` makes the control application once the emulator's facts are known:
    it returns the unguessable first segment of its paths and the application. A new state begins as
    `image` where one is given.
    Raises StateFileError for a file that is none of ours or in use, SettingsError for a taken port.
    """
    schema = load_schema()
    registry = Registry()
    for extend in extensions:
        extend(registry, schema)
    with ExitStack() as undo:
        # The ports first: a taken one leaves no new state file behind.
        sockets = (listen(address.port, address.host), listen(0, address.host))
        for held in sockets:
            undo.callback(held.close)
        store = Store.open(path, schema, now=now or datetime.now(UTC))
        undo.callback(store.close)
        if image is not None and store.is_new:
            store.restore(image)
        with store.transaction() as tx:
            if tx.setting(TENANT) is None:
                bootstrap(tx)
        certificates = Certificates(name_of(address.host))
        undo.callback(certificates.remove)
        emulator = RunningEmulator(
            store, registry, certificates, sockets, https=https, name=name_of(address.host)
        )
        undo.callback(emulator.stop)
        if control is not None:
            emulator.mount_control(*control(emulator))
        emulator.run()
        undo.pop_all()
    return emulator
