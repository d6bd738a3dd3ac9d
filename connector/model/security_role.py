"""role: a security role, and systemuserroles: who holds which."""

from __future__ import annotations

from msgspec import field

from connector.model.table import Record, Table

PROJECT_BILLING_ADMINISTRATOR = "Project billing administrator"


class SecurityRole(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="roleid")
    name: str | None = field(name="name", default=None)


SECURITY_ROLE = Table(SecurityRole, logical_name="role", entity_set="roles", key="roleid")


class UserRole(Record, frozen=True, kw_only=True, gc=False):
    """A row of the table between users and roles. It is not among the tables that are resolved: a
    platform table whose names do not vary."""

    id: str = field(name="systemuserroleid")
    user: str | None = field(name="systemuserid", default=None)
    role: str | None = field(name="roleid", default=None)


USER_ROLE = Table(
    UserRole,
    logical_name="systemuserroles",
    entity_set="systemuserrolescollection",
    key="systemuserroleid",
)
