"""Reading what provisioning starts from."""

from __future__ import annotations

from connector.dataverse import DataverseClient, WhoAmI
from connector.errors import DataverseError
from connector.job.look import Environment, look
from connector.job.privileges import read_granted
from connector.job.read import check_project_operations
from connector.job.zone import UnknownZone, read_zone_of_user
from connector.model.job_privileges import Privilege, missing_of
from connector.model.tables import Tables
from connector.provisioning.current import Current, Identity

_Unknown = list[str]


def read_current(at: Environment) -> Current:
    """The job and the caller as they are now.

    Raises SettingsError for an environment without Project Operations; what else cannot be read of the
    caller is unknown, with the reason.
    """
    check_project_operations(at.client, at.tables)
    caller = at.client.who_am_i()
    return Current(
        organization_id=caller.organization_id,
        sight=look(at),
        identity=read_identity(at.client, at.tables, caller),
        tables=at.tables,
    )


def read_identity(client: DataverseClient, tables: Tables, caller: WhoAmI) -> Identity:
    unknown: _Unknown = []
    return Identity(
        user_id=caller.user_id,
        name=_name(client, tables, caller, unknown),
        time_zone=_time_zone(client, tables, caller, unknown),
        missing=_missing(client, tables, caller, unknown),
        unknown=tuple(unknown),
    )


def _name(client: DataverseClient, tables: Tables, caller: WhoAmI, unknown: _Unknown) -> str:
    try:
        user = client.retrieve(tables.user, caller.user_id)
    except DataverseError as error:
        unknown.append(f"The caller's name is unknown: {error.message}")
        return caller.user_id
    return user.full_name or user.domain_name or caller.user_id


def _time_zone(client: DataverseClient, tables: Tables, caller: WhoAmI, unknown: _Unknown) -> str | None:
    zone = read_zone_of_user(client, tables, caller.user_id)
    if isinstance(zone, UnknownZone):
        unknown.append(f"The time zone is unknown: {zone.reason}.")
        return None
    return zone.key


def _missing(
    client: DataverseClient, tables: Tables, caller: WhoAmI, unknown: _Unknown
) -> tuple[Privilege, ...] | None:
    try:
        names = read_granted(client, tables, caller.user_id)
    except DataverseError as error:
        unknown.append(f"The privileges are unknown: {error.message}")
        return None
    if not names:
        unknown.append("The privileges are unknown: RetrieveUserPrivileges names none of them.")
        return None
    return missing_of(names)
