"""Two hosts, one PostgreSQL and one emulator: network namespaces where they can be had (Linux, as root),
else processes with folders of their own and lines that can be cut.

In namespaces a host has two cables, one to the database's network and one to the environment's; cutting one
is what pulling it out would be: nothing says that the line is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import which
from typing import Protocol
from urllib.parse import urlsplit

from tests import relay
from tests.postgresql import LOOPBACK, PostgresServer, postgresql
from tests.relay import Relay

NAMES = ("one", "two")
ENVIRONMENT = "10.9.9.9"
"""Where the emulator is reached over the hosts' second cable."""
PATIENCE_S = 300.0


class Network(Protocol):
    """How hosts reach the servers. `prefix` enters a host, `database_host` is where it finds the database."""

    def prefix(self, host: str) -> tuple[str, ...]: ...
    def database(self, host: str) -> tuple[str, int]: ...
    def cut(self, host: str) -> None: ...
    def mend(self, host: str) -> None: ...


@dataclass
class Namespaces:
    """`of` gives the namespace of a host, or of the servers."""

    server: PostgresServer
    tag: str = field(default_factory=lambda: f"pj{os.getpid()}")

    def of(self, host: str) -> str:
        return f"{self.tag}-{host}"

    def prefix(self, host: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.of(host))

    def database(self, host: str) -> tuple[str, int]:
        return f"10.9.{1 + NAMES.index(host)}.1", self.server.port

    def cut(self, host: str) -> None:
        _ip("-n", self.of("servers"), "link", "set", f"db-{host}", "down")

    def mend(self, host: str) -> None:
        _ip("-n", self.of("servers"), "link", "set", f"db-{host}", "up")

    @contextmanager
    def made(self) -> Iterator[None]:
        try:
            for one in ("servers", *NAMES):
                _ip("netns", "add", self.of(one))
                _ip("-n", self.of(one), "link", "set", "lo", "up")
            _ip("-n", self.of("servers"), "addr", "add", f"{ENVIRONMENT}/32", "dev", "lo")
            for number, host in enumerate(NAMES, start=1):
                self._cable(host, "db", f"10.9.{number}")
                self._cable(host, "env", f"10.9.{number + 10}")
                _ip("-n", self.of(host), "route", "add", ENVIRONMENT, "via", f"10.9.{number + 10}.1")
            yield
        finally:
            for one in ("servers", *NAMES):
                subprocess.run(["ip", "netns", "del", self.of(one)], capture_output=True, check=False)

    @contextmanager
    def lead_to(self, emulator: Mapping[str, str]) -> Iterator[None]:
        """An emulator is known by its address on loopback: each host has it there, at the end of a cable."""
        ports = [urlsplit(emulator[name]).port for name in ("DATAVERSE_URL", "AZURE_AUTHORITY_HOST")]
        with ExitStack() as stack:
            stack.enter_context(self._relay("servers", ENVIRONMENT, LOOPBACK, ports))
            for host in NAMES:
                stack.enter_context(self._relay(host, LOOPBACK, ENVIRONMENT, ports))
            yield

    @contextmanager
    def _relay(self, where: str, near: str, far: str, ports: list[int | None]) -> Iterator[None]:
        pairs = [f"{near}:{port}>{far}:{port}" for port in ports]
        command = [*self.prefix(where), sys.executable, relay.__file__, *pairs]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            try:
                yield
            finally:
                process.kill()

    def _cable(self, host: str, kind: str, net: str) -> None:
        servers, peer = self.of("servers"), self.of(host)
        ends = ("type", "veth", "peer", "name", kind, "netns", peer)
        _ip("-n", servers, "link", "add", f"{kind}-{host}", *ends)
        for namespace, name, number in ((servers, f"{kind}-{host}", 1), (peer, kind, 2)):
            _ip("-n", namespace, "addr", "add", f"{net}.{number}/24", "dev", name)
            _ip("-n", namespace, "link", "set", name, "up")


@dataclass
class Lines:
    """A relay to the database for each host."""

    server: PostgresServer
    _relays: dict[str, Relay] = field(default_factory=dict)

    def prefix(self, _host: str) -> tuple[str, ...]:
        return ()

    def database(self, host: str) -> tuple[str, int]:
        return LOOPBACK, self._relays[host].port

    def cut(self, host: str) -> None:
        self._relays[host].whole.clear()

    def mend(self, host: str) -> None:
        self._relays[host].whole.set()

    @contextmanager
    def made(self) -> Iterator[None]:
        yield
        for line in self._relays.values():
            line.whole.set()
            line.listener.close()

    def lead_to(self, _emulator: Mapping[str, str]) -> AbstractContextManager[None]:
        """The database's port is known only now; the emulator is reached as it is."""
        for host in NAMES:
            self._relays[host] = Relay.between((LOOPBACK, 0), (LOOPBACK, self.server.port))
        return nullcontext()


@dataclass(frozen=True)
class Running:
    """A `projops serve` on a host."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@dataclass(frozen=True)
class Hosts:
    network: Network
    server: PostgresServer
    database: str
    emulated: Mapping[str, str]
    folder: Path
    stack: ExitStack

    @property
    def state_url(self) -> str:
        """The database as the test itself reaches it, whatever was cut."""
        return f"postgresql://postgres@/{self.database}?host={self.server.folder}&port={self.server.port}"

    def start(self, host: str, *arguments: str, **settings: str) -> Running:
        """projops on a host, with a state folder of its own."""
        (folder := self.folder / host).mkdir(exist_ok=True)
        address, port = self.network.database(host)
        environment = {
            **os.environ,
            **self.emulated,
            "PROJOPS_STATE_URL": self.server.url(self.database, address, port),
            "PROJOPS_STATE_FOLDER": str(folder),
            "PYTHONPATH": os.pathsep.join(sys.path),
            **settings,
        }
        log = folder / "said"
        command = [*self.network.prefix(host), sys.executable, "-m", "connector.console", *arguments]
        with log.open("ab") as file:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        self.stack.callback(process.wait, PATIENCE_S)
        self.stack.callback(process.kill)
        return Running(process, log)


@contextmanager
def hosts(folder: Path, state_file: Path, *, is_apart: bool) -> Iterator[Hosts]:
    """Two of them, in namespaces or not (`is_apart`); the emulator serves that file. All are ended with the
    block."""
    with ExitStack() as stack:
        server = stack.enter_context(postgresql("*" if is_apart else LOOPBACK))
        network: Namespaces | Lines = Namespaces(server) if is_apart else Lines(server)
        stack.enter_context(network.made())
        inside = network.prefix("servers") if is_apart else ()
        server.start(inside)
        emulated = stack.enter_context(_emulator(state_file, inside))
        stack.enter_context(network.lead_to(emulated))
        yield Hosts(network, server, server.new_database(), emulated, folder, stack)


@contextmanager
def _emulator(state_file: Path, prefix: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """What a client of it has in its process environment."""
    words = [sys.executable, "-m", "connector.console", "emulator", "serve", str(state_file)]
    command = [*prefix, *words, "--shell", "plain", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().rstrip("\n").partition("=") for _ in range(7)]
            yield {name: value for name, _, value in lines}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


def can_have_namespaces() -> bool:
    """Whether this is Linux, with ip, and we may."""
    if sys.platform != "linux" or os.geteuid() != 0 or which("ip") is None:
        return False
    name = f"pj{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return made


def until(is_so: Callable[[], object], *running: Running) -> None:
    """Wait for it, for as long as a busy machine may need; while all of those run."""
    over = time.monotonic() + PATIENCE_S
    while not is_so():
        said = "\n".join(one.said for one in running)
        assert time.monotonic() < over, f"It did not come. {said}"
        assert all(one.process.poll() is None for one in running), f"One has ended. {said}"
        time.sleep(0.02)


_ip = partial(lambda *words: subprocess.run(["ip", *words], check=True, capture_output=True))
