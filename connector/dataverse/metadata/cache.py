"""What tables are, kept on disk between two starts for as long as the schema stays the same."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from connector.dataverse.metadata.definitions import TableDefinition

FORMAT = 1


@dataclass(frozen=True)
class SchemaVersion:
    """Which schema a cache holds: of which organization, seen by whom, and in which version.

    Labels are in the user's language, so a cache belongs to a user. `version` is the annotation
    globalmetadataversion, which changes with every change of the schema.
    """

    origin: str
    organization_id: str
    user_id: str
    version: str


class _File(msgspec.Struct):
    """What stands in a file. A table that is null is known not to be there."""

    format: int
    schema: SchemaVersion
    tables: dict[str, TableDefinition | None]
    described: dict[str, TableDefinition]


@dataclass(frozen=True)
class CachedTables:
    """`tables` as `table_definitions` gives them, `described` as `table_description` does."""

    tables: Mapping[str, TableDefinition | None]
    described: Mapping[str, TableDefinition]


NOTHING = CachedTables({}, {})


class MetadataCache:
    """A folder with one file for each environment and user.

    A file that is broken, of another format or of another schema is as good as none, and a folder that
    cannot be written keeps nothing: no error comes from here. Files appear whole (written beside and
    renamed) and are readable by their owner alone; of two processes at once the later one wins.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def __repr__(self) -> str:
        return f"MetadataCache({str(self.folder)!r})"

    def load(self, schema: SchemaVersion) -> CachedTables:
        try:
            found = msgspec.json.decode(self.path_of(schema).read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return NOTHING
        if found.format != FORMAT or found.schema != schema:
            return NOTHING
        return CachedTables(found.tables, found.described)

    def store(self, schema: SchemaVersion, tables: CachedTables) -> None:
        content = _File(FORMAT, schema, dict(tables.tables), dict(tables.described))
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self.path_of(schema), msgspec.json.encode(content))
        except OSError:
            return

    def path_of(self, schema: SchemaVersion) -> Path:
        """The file of an environment and user; its name tells the host and no more."""
        key = f"{schema.origin}\n{schema.organization_id}\n{schema.user_id}"
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        host = "".join(c if c.isalnum() or c in ".-" else "-" for c in urlsplit(schema.origin).hostname or "")
        return self.folder / f"metadata-{host}-{digest}.json"


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all; mkstemp gives a file that its owner alone can read."""
    handle, name = tempfile.mkstemp(prefix=path.stem, suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
