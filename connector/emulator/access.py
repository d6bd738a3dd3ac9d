"""The file `FILE-access`: how another command of the same user reaches a running emulator."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class AccessFacts(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    token_url: str
    authority: str
    tenant_id: str
    client_id: str
    client_secret: str
    ca_file: str
    control_url: str

    def __repr__(self) -> str:
        return f"AccessFacts({self.url})"


def access_file(path: Path) -> Path:
    return path.with_name(path.name + "-access")


def write_access(path: Path, facts: AccessFacts) -> None:
    """Readable and writable by its owner only, where the system has such modes."""
    remove_access(path)
    descriptor = os.open(access_file(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(facts))


def read_access(path: Path) -> AccessFacts | None:
    """None when there is no such file, or only half of it."""
    try:
        return msgspec.json.decode(access_file(path).read_bytes(), type=AccessFacts)
    except (OSError, msgspec.DecodeError):
        return None


def remove_access(path: Path) -> None:
    access_file(path).unlink(missing_ok=True)
