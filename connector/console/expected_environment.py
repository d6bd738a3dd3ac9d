"""Whether the environment is the one that is meant: asked of itself, before anything else is done there."""

from __future__ import annotations

from collections.abc import Iterator

from connector.dataverse import DataverseClient, Query
from connector.errors import DataverseError, Refused
from connector.model.tables import Tables

_DETAIL_NAMES = ("UniqueName", "FriendlyName", "UrlName", "EnvironmentId", "OrganizationId")
_OF_CURRENT = "Microsoft.Dynamics.CRM.EndpointAccessType'Default'"


def check_expected(client: DataverseClient, tables: Tables, expected: str) -> None:
    """Raises Refused unless one of the names and ids that the environment gives itself is the expected one.

    Case does not matter. An environment that tells nothing about itself is refused too.
    """
    told = tuple(dict.fromkeys(_names_of(client, tables)))
    if expected.strip().casefold() in {name.casefold() for name in told}:
        return
    said = ", ".join(repr(name) for name in told) or "nothing that could be read"
    raise Refused(
        f"This is not the environment that is expected: {client.url} calls itself {said}, "
        f"and {expected!r} was named.",
        "Check DATAVERSE_URL, --profile and --expect-environment.",
    )


def _names_of(client: DataverseClient, tables: Tables) -> Iterator[str]:
    """What may be read of the names: the function tells most, the environment's own record some."""
    try:
        answer = client.function("RetrieveCurrentOrganization", {"AccessType": _OF_CURRENT})
        detail = answer.get("Detail")
        if isinstance(detail, dict):
            yield from (str(detail[name]) for name in _DETAIL_NAMES if detail.get(name))
    except DataverseError:
        pass
    try:
        yield client.who_am_i().organization_id
        yield from (one.name for one in client.list(tables.organization, Query(top=1)) if one.name)
    except DataverseError:
        pass
