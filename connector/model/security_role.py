"""role: a security role."""

from __future__ import annotations

from msgspec import field

from connector.model.table import Record, Table

PROJECT_BILLING_ADMINISTRATOR = "Project billing administrator"


class SecurityRole(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="roleid")
    name: str | None = field(name="name", default=None)


SECURITY_ROLE = Table(SecurityRole, logical_name="role", entity_set="roles", key="roleid")
