"""Where records, actions and functions are, below the root of the Web API."""

from __future__ import annotations

from connector.dataverse.query.literals import guid, name
from connector.errors import UsageError


def record_path(entity_set: str, id: str) -> str:
    return f"{name(entity_set)}({guid(id)})"


def callable_path(callable_name: str, bound_to: tuple[str, str] | None) -> str:
    """Actions and functions: bound ones carry their namespace, unbound ones their bare name."""
    bare = callable_name.removeprefix("Microsoft.Dynamics.CRM.")
    if bound_to is None:
        return name(bare)
    if len(bound_to) != 2:
        raise UsageError(f"{bound_to!r} is no record that {bare} can be bound to.", "Give (entity_set, id).")
    return f"{record_path(*bound_to)}/Microsoft.Dynamics.CRM.{name(bare)}"
