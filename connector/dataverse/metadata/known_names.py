"""Whether a table has the names that a query uses; said before the query is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Protocol

import msgspec

from connector.dataverse.metadata.definitions import TableDefinition
from connector.dataverse.query.conditions import Condition, Named
from connector.dataverse.query.expand import Expand
from connector.dataverse.query.query import Query
from connector.errors import UsageError


class Declared(Protocol):
    @property
    def logical_name(self) -> str: ...
    @property
    def record(self) -> type[Any]: ...
    @property
    def select(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class KnownNames:
    """The names that a table has, None where nobody told. `source` says who did, for the message."""

    table: str
    properties: frozenset[str] | None
    logical_names: frozenset[str] | None
    navigations: frozenset[str] | None
    source: str
    way_out: str


def known_names(table: Declared, live: TableDefinition | None) -> KnownNames:
    """From the live definition where there is one, else from the fields of the record."""
    if live is not None:
        return KnownNames(
            table.logical_name,
            live.property_names,
            frozenset(live.columns),
            live.navigations(),
            "this environment",
            "Names are case-sensitive; a lookup is _name_value.",
        )
    declared = _declared(table.record, tuple(table.select))  # type: ignore[arg-type]  # a class is hashable
    return KnownNames(
        table.logical_name,
        declared or None,
        frozenset(map(_logical, declared)) or None,
        None,
        f"the record {table.record.__name__}",
        "For a column that the record does not declare, let client.table_definitions read the table first.",
    )


def check_names(query: Query, known: KnownNames) -> None:
    """Raises UsageError for the first name that the table does not have, with the nearest that it has.

    Filters and expands given as text are not read.
    """
    check_filter(query.filter, known)
    for name in query.select or ():
        _check(Named(name, Named.PROPERTY), known, "$select")
    for order in query.order_by:
        _check(Named(order.split(" ")[0], Named.PROPERTY), known, "$orderby")
    for each in query.expand:
        if isinstance(each, Expand):
            _check(Named(each.navigation, Named.COLLECTION), known, "$expand")


def check_filter(condition: str | Condition, known: KnownNames) -> None:
    """See `check_names`."""
    if isinstance(condition, Condition):
        for name in condition.names():
            _check(name, known, "$filter")


def _check(name: Named, known: KnownNames, place: str) -> None:
    first, *rest = name.path.split("/")
    if rest or name.kind == Named.COLLECTION:
        there = known.navigations
    else:
        there = known.logical_names if name.kind == Named.LOGICAL_NAME else known.properties
    if there is None or first in there:
        return
    near = list(_nearest(first, there))
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    raise UsageError(
        f"The table {known.table} has no {first!r} for {place}, according to {known.source}.",
        f"{meant}{known.way_out}",
    )


def _nearest(name: str, there: Iterable[str]) -> Iterator[str]:
    """By the letters, without the clothes of a lookup: `ownerid` is near `_ownerid_value`."""
    bare = {_logical(each).lower(): each for each in sorted(there)}
    return (bare[each] for each in get_close_matches(_logical(name).lower(), bare, n=3))


@cache
def _declared(record: type[Any], select: tuple[str, ...]) -> frozenset[str]:
    """Kept: to find out the fields of a record takes longer than to send a request."""
    names = set(select)
    with suppress(TypeError):  # a record may be another type than a struct
        names |= {str(each.encode_name) for each in msgspec.structs.fields(record)}
    return frozenset(name for name in names if name.isidentifier())


def _logical(name: str) -> str:
    is_lookup = name.startswith("_") and name.endswith("_value")
    return name[1 : -len("_value")] if is_lookup else name
