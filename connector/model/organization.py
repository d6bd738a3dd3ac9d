"""organization: the environment's own record."""

from __future__ import annotations

from msgspec import field

from connector.model.table import Record, Table


class Organization(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="organizationid")
    name: str | None = field(name="name", default=None)
    base_currency: str | None = field(name="_basecurrencyid_value", default=None)


ORGANIZATION = Table(
    Organization,
    logical_name="organization",
    entity_set="organizations",
    key="organizationid",
)
