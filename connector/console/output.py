"""Results on stdout: text, one JSON object, JSON lines, or CSV.

A command produces a stream: dictionaries with a `kind`. Kinds that a layout names are the items of a
list; all others carry fields of the one result. JSON is spooled from the stream, so that memory stays
flat however much a run has to say.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TextIO

from connector.model.shown_text import harmless

Item = Mapping[str, Any]

SPOOLED_IN_MEMORY_BYTES = 1 << 20
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True)
class Layout:
    """The shape of one command's result.

    `schema` is its name and version ("projops.run/1"), `lists` maps kinds to the lists that hold them,
    `columns` are those of CSV, where every item of a list is a row.
    """

    schema: str
    lists: Mapping[str, str]
    columns: tuple[str, ...]

    def stream_of(self, result: Item) -> Iterator[Item]:
        """The stream of a result that is there as a whole."""
        kinds = {name: kind for kind, name in self.lists.items()}
        yield {"kind": "result", **{name: value for name, value in result.items() if name not in kinds}}
        for name, kind in kinds.items():
            for item in result.get(name, ()):
                yield {"kind": kind, **item}


@dataclass(frozen=True)
class Envelope:
    """What stands before every machine-readable result."""

    schema: str
    environment: str | None
    generated_at: datetime | None

    def fields(self) -> dict[str, str | None]:
        """`generated_at` is null where the environment has not said its time."""
        at = self.generated_at
        instant = at.astimezone(UTC).isoformat(timespec="seconds") if at is not None else None
        return {
            "schema": self.schema,
            "environment": self.environment,
            "generated_at": instant and instant.replace("+00:00", "Z"),
        }


def write(file: TextIO, form: Format, layout: Layout, envelope: Envelope, stream: Iterable[Item]) -> None:
    """Write a stream in one of the machine-readable formats."""
    if form is Format.JSON:
        _write_json(file, layout, envelope, stream)
    elif form is Format.JSONL:
        _write_lines(file, envelope, stream)
    elif form is Format.CSV:
        _write_csv(file, layout, stream)
    else:
        raise ValueError(form)


def write_text(file: TextIO, lines: Iterable[str]) -> None:
    """Write lines for people; what names of records could do to a terminal or a build log is taken out."""
    file.writelines(harmless(line) + "\n" for line in lines)


def is_closed_pipe(error: OSError) -> bool:
    """Whether the reader of stdout has gone: Windows says EINVAL for it."""
    return isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL)


def write_utf_8(stream: TextIO) -> None:
    """Have a stream write UTF-8: on Windows a file or a pipe would get a code page that lacks signs."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(
            encoding="utf-8", errors="backslashreplace", newline="\n" if not stream.isatty() else None
        )


def _write_lines(file: TextIO, envelope: Envelope, stream: Iterable[Item]) -> None:
    file.write(_json({"kind": "envelope", **envelope.fields()}) + "\n")
    file.writelines(_json(item) + "\n" for item in stream)


def _write_json(file: TextIO, layout: Layout, envelope: Envelope, stream: Iterable[Item]) -> None:
    fields: dict[str, Any] = dict(envelope.fields())
    with ExitStack() as stack:
        spools: dict[str, IO[str]] = {
            name: stack.enter_context(
                SpooledTemporaryFile(SPOOLED_IN_MEMORY_BYTES, mode="w+", encoding="utf-8", newline="")
            )
            for name in layout.lists.values()
        }
        for item in stream:
            rest = {name: value for name, value in item.items() if name != "kind"}
            if name := layout.lists.get(item["kind"]):
                spool = spools[name]
                spool.write((",\n" if spool.tell() else "\n") + _json(rest))
            else:
                fields.update(rest)
        members = [f"{_json(name)}: {_json(value)}" for name, value in fields.items()]
        file.write("{\n" + ",\n".join(members))
        for name, spool in spools.items():
            file.write(f",\n{_json(name)}: [")
            spool.seek(0)
            copyfileobj(spool, file)
            file.write("]")
        file.write("\n}\n")


def _write_csv(file: TextIO, layout: Layout, stream: Iterable[Item]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("kind", *layout.columns))
    for item in stream:
        if item["kind"] in layout.lists:
            writer.writerow([cell(item.get(column)) for column in ("kind", *layout.columns)])


def cell(value: object) -> str:
    """A value as a spreadsheet and a build's log may read it: text is no formula and no command."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return _json(value)
    text = harmless(str(value))
    is_formula = text.startswith(("=", "+", "-", "@", "\t")) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def _json(value: object) -> str:
    """JSON on one line, in which no build service finds a command of its own."""
    return json.dumps(value, ensure_ascii=False).replace("##", "#\\u0023")
