"""`$expand`: what comes along with each record, as values. Source: `webapi/query/join-tables`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connector.dataverse.query.conditions import Condition
from connector.dataverse.query.literals import path as path_text
from connector.errors import UsageError

MOST_EXPANDS = 15
# A text between quotes, which may hold anything, or the name of an option.
_OPTION = re.compile(r"'(?:[^']|'')*'|(\$[A-Za-z]+)\s*=")
_REFUSED_INSIDE = {
    "$skip": "Dataverse skips nothing",
    "$search": "Dataverse does not search inside of $expand",
    "$count": "Dataverse does not count inside of $expand",
    "$levels": "Dataverse knows no recursion",
}


@dataclass(frozen=True)
class Expand:
    """The record behind a lookup, or the records of a collection, by its navigation property's name.

    `filter`, `order_by` and `top` are for collections. `top` counts the records for each record.
    """

    navigation: str
    select: tuple[str, ...] = ()
    filter: str | Condition = ""
    order_by: tuple[str, ...] = ()
    top: int | None = None
    expand: tuple[Expand, ...] = ()

    def __post_init__(self) -> None:
        path_text(self.navigation)
        if self.top is not None and self.top < 1:
            raise UsageError(f"top={self.top} in the expand of {self.navigation} asks for no record.")

    def __str__(self) -> str:
        options = {
            "$select": ",".join(self.select),
            "$filter": str(self.filter),
            "$orderby": ",".join(self.order_by),
            "$top": "" if self.top is None else str(self.top),
            "$expand": ",".join(map(str, self.expand)),
        }
        inner = ";".join(f"{name}={text}" for name, text in options.items() if text)
        return f"{self.navigation}({inner})" if inner else self.navigation


def check_expands(expands: Sequence[str | Expand], *, is_ordered: bool, is_cut: bool) -> None:
    """Raises UsageError for what Dataverse would refuse; `is_ordered` and `is_cut` are the query's own."""
    options = [option for each in expands for option in _options(str(each))]
    for option in options:
        if reason := _REFUSED_INSIDE.get(option):
            raise UsageError(f"{option} cannot stand in $expand: {reason}.", "Leave it out.")
    nested = options.count("$expand")
    count = sum(_count(each) for each in expands)
    if count > MOST_EXPANDS:
        raise UsageError(
            f"The query expands {count} times, and Dataverse takes {MOST_EXPANDS}.",
            "Read some of the related records by queries of their own.",
        )
    if nested and (is_ordered or is_cut or {"$orderby", "$top"} & set(options)):
        raise UsageError(
            "An expand within an expand cannot stand together with $orderby or $top, in the query or inside.",
            "Dataverse refuses it with 0x80060888: order and cut what has arrived.",
        )


def _options(text: str) -> Iterator[str]:
    return (found[1] for found in _OPTION.finditer(text) if found[1])


def _count(each: str | Expand) -> int:
    """Each navigation property counts, nested ones too. Text is counted by its commas and its `$expand`s."""
    if isinstance(each, Expand):
        return 1 + sum(map(_count, each.expand))
    return len(_top_level(each)) + sum(option == "$expand" for option in _options(each))


def _top_level(text: str) -> list[str]:
    plain = re.sub(r"'(?:[^']|'')*'", "", text)
    while (shorter := re.sub(r"\([^()]*\)", "", plain)) != plain:
        plain = shorter
    return plain.split(",")
