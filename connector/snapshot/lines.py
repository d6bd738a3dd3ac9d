"""A snapshot as JSON lines: a header, the rows, an end. See docs/snapshot.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from connector.snapshot.rows import Pulled, Value

FORMAT = 1


def snapshot_lines(pulled: Pulled) -> Iterator[bytes]:
    """The lines of the file, each with its end; without the last one a file is known to be cut off."""
    header = pulled.header
    yield _line(
        {
            "projops_snapshot": FORMAT,
            "now": _text(header.now),
            "caller": header.caller,
            "has_values": header.has_values,
            "rules": dict(header.rules),
        }
    )
    count = 0
    for row in pulled.rows:
        count += 1
        values = {name: _text(value) for name, value in row.values.items()}
        yield _line({"table": row.table, "row": values})
    yield _line({"end": True, "rows": count, "unread": dict(pulled.unread)})


def _line(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content) + b"\n"


def _text(value: Value) -> str | int | bool:
    """Amounts are texts, so that nobody reads them as binary numbers; instants are UTC with a Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return value
