"""What a caller may mistake for something else, said before it becomes somebody else's error."""

from __future__ import annotations

from connector.errors import UsageError

_TABLE = (
    "A table is an object with logical_name, entity_set, record and select, and for bulk writes a key: "
    "see Tables in docs/client.md."
)


def check_table(table: object, *needed: str) -> None:
    """Raises UsageError for a name, an id or anything else that is no table."""
    missing = [each for each in needed if not hasattr(table, each)]
    if missing:
        raise UsageError(f"{_shown(table)} is no table: it has no {', '.join(missing)}.", _TABLE)
    if "record" in needed and not isinstance(getattr(table, "record", None), type):
        raise UsageError(f"The record of the table {_shown(table)} is no type.", "Give a msgspec.Struct.")
    if "select" in needed:
        refuse_text(getattr(table, "select", ()), "The select of a table", '("accountid", "name")')


def refuse_text(values: object, what: str, instead: str) -> None:
    """Raises UsageError for one text where several values are wanted: its letters would be taken for them."""
    if isinstance(values, str | bytes):
        raise UsageError(f"{what} is one text: {_shown(values)}.", f"Give several values: {instead}.")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
