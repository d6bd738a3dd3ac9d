"""A privilege that is missing, told from what the platform answers where something may not be read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connector.model.job_privileges import table_of

_PRIVILEGE = re.compile(r"\bprv[A-Z]\w+")
_ENTITY = re.compile(r"\bfor entity '(\w+)'")
"""So the platform writes it, where it names the table at all."""


@dataclass(frozen=True, slots=True)
class Lack:
    """`table` is the logical name of the one that may not be read without the privilege."""

    privilege: str
    table: str

    @property
    def sentence(self) -> str:
        return f"The privilege {self.privilege} on the table {self.table} is missing."


def role_with(privileges: Iterable[str]) -> str:
    """What to do about it."""
    return f"Give the signed-in identity a security role with {' and '.join(privileges)}."


def lack_in(text: str) -> Lack | None:
    """The privilege that the platform's words name; None where they name none."""
    found = _PRIVILEGE.search(text)
    if found is None:
        return None
    entity = _ENTITY.search(text)
    privilege = found.group()
    return Lack(privilege, entity.group(1) if entity else table_of(privilege))
