"""A question to a table, and the URL that asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote as percent_encoded

from connector.errors import UsageError

# A longer GET is refused with 0x80060888 (`webapi/query/overview`).
LONGEST_URL = 32_768
LARGEST_PAGE = 5_000
# Everything that OData uses as punctuation and that may stand in a query string as it is.
_PUNCTUATION = "$@(),;:/'*!-._~="


@dataclass(frozen=True)
class Query:
    """OData options. `filter` is OData text made with `eq`, `any_of` and `quote`; `select` replaces
    the table's own list; `top` is the largest number of records to return."""

    filter: str = ""
    order_by: tuple[str, ...] = ()
    top: int | None = None
    select: tuple[str, ...] | None = None
    expand: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.top is not None and self.top < 1:
            raise UsageError(f"top={self.top} asks for no record.", "Leave it out, or give 1 or more.")


def address(base: str, options: Mapping[str, str]) -> str:
    """`base` with those options that are not empty. Raises UsageError when it gets too long."""
    pairs = [f"{key}={percent_encoded(text, safe=_PUNCTUATION)}" for key, text in options.items() if text]
    url = f"{base}?{'&'.join(pairs)}" if pairs else base
    if len(url) > LONGEST_URL:
        raise UsageError(
            f"The question to {base} is {len(url)} characters long, and {LONGEST_URL} is the limit.",
            "Ask for fewer values at a time.",
        )
    return url


def options_of(query: Query, select: tuple[str, ...], page_size: int) -> dict[str, str]:
    """The query as URL options. `$top` is left out where paging has to do the counting."""
    columns = select if query.select is None else query.select
    return {
        "$select": ",".join(columns),
        "$filter": query.filter,
        "$orderby": ",".join(query.order_by),
        "$expand": ",".join(query.expand),
        "$top": str(query.top) if fits_one_page(query, page_size) else "",
    }


def fits_one_page(query: Query, page_size: int) -> bool:
    """`$top` and a page size exclude each other: with both, `$top` is ignored (`page-results`)."""
    return query.top is not None and query.top <= page_size
