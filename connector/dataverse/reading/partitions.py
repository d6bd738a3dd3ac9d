"""A question cut into several that have no record in common and leave none out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from connector.dataverse.query.literals import any_of, instant, json_array, path
from connector.dataverse.query.query import LONGEST_BATCHED_URL, LONGEST_URL, address
from connector.errors import UsageError

_FAR_TOO_LONG = 1 << 40


def key_filters(
    column: str, groups: Iterable[Sequence[object]], asked_length: int, most: int
) -> Iterator[str]:
    """`In` lists of at most `most` keys, or one group, such that a question of `asked_length` characters
    besides has an address that can be sent.
    """
    longest = LONGEST_URL if asked_length < LONGEST_URL // 2 else LONGEST_BATCHED_URL
    room = longest - asked_length - _length(any_of(column, [""]))
    chosen: list[object] = []
    length = 0
    for group in groups:
        needed = sum(_length(json_array(column, [key])) - 1 for key in group)
        if chosen and (length + needed > room or len(chosen) + len(group) > most):
            yield any_of(column, chosen)
            chosen, length = [], 0
        chosen.extend(group)
        length += needed
    if chosen:
        yield any_of(column, chosen)


def creation_filters(column: str, bounds: Sequence[datetime | None]) -> Iterator[str]:
    """One half-open range between each two of the ascending `bounds`; None at an end leaves it open.

    Open at both ends they hold the records without a date too.
    """
    column = path(column)
    is_everything = bounds[0] is None and bounds[-1] is None
    for number, (start, end) in enumerate(pairwise(bounds)):
        begin = "" if start is None else f"{column} ge {instant(start)}"
        close = "" if end is None else f"{column} lt {instant(end)}"
        text = " and ".join(filter(None, (begin, close)))
        yield f"({text} or {column} eq null)" if text and is_everything and number == 0 else text


def check_bounds(since: datetime | None, until: datetime | None, parts: int) -> None:
    """Raises UsageError for less than one part, an instant without a zone, an end before the beginning."""
    if parts < 1:
        raise UsageError(f"{parts} parts cannot be read.", "Ask for 1 or more.")
    for bound in filter(None, (since, until)):
        instant(bound)
    if since is not None and until is not None and until <= since:
        raise UsageError(
            f"Nothing is created from {since.isoformat()} until before {until.isoformat()}.",
            "Give an end after the beginning.",
        )


def even_cuts(since: datetime, until: datetime, parts: int) -> list[datetime]:
    """Where to cut the time between into `parts` of the same length; fewer where they would be shorter than
    a second. Whole seconds: how finely the service compares is not documented.
    """
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    cuts = {(since + (until - since) * number / parts).replace(microsecond=0) for number in range(1, parts)}
    return sorted(cut for cut in cuts if since < cut < until)


def key_groups(column: str, keys: Iterable[object]) -> list[list[object]]:
    """Each key once, and those together that differ in what collations of the service's database ignore:
    in lists of their own they would both find the same record.

    Raises UsageError for keys that cannot stand in a filter.
    """
    groups: dict[str, dict[str, object]] = {}
    for key in keys:
        groups.setdefault(_folded(key), {}).setdefault(json_array(column, [key]), key)
    return [list(group.values()) for group in groups.values()]


def _folded(key: object) -> str:
    """Without case, accents, and spaces at the end."""
    if isinstance(key, int | Decimal) and not isinstance(key, bool):
        return str(Decimal(key).normalize())
    letters = unicodedata.normalize("NFKD", str(key))
    return "".join(each for each in letters if not unicodedata.combining(each)).casefold().rstrip()


def _length(text: str) -> int:
    """In an address."""
    return len(address("", {"v": text}, _FAR_TOO_LONG)) - len("?v=")
