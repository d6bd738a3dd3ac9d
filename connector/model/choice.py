"""Choice values as they come: an environment may hold some that we do not know."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

E = TypeVar("E", bound=IntEnum)


def known(choice: type[E], value: int | None) -> E | None:
    """The member of `choice` with this value; None for no value and for one that we do not know."""
    try:
        return None if value is None else choice(value)
    except ValueError:
        return None
