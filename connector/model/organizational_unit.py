"""msdyn_organizationalunit: the unit that signs a contract, with the currency of its costs."""

from __future__ import annotations

from msgspec import field

from connector.model.table import Record, Table


class OrganizationalUnit(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_organizationalunitid")
    name: str | None = field(name="msdyn_name", default=None)
    currency: str | None = field(name="_msdyn_currency_value", default=None)


ORGANIZATIONAL_UNIT = Table(
    OrganizationalUnit,
    logical_name="msdyn_organizationalunit",
    entity_set="msdyn_organizationalunits",
    key="msdyn_organizationalunitid",
)
