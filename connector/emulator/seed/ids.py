"""Ids of seeded rows: the same in every state file, so that examples and tests can name them."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("0b4c9d52-6a57-5a8e-9f0e-5f4a1d3c2b10")


def seed_id(table: str, name: str) -> str:
    """The id of the seeded row of `table` that is called `name`."""
    return str(uuid.uuid5(_NAMESPACE, f"{table}/{name}"))
