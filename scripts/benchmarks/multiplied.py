"""Rows of an emulator's state file, copied within the file as often as is wanted.

A few contracts are planted as the sample is; the emulator takes about a millisecond for each row that it
writes, and a file that is not served can be written in bulk. A copy's ids are those of its original with
other first eight digits, so that what belongs together stays together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping


def numbered(id: str, number: int) -> str:
    """The id of the copy with that number."""
    return f"{number:08x}{id[8:]}"


def multiply(
    file: sqlite3.Connection,
    tables: Mapping[str, tuple[str, ...]],
    kept: Mapping[str, Collection[str]],
    times: int,
) -> None:
    """Have all rows of the tables so many times: the original and copies numbered from 1.

    `tables` gives for each table its key and the lookups that lead within what is copied; `kept` are the
    keys of the rows that are left alone.
    """
    for table, keys in tables.items():
        _copy(file, table, keys, kept.get(table, ()), times)


def _copy(
    file: sqlite3.Connection, table: str, keys: tuple[str, ...], kept: Collection[str], times: int
) -> None:
    columns = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
    places = [columns.index(key) for key in keys]
    rows = file.execute(f"SELECT * FROM {table}")  # noqa: S608  (names of this program)
    planted = [row for row in rows if row[places[0]] not in kept]
    marks = ",".join("?" * len(columns))
    for number in range(1, times):
        copies = []
        for row in planted:
            values = list(row)
            for place in places:
                if values[place] is not None:
                    values[place] = numbered(values[place], number)
            copies.append(values)
        file.executemany(f"INSERT INTO {table} VALUES ({marks})", copies)  # noqa: S608
