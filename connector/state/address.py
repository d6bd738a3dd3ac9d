"""Where the state is: a SQLite file or a PostgreSQL database, told without its secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from connector.errors import SettingsError

SQLITE, POSTGRESQL = "sqlite", "postgresql"
LINE = {
    "application_name": "projops",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""A line that was cut without a word is given up within half a minute; an address may say otherwise."""
SESSION = (
    "-c idle_in_transaction_session_timeout=5000 -c lock_timeout=20000 -c tcp_user_timeout=20000 "
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
"""The same for the server's side: a host that was cut off in a transaction would hold its locks, and with
them the other hosts, for hours."""
HINT = "Give a file's path, sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/DATABASE."


@dataclass(frozen=True)
class StateAddress:
    """`path` is the SQLite file, None for PostgreSQL. Its text and its repr hold no secret."""

    url: sa.URL
    path: Path | None

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        shown = self.url.set(drivername=POSTGRESQL, query={})
        return shown.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"StateAddress({self})"

    @property
    def secret(self) -> str:
        """What must be shown nowhere; empty where there is none."""
        return str(self.url.password or self.url.query.get("password") or "")


def state_address(text: str) -> StateAddress:
    """A path, `sqlite:///FILE` or `postgresql://…`. Raises SettingsError, without repeating the text."""
    if "://" not in text:
        return _of_file(Path(text))
    try:
        url = sa.make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        raise SettingsError("PROJOPS_STATE_URL is no address of a database.", HINT) from None
    if backend == SQLITE:
        if not url.database or url.database == ":memory:":
            raise SettingsError("PROJOPS_STATE_URL names no file.", HINT)
        return _of_file(Path(url.database))
    if backend in {POSTGRESQL, "postgres"}:
        options = " ".join([SESSION, *url.normalized_query.get("options", ())])
        query = {**LINE, **url.query, "options": options}
        return StateAddress(url.set(drivername="postgresql+psycopg", query=query), None)
    raise SettingsError(f"PROJOPS_STATE_URL: {backend} is not supported.", HINT)


def _of_file(path: Path) -> StateAddress:
    absolute = path.expanduser().absolute()
    return StateAddress(sa.URL.create(SQLITE, database=str(absolute)), absolute)
