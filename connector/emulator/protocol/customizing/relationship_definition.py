"""Relationships: one to many with the lookup that makes it, and many to many with the table between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from connector.emulator.problems import bad_request, not_implemented
from connector.emulator.protocol.customizing.column_definition import is_text, is_true_or_false, read_column
from connector.emulator.protocol.customizing.content import Content
from connector.emulator.protocol.definitions import NO_CASCADE, label
from connector.emulator.schema import Schema, Table
from connector.emulator.schema.own import ColumnOfTable, OwnColumn, OwnRelationship

_NOWHERE = "0x80040203"
_DELETES = ("RemoveLink", "Restrict", "Cascade")
_OTHERS = ("NoCascade", "Cascade")


def _is_menu(given: Any) -> bool:
    return isinstance(given, dict)


_TOLD: Mapping[str, Callable[[Any], bool]] = {
    "AssociatedMenuConfiguration": _is_menu,
    "Entity1AssociatedMenuConfiguration": _is_menu,
    "Entity2AssociatedMenuConfiguration": _is_menu,
    "IsValidForAdvancedFind": is_true_or_false,
    "SecurityTypes": is_text,
}


def read_one_to_many(content: Content, schema: Schema) -> ColumnOfTable:
    """The lookup with all that the relationship says of it."""
    name = content.name("SchemaName")
    child = _table(content, schema, "ReferencingEntity")
    parent = _table(content, schema, "ReferencedEntity")
    given = content.part("Lookup")
    if given is None:
        raise bad_request(f"{content.what} has no Lookup, the column that it would make.")
    content.same("ReferencedAttribute", parent.primary_id)
    content.same("RelationshipType", "OneToManyRelationship")
    lookup = read_column(given, schema, _target(given, parent), is_lookup=True)
    content.same("ReferencingAttribute", lookup.name)
    column = replace(
        lookup,
        relationship=name,
        navigation=content.text("ReferencingEntityNavigationPropertyName") or lookup.schema_name,
        collection=content.text("ReferencedEntityNavigationPropertyName") or name,
        cascade=read_cascade(content.part("CascadeConfiguration")),
        told={**lookup.told, "relationship": _told(content)},
    )
    content.end()
    return ColumnOfTable(
        table=child.logical_name, **{field: getattr(column, field) for field in OwnColumn.__struct_fields__}
    )


def _target(lookup: Content, parent: Table) -> OwnColumn:
    name = lookup.name("SchemaName")
    return OwnColumn(name=name.lower(), schema_name=name, type="Lookup", targets=(parent.logical_name,))


def read_cascade(content: Content | None) -> dict[str, Any]:
    """What happens to the children. Only Assign and Delete can show: nothing here merges or shares rows."""
    if content is None:
        return {}
    found: dict[str, Any] = {}
    for name in NO_CASCADE:
        given = content.one_of(name, _DELETES if name == "Delete" else (*_OTHERS, "Active", "UserOwned"))
        if given in ("Active", "UserOwned"):
            raise not_implemented(f"the cascade {given} ({name})")
        if given is not None:
            found[name] = given
    content.end()
    return found


def read_many_to_many(content: Content, schema: Schema) -> OwnRelationship:
    name = content.name("SchemaName")
    first = _table(content, schema, "Entity1LogicalName")
    second = _table(content, schema, "Entity2LogicalName")
    content.same("RelationshipType", "ManyToManyRelationship")
    if first is second:
        raise not_implemented("a many-to-many relationship of a table with itself")
    relationship = OwnRelationship(
        name=name,
        intersect=(content.text("IntersectEntityName") or name).lower(),
        first=first.logical_name,
        second=second.logical_name,
        first_navigation=content.text("Entity1NavigationPropertyName") or name,
        second_navigation=content.text("Entity2NavigationPropertyName") or name,
        told=_told(content),
    )
    content.end()
    return relationship


def _told(content: Content) -> dict[str, Any]:
    """Menus, and the labels that some clients send beside them."""
    labels = {name: content.label(name) for name in ("DisplayName", "Description")}
    return content.told(_TOLD) | {name: label(text) for name, text in labels.items() if text}


def _table(content: Content, schema: Schema, member: str) -> Table:
    name = content.name(member)
    table = schema.get(name)
    if table is None:
        raise bad_request(f"{member} of {content.what}: there is no table '{name[:100]}'.", _NOWHERE)
    return table
