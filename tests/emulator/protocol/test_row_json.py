"""Pages that SQLite writes are those that are made of single values, whatever the values are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.emulator import RunningEmulator, start
from connector.emulator.schema import Column, Kind, Table, load_schema
from connector.emulator.store.ddl import VERSION
from connector.emulator.store.layout import insert_statement
from connector.emulator.store.values import Value, to_stored
from tests.emulator.protocol.caller import NOW, Api

SINGLE_VALUES = 'odata.include-annotations="nothing.has.this.name"'
LARGEST = 2**63 - 1
TABLES = ("account", "contact", "bookableresource", "workflow", "invoicedetail")
"""Together they have columns of every kind, and account more of them than a function takes arguments."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start(None, now=NOW) as running:
        yield running


def values_of(column: Column) -> st.SearchStrategy[Any]:
    amounts = st.decimals(-(10**14), 10**14, places=4)
    by_kind: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.TEXT: st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
        Kind.GUID: st.uuids().map(str),
        Kind.LOOKUP: st.uuids().map(str),
        Kind.INTEGER: st.integers(-LARGEST, LARGEST),
        Kind.CHOICE: st.integers(-(2**31), 2**31 - 1),
        Kind.CHOICES: st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=4).map(tuple),
        Kind.BOOLEAN: st.booleans(),
        Kind.MANAGED: st.booleans(),
        Kind.MONEY: amounts | st.sampled_from([Decimal(sign * LARGEST).scaleb(-4) for sign in (1, -1)]),
        Kind.DECIMAL: st.decimals(-(10**10), 10**10, places=4),
        Kind.DOUBLE: st.floats(allow_nan=False, allow_infinity=False),
        Kind.INSTANT: st.datetimes(datetime(1753, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - it wants naive ones
        Kind.DAY: st.dates(date(1753, 1, 1)),
    }
    return st.none() | by_kind[column.kind]


@st.composite
def rows(draw: st.DrawFn) -> tuple[Table, dict[str, Value]]:
    table = load_schema()[draw(st.sampled_from(TABLES))]
    columns = [c for c in table.by_property.values() if c.name not in (VERSION, table.primary_id)]
    chosen = draw(st.lists(st.sampled_from(columns), unique_by=lambda c: c.name))
    return table, {column.name: draw(values_of(column)) for column in chosen}


def exact(text: str) -> Any:
    """JSON with its numbers as they are written, and members in their order."""
    return json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=list)


@settings(max_examples=150, deadline=None)
@given(row=rows())
def test_both_ways_write_the_same(emulator: RunningEmulator, row: tuple[Table, dict[str, Value]]) -> None:
    """A row in a page is the same whether SQLite writes it or each value is rendered by itself."""
    table, values = row
    id = "0b4c9d52-6a57-5a8e-9f0e-5f4a1d3c2b10"
    kept = {name: to_stored(table.by_name[name], value) for name, value in values.items()}
    kept |= {table.primary_id: id, VERSION: 7}
    api = Api(emulator)
    with emulator.store.transaction() as tx:
        tx.raw.execute(insert_statement(table.logical_name, tuple(kept)), tuple(kept.values()))
    try:
        address = f"{table.entity_set}?$filter={table.primary_id} eq {id}"
        written, rendered = api.get(address), api.get(address, Prefer=SINGLE_VALUES)
    finally:
        with emulator.store.transaction() as tx:
            tx.delete(table.logical_name, id)
        api.session.close()
    assert written.status_code == rendered.status_code == 200
    assert len(written.json()["value"]) == 1
    assert exact(written.text) == exact(rendered.text)


def test_all_kinds_of_values_are_there() -> None:
    """The tables of this test have columns of every kind that a property can be of."""
    kinds = {column.kind for name in TABLES for column in load_schema()[name].by_property.values()}
    assert kinds == set(Kind) - {Kind.FILE}


@pytest.mark.parametrize("id", ['a"b', "a\\b", "a\nb", "a\0b"])
def test_an_id_needs_no_escapes(emulator: RunningEmulator, id: str) -> None:
    """Ids are written into JSON as they are kept, so that none is kept that would break it."""
    with pytest.raises(TypeError, match="accountid"), emulator.store.transaction() as tx:
        tx.insert("account", {"accountid": id, "name": "odd"})
