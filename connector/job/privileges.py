"""What a user's roles give, and what reading a table takes: both as the environment itself tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from connector.dataverse import DataverseClient, Query, eq
from connector.model.table import Record, Table
from connector.model.tables import Tables

_READ = "Read"


class _Privilege(Struct, frozen=True, kw_only=True):
    name: str | None = field(name="Name", default=None)
    type: str | None = field(name="PrivilegeType", default=None)


class _Definition(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="MetadataId")
    logical_name: str = field(name="LogicalName")
    privileges: tuple[_Privilege, ...] | None = field(name="Privileges", default=None)


_DEFINITION = Table(_Definition, logical_name="", entity_set="EntityDefinitions", key="MetadataId")


def read_granted(client: DataverseClient, tables: Tables, user: str) -> frozenset[str]:
    """The names of the privileges that a user's roles and teams give; empty where none is named.

    Raises what the client raises.
    """
    answer = client.function("RetrieveUserPrivileges", bound_to=(tables.user.entity_set, user))
    rows = answer.get("RolePrivileges")
    names = [row.get("PrivilegeName") for row in rows] if isinstance(rows, list) else []
    return frozenset(name for name in names if isinstance(name, str))


def read_needed_to_read(client: DataverseClient, logical_names: Iterable[str]) -> Mapping[str, str]:
    """Table to the privilege that reading it takes, of those that have one of their own.

    Names of privileges follow no rule without exceptions (salesorder has prvReadOrder), and tables such
    as contract lines go by their parent's: so the environment's metadata is asked, in one request.
    """
    wanted = " or ".join(eq("LogicalName", name) for name in dict.fromkeys(logical_names))
    return {
        row.logical_name: one.name
        for row in client.list(_DEFINITION, Query(filter=wanted))
        for one in row.privileges or ()
        if one.type == _READ and one.name
    }
