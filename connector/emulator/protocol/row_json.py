"""Rows as JSON that SQLite writes: to read the values of a page takes longer than to have them written.

What is made here is the text of an SQL expression. The names in it are those of the schema, and there are
no values. `RowShape.render` makes the same of single values; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from connector.emulator.protocol.rows import ETAG
from connector.emulator.schema import Column, Kind
from connector.emulator.store.ddl import VERSION
from connector.emulator.store.text import DOUBLE_TEXT
from connector.emulator.store.values import MONEY_PLACES

_ARGUMENTS = 90
"""Of one call: older versions of SQLite take a hundred."""


def row_json(table: str, columns: Iterable[Column]) -> str:
    """A BLOB: the row of `table` as a JSON object with its etag and these columns."""
    members = [_etag(table), *(_member(table, column) for column in columns)]
    parts = [members[start : start + _ARGUMENTS] for start in range(0, len(members), _ARGUMENTS)]
    forms = [",".join(form for form, _ in part) for part in parts]
    forms[0] = "{" + forms[0]
    forms[-1] += "}"
    calls = [
        f"printf('{form}', {', '.join(value for _, value in part)})"
        for form, part in zip(forms, parts, strict=True)
    ]
    written = " || ',' || ".join(calls)
    return f"CAST({written} AS BLOB)"


def _etag(table: str) -> tuple[str, str]:
    return f'"{ETAG}":"W/\\"%d\\""', f'"{table}"."{VERSION}"'


def _member(table: str, column: Column) -> tuple[str, str]:
    """A part of the format, and the value for it; a text that holds a zero byte would end there, unless
    it is quoted before.
    """
    name = f'"{table}"."{column.name}"'
    value = _managed(column, name) if column.kind is Kind.MANAGED else _WRITTEN[column.kind](name)
    return f'"{column.property_name}":%s', value


def _number(name: str) -> str:
    return f"coalesce({name}, 'null')"


def _text(name: str) -> str:
    return f"json_quote({name})"


def _id(name: str) -> str:
    """Ids need no escapes: the store keeps none that would."""
    return f"""coalesce('"' || {name} || '"', 'null')"""


def _instant(name: str) -> str:
    return f"""coalesce('"' || {name} || 'Z"', 'null')"""


def _money(name: str) -> str:
    """A dot before the last four digits, with as few calls of functions as it takes."""
    one = 10**MONEY_PLACES
    positive = f"({name} / {one}) || '.' || substr({one} + {name} % {one}, 2)"
    negative = f"'-' || (-({name} / {one})) || '.' || substr({one} - {name} % {one}, 2)"
    return _unless_null(name, f"CASE WHEN {name} < 0 THEN {negative} ELSE {positive} END")


def _double(name: str) -> str:
    return _unless_null(name, f"{DOUBLE_TEXT}({name})")


def _choices(name: str) -> str:
    return f"json_quote(trim({name}, ','))"


def _boolean(name: str) -> str:
    return _unless_null(name, f"CASE WHEN {name} THEN 'true' ELSE 'false' END")


def _managed(column: Column, name: str) -> str:
    form = f'{{"Value":%s,"CanBeChanged":true,"ManagedPropertyLogicalName":{json.dumps(column.name)}}}'
    return _unless_null(name, f"printf('{form}', {_boolean(name)})")


def _unless_null(name: str, written: str) -> str:
    return f"CASE WHEN {name} IS NULL THEN 'null' ELSE {written} END"


_WRITTEN: dict[Kind, Callable[[str], str]] = {
    Kind.TEXT: _text,
    Kind.GUID: _id,
    Kind.LOOKUP: _id,
    Kind.INTEGER: _number,
    Kind.CHOICE: _number,
    Kind.BOOLEAN: _boolean,
    Kind.MONEY: _money,
    Kind.DECIMAL: _number,
    Kind.DOUBLE: _double,
    Kind.INSTANT: _instant,
    Kind.DAY: _id,
    Kind.CHOICES: _choices,
}
