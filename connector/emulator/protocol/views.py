"""`$select` and `$expand` of a query, resolved against a table: which members the answer's rows have.

An expansion holds the view of the rows behind it, so levels nest. With several levels `$top` and
`$orderby` are refused inside of `$expand` and the preferred page size counts for each collection; a
single level gives up to 5,000 rows, and its next link has no cookie (section 4 of the Web API facts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from connector.emulator.problems import QUERY_NOT_SUPPORTED, bad_request, not_implemented, unknown_property
from connector.emulator.protocol.address import Options, split_list
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.rows import RowShape, selected_columns
from connector.emulator.schema import ManyToMany, OneToMany, Single, Table
from connector.emulator.store import target_column

MAX_EXPANSIONS = 15
MAX_LEVELS = 10
_OF_A_LOOKUP = ("$select", "$expand")
_OF_A_COLLECTION = ("$select", "$filter", "$orderby", "$top", "$expand")


@dataclass(frozen=True)
class Expansion:
    """One item of `$expand`. `is_reference`: only the address of the row behind a lookup."""

    navigation: str
    link: Single | OneToMany | ManyToMany
    view: View
    options: Mapping[str, str]
    is_reference: bool = False


@dataclass(frozen=True)
class View:
    shape: RowShape
    expansions: tuple[Expansion, ...] = ()
    described: str = ""  # for @odata.context: "(name,accountid)" or nothing

    @property
    def table(self) -> Table:
        return self.shape.table

    @property
    def sql_names(self) -> list[str]:
        """The columns of the answer and those that the expansions start from, each once."""
        lookups = [e.link.column for e in self.expansions if isinstance(e.link, Single)]
        extra = [c.name for c in lookups] + [target_column(c.name) for c in lookups if c.is_polymorphic]
        return list(dict.fromkeys([*self.shape.sql_names, *extra, self.table.primary_id]))

    @property
    def is_plain(self) -> bool:
        """Whether nothing but columns is asked for: what most pages are, and quick to write."""
        return not self.expansions and not self.shape.context.preferences.annotations

    @cached_property
    def is_nested(self) -> bool:
        """Whether there are several levels of expansions."""
        return any(expansion.view.expansions for expansion in self.expansions)


def parse_view(context: Context, table: Table, options: Options) -> View:
    view = _view(context, table, options.get("$select"), options.get("$expand"), 0)
    everything = list(_all(view.expansions))
    if len(everything) > MAX_EXPANSIONS:
        raise bad_request(f"$expand has more than {MAX_EXPANSIONS} items.", QUERY_NOT_SUPPORTED)
    if view.is_nested:
        _refuse_beside_levels(everything)
    return view


def single_column_view(context: Context, table: Table, name: str) -> View:
    return View(RowShape(context, table, (table.by_property[name],)))


def _view(context: Context, table: Table, select: str | None, expand: str | None, level: int) -> View:
    if level > MAX_LEVELS:
        raise bad_request(f"$expand has more than {MAX_LEVELS} levels.", QUERY_NOT_SUPPORTED)
    chosen = None if select is None else split_list(select)
    expansions = tuple(_expansion(context, table, item, level) for item in split_list(expand or ""))
    described = [*(chosen or ()), *(f"{e.navigation}()" for e in expansions)]
    shape = RowShape(context, table, selected_columns(table, chosen or None))
    return View(shape, expansions, f"({','.join(described)})" if described else "")


def _expansion(context: Context, table: Table, item: str, level: int) -> Expansion:
    name, opened, rest = item.partition("(")
    if opened and not rest.endswith(")"):
        raise bad_request(f"'{item}' in $expand is not well formed.")
    name, slash, suffix = name.strip().partition("/")
    link = table.singles.get(name) or table.collections.get(name) or table.intersects.get(name)
    if link is None:
        raise unknown_property(name, table.logical_name)
    if slash and (suffix != "$ref" or not isinstance(link, Single) or opened):
        raise not_implemented(f"'{name}/{suffix}' in $expand")
    target = context.schema.get(_target(link))
    if target is None:
        raise not_implemented(f"the table {_target(link)}, to which {name} leads")
    if not slash:
        context.tx.check_read(target.logical_name)
    allowed = _OF_A_LOOKUP if isinstance(link, Single) else _OF_A_COLLECTION
    inner = _inner_options(rest[:-1] if opened else "", allowed)
    view = _view(context, target, inner.get("$select"), inner.get("$expand"), level + 1)
    return Expansion(name, link, view, inner, is_reference=bool(slash))


def _target(link: Single | OneToMany | ManyToMany) -> str:
    match link:
        case Single():
            return link.target
        case OneToMany():
            return link.table
        case ManyToMany():
            return link.other


def _inner_options(text: str, allowed: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in split_list(text, ";"):
        name, _, value = part.partition("=")
        name = name.strip()
        if name in ("$levels", "$count", "$skip", "$search"):
            raise bad_request(f"The query option '{name}' cannot stand in $expand.", QUERY_NOT_SUPPORTED)
        if name not in allowed:
            raise not_implemented(f"'{name[:100]}' inside of this $expand")
        if name in found:
            raise bad_request(f"'{name}' stands in $expand twice.")
        found[name] = value.strip()
    return found


def _all(expansions: Iterable[Expansion]) -> Iterator[Expansion]:
    for expansion in expansions:
        yield expansion
        yield from _all(expansion.view.expansions)


def _refuse_beside_levels(everything: list[Expansion]) -> None:
    for expansion in everything:
        for name in ("$top", "$orderby"):
            if name in expansion.options:
                message = f"The query option '{name}' cannot stand in an $expand of several levels."
                raise bad_request(message, QUERY_NOT_SUPPORTED)
        if isinstance(expansion.link, ManyToMany):
            message = (
                f"The many-to-many '{expansion.navigation}' cannot stand in an $expand of several levels."
            )
            raise bad_request(message, QUERY_NOT_SUPPORTED)
