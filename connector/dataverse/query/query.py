"""A question to a table, and the URL that asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote as percent_encoded

from connector.dataverse.query.arguments import refuse_text
from connector.dataverse.query.conditions import Condition, odata
from connector.dataverse.query.expand import Expand, check_expands
from connector.errors import UsageError

# A longer GET is refused with 0x80060888 (`webapi/query/overview`).
LONGEST_URL = 32_768
# The same inside a $batch.
LONGEST_BATCHED_URL = 65_536
LARGEST_PAGE = 5_000
# Everything that OData uses as punctuation and that may stand in a query string as it is.
_PUNCTUATION = "$@(),;:/'*!-._~="

_REFUSED: Final[dict[str, tuple[str, str]]] = {
    "$skip": ("Dataverse skips nothing", "Take the records as they come: pages are followed by themselves."),
    "$search": ("Dataverse does not search in tables", "Use column(…).contains(…), or the search API."),
    "$format": ("Dataverse answers JSON only", "Leave it out."),
    "$compute": ("Dataverse speaks OData 4.0, which has none", "Compute with what has arrived."),
    "$apply": ("rows of an aggregation are no records", "Use client.aggregate."),
    "$count": ("a count is no record", "Use client.count."),
    "$skiptoken": ("it belongs to the service", "Pages are followed by themselves."),
    "fetchXml": ("it stands in place of a query", "Use client.fetch."),
}
_FIELDS: Final = {
    "$filter": "filter",
    "$orderby": "order_by",
    "$top": "top",
    "$select": "select",
    "$expand": "expand",
}


@dataclass(frozen=True)
class Query:
    """OData options.

    `filter` is a condition made with `column`, or OData text made with `eq`, `any_of` and `quote`;
    `order_by` holds names, alone or with asc or desc; `top` is the largest number of records to return;
    `select` replaces the table's own list; `expand` holds `Expand` values or OData text. `more` is for
    options that have no field: parameter aliases ("@p1"), "tag", "partitionId".

    A list without `filter` and without `top` reads the whole table, so it has to be asked for by
    `is_unbounded`. Raises UsageError for what Dataverse would refuse.
    """

    filter: str | Condition = ""
    order_by: tuple[str, ...] = ()
    top: int | None = None
    select: tuple[str, ...] | None = None
    expand: tuple[str | Expand, ...] = ()
    is_unbounded: bool = False
    more: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for values, what, instead in (
            (self.order_by, "order_by", '("name", "createdon desc")'),
            (self.select, "select", '("accountid", "name")'),
            (self.expand, "expand", "(Expand(…),)"),
        ):
            refuse_text(values, what, instead)
        if not isinstance(self.filter, str | Condition):
            raise UsageError(
                f"{self.filter!r} is no filter.",
                "Give a condition made with column(…), or OData text; conditions are joined with & and |.",
            )
        if self.top is not None and type(self.top) is not int:
            raise UsageError(f"top={self.top!r} is no number.", "Give an int.")
        if self.top is not None and self.top < 1:
            raise UsageError(f"top={self.top} asks for no record.", "Leave it out, or give 1 or more.")
        for option in self.more:
            _check_option(option)
        check_expands(self.expand, is_ordered=bool(self.order_by), is_cut=self.top is not None)

    @property
    def filter_text(self) -> str:
        """The filter as OData text, empty where there is none."""
        return str(self.filter)

    @property
    def is_bounded(self) -> bool:
        """Whether it asks for less than everything, or says that everything is meant."""
        return self.is_unbounded or self.top is not None or bool(self.filter_text.strip())

    def where(self, condition: Condition) -> Query:
        """The same question for those records only that fulfil the condition too."""
        text = self.filter_text
        if not text:
            return replace(self, filter=condition)
        first = self.filter if isinstance(self.filter, Condition) else odata(text)
        return replace(self, filter=first & condition)


EVERYTHING: Final = Query(is_unbounded=True)
"""All records of a table."""


def address(base: str, options: Mapping[str, str], longest: int = LONGEST_URL) -> str:
    """`base` with those options that are not empty. Raises UsageError when it gets too long."""
    pairs = [f"{key}={percent_encoded(text, safe=_PUNCTUATION)}" for key, text in options.items() if text]
    url = f"{base}?{'&'.join(pairs)}" if pairs else base
    if len(url) > longest:
        raise UsageError(
            f"The question to {base} is {len(url)} characters long, and {longest} is the limit.",
            "Ask for fewer values at a time.",
        )
    return url


def options_of(query: Query, select: tuple[str, ...], page_size: int) -> dict[str, str]:
    """The query as URL options. `$top` is left out where paging has to do the counting."""
    columns = select if query.select is None else query.select
    return {
        "$select": ",".join(columns),
        "$filter": query.filter_text,
        "$orderby": ",".join(query.order_by),
        "$expand": ",".join(map(str, query.expand)),
        "$top": str(query.top) if fits_one_page(query, page_size) else "",
        **query.more,
    }


def fits_one_page(query: Query, page_size: int) -> bool:
    """`$top` and a page size exclude each other: with both, `$top` is ignored (`page-results`)."""
    return query.top is not None and query.top <= page_size


def check_bounded(query: Query, what: str) -> None:
    """Raises UsageError for a question that would read a whole table without having said so."""
    if not query.is_bounded:
        raise UsageError(
            f"The list of {what} has neither a filter nor a top: it would read the whole table.",
            "Give one of them, or Query(is_unbounded=True) where the whole table is meant.",
        )


def _check_option(option: str) -> None:
    if option in _FIELDS:
        raise UsageError(f"{option} has a field of its own.", f"Use Query({_FIELDS[option]}=…).")
    if option in _REFUSED:
        reason, way_out = _REFUSED[option]
        raise UsageError(f"{option} cannot be asked of a table: {reason}.", way_out)
    if not (option in ("tag", "partitionId") or option.startswith("@")):
        raise UsageError(
            f"{option!r} is no option of the Web API.", "Known are aliases (@p1), tag and partitionId."
        )
