"""`$metadata`: the tables as an entity data model in CSDL XML, namespace Microsoft.Dynamics.CRM.

A lookup that leads to several tables under one name is typed as the abstract `crmbaseentity`; one that
leads to a table which the emulator does not have is a property without navigation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from xml.sax.saxutils import quoteattr

from connector.emulator.protocol.literals import EDM
from connector.emulator.schema import AlternateKey, Column, Kind, OneToMany, Schema, Single, Table

NAMESPACE, ALIAS = "Microsoft.Dynamics.CRM", "mscrm"
_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_KEYS = "OData.Community.Keys.V1"
_KEYS_URI = "http://vocabularies.odata.org/OData.Community.Keys.V1.xml"
_BASE = "crmbaseentity"
_BOOLEAN = "BooleanManagedProperty"
_ANSWERS: Mapping[str, Mapping[str, str]] = {
    "WhoAmI": {"BusinessUnitId": "Edm.Guid", "UserId": "Edm.Guid", "OrganizationId": "Edm.Guid"},
    "RetrieveVersion": {"Version": "Edm.String"},
}
"""Functions whose signature is known: name, and the members of what they return."""


@lru_cache(maxsize=4)
def csdl(schema: Schema, keys: tuple[tuple[str, tuple[AlternateKey, ...]], ...]) -> bytes:
    """The document for a schema and the alternate keys of its tables, by logical name."""
    by_table = dict(keys)
    types = [_base_type(), _managed_type()]
    types += [_entity_type(schema, table, by_table.get(table.logical_name, ())) for table in schema]
    for name, members in _ANSWERS.items():
        types += [_complex_type(f"{name}Response", members), _function(name)]
    attributes = {"Namespace": NAMESPACE, "Alias": ALIAS, "xmlns": _EDM}
    model = _element("Schema", attributes, [*types, _container(schema)])
    include = _element("edmx:Include", {"Namespace": _KEYS, "Alias": "Keys"})
    content = [
        _element("edmx:Reference", {"Uri": _KEYS_URI}, [include]),
        _element("edmx:DataServices", {}, [model]),
    ]
    document = _element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": _EDMX}, content)
    return f'<?xml version="1.0" encoding="utf-8"?>{document}'.encode()


def _element(name: str, attributes: Mapping[str, str], children: Iterable[str] = ()) -> str:
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    inside = "".join(children)
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written} />"


def _base_type() -> str:
    return _element("EntityType", {"Name": _BASE, "Abstract": "true"})


def _managed_type() -> str:
    members = {
        "Value": "Edm.Boolean",
        "CanBeChanged": "Edm.Boolean",
        "ManagedPropertyLogicalName": "Edm.String",
    }
    return _complex_type(_BOOLEAN, members)


def _complex_type(name: str, members: Mapping[str, str]) -> str:
    properties = [_element("Property", {"Name": each, "Type": type}) for each, type in members.items()]
    return _element("ComplexType", {"Name": name}, properties)


def _function(name: str) -> str:
    answer = _element("ReturnType", {"Type": f"{ALIAS}.{name}Response", "Nullable": "false"})
    return _element("Function", {"Name": name}, [answer])


def _entity_type(schema: Schema, table: Table, keys: tuple[AlternateKey, ...]) -> str:
    key = _element("Key", {}, [_element("PropertyRef", {"Name": table.primary_id})])
    properties = [_property(table, column) for column in table.by_property.values()]
    links = [_single(schema, table, name) for name in table.singles]
    links += [_collection(schema, table, link) for link in table.collections.values()]
    links += [
        _navigation(link.navigation, f"Collection({ALIAS}.{link.other})")
        for link in table.intersects.values()
        if link.other in schema
    ]
    annotations = [_alternate_keys(table, keys)] if keys else []
    attributes = {"Name": table.logical_name, "BaseType": f"{ALIAS}.{_BASE}"}
    return _element("EntityType", attributes, [key, *properties, *links, *annotations])


def _property(table: Table, column: Column) -> str:
    attributes = {"Name": column.property_name, "Type": _type(column)}
    if column.name == table.primary_id:
        attributes["Nullable"] = "false"
    if column.kind in (Kind.DECIMAL, Kind.MONEY):
        attributes["Scale"] = "variable"
    return _element("Property", attributes)


def _type(column: Column) -> str:
    if column.kind is Kind.MANAGED:
        return f"{ALIAS}.{_BOOLEAN}"
    return "Edm.Int64" if column.type == "BigInt" else EDM[column.kind]


def _targets(single: Single) -> list[str]:
    """The tables to which a navigation property leads: several where they share its name."""
    column = single.column
    return [target for target in column.targets if column.navigation_to(target) == single.navigation]


def _single(schema: Schema, table: Table, name: str) -> str:
    single = table.singles[name]
    if name in table.by_property or single.target not in schema:
        return ""
    if len(_targets(single)) > 1:
        return _navigation(name, f"{ALIAS}.{_BASE}")
    target = schema[single.target]
    partner = next(
        (link.navigation for link in target.collections.values() if _are_partners(table, single, link)), None
    )
    constraint = {"Property": single.column.property_name, "ReferencedProperty": target.primary_id}
    children = [_element("ReferentialConstraint", constraint)]
    return _navigation(name, f"{ALIAS}.{single.target}", partner, children)


def _collection(schema: Schema, table: Table, link: OneToMany) -> str:
    child = schema.get(link.table)
    if child is None or link.navigation is None or link.navigation in table.by_property:
        return ""
    partner = None
    for name, single in child.singles.items():
        leads_here = single.target == table.logical_name and len(_targets(single)) == 1
        if leads_here and name not in child.by_property and _are_partners(child, single, link):
            partner = name
    return _navigation(link.navigation, f"Collection({ALIAS}.{link.table})", partner)


def _are_partners(child: Table, single: Single, link: OneToMany) -> bool:
    return link.table == child.logical_name and link.column == single.column.name


def _navigation(name: str, type: str, partner: str | None = None, children: Iterable[str] = ()) -> str:
    attributes = {"Name": name, "Type": type}
    if partner is not None:
        attributes["Partner"] = partner
    return _element("NavigationProperty", attributes, children)


def _alternate_keys(table: Table, keys: tuple[AlternateKey, ...]) -> str:
    records = [
        _element("Record", {}, [_element("PropertyValue", {"Property": "Key"}, [_key_parts(table, key)])])
        for key in keys
    ]
    return _element("Annotation", {"Term": "Keys.AlternateKeys"}, [_element("Collection", {}, records)])


def _key_parts(table: Table, key: AlternateKey) -> str:
    parts = []
    for name in key.columns:
        shown = table.by_name[name].property_name
        values = [
            _element("PropertyValue", {"Property": "Alias", "String": shown}),
            _element("PropertyValue", {"Property": "Name", "PropertyPath": shown}),
        ]
        parts.append(_element("Record", {}, values))
    return _element("Collection", {}, parts)


def _container(schema: Schema) -> str:
    members = [_entity_set(schema, table) for table in schema]
    members += [
        _element("FunctionImport", {"Name": name, "Function": f"{ALIAS}.{name}"}) for name in _ANSWERS
    ]
    return _element("EntityContainer", {"Name": "System"}, members)


def _entity_set(schema: Schema, table: Table) -> str:
    bindings: dict[str, str] = {}
    for name, single in table.singles.items():
        if single.target in schema and len(_targets(single)) == 1 and name not in table.by_property:
            bindings[name] = schema[single.target].entity_set
    for link in table.collections.values():
        if link.table in schema and link.navigation and link.navigation not in table.by_property:
            bindings[link.navigation] = schema[link.table].entity_set
    for name, many in table.intersects.items():
        if many.other in schema:
            bindings[name] = schema[many.other].entity_set
    children = [
        _element("NavigationPropertyBinding", {"Path": path, "Target": target})
        for path, target in bindings.items()
    ]
    attributes = {"Name": table.entity_set, "EntityType": f"{ALIAS}.{table.logical_name}"}
    return _element("EntitySet", attributes, children)
