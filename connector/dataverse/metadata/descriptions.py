"""One table in full: sizes, choices, relationships and keys. Source: `webapi/query-metadata-web-api`.

What only columns of one type have has to be asked for by a cast to that type: one request for each type
that the table has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import msgspec

from connector.dataverse.metadata.definitions import (
    COLUMN_MEMBERS,
    TABLE_MEMBERS,
    Attribute,
    Choice,
    ColumnDefinition,
    EntityDefinition,
    Label,
    Relationship,
    RelationshipKind,
    TableDefinition,
    column_of,
    label_text,
    table_of,
)
from connector.dataverse.query.literals import quote

_ATTRIBUTE = (
    f"{COLUMN_MEMBERS},AttributeTypeName,RequiredLevel,IsValidForRead,IsValidForCreate,IsValidForUpdate"
)
_LINK = (
    "SchemaName,ReferencingEntity,ReferencingAttribute,ReferencedEntity,"
    "ReferencingEntityNavigationPropertyName,ReferencedEntityNavigationPropertyName"
)
_MANY = (
    "SchemaName,Entity1LogicalName,Entity2LogicalName,Entity1NavigationPropertyName,"
    "Entity2NavigationPropertyName"
)
_RANGE = "MinValue,MaxValue"
_CHOICES = "OptionSet,GlobalOptionSet"


class _Value(msgspec.Struct, rename="pascal"):
    value: str | None = None


class _Attribute(Attribute, rename="pascal"):
    attribute_type_name: _Value | None = None
    required_level: _Value | None = None
    is_valid_for_read: bool | None = None
    is_valid_for_create: bool | None = None
    is_valid_for_update: bool | None = None


class _Link(msgspec.Struct, rename="pascal"):
    schema_name: str
    referencing_entity: str
    referencing_attribute: str
    referenced_entity: str
    referencing_entity_navigation_property_name: str | None = None
    referenced_entity_navigation_property_name: str | None = None


class _Many(msgspec.Struct, rename="pascal"):
    schema_name: str
    entity1_logical_name: str
    entity2_logical_name: str
    entity1_navigation_property_name: str | None = None
    entity2_navigation_property_name: str | None = None


class _Key(msgspec.Struct, rename="pascal"):
    logical_name: str
    key_attributes: list[str] = msgspec.field(default_factory=list)


class Description(EntityDefinition, rename="pascal"):
    """One row of EntityDefinitions with all that hangs on it, as it comes over the wire."""

    attributes: tuple[_Attribute, ...] = ()
    keys: list[_Key] = msgspec.field(default_factory=list)
    many_to_one_relationships: list[_Link] = msgspec.field(default_factory=list)
    one_to_many_relationships: list[_Link] = msgspec.field(default_factory=list)
    many_to_many_relationships: list[_Many] = msgspec.field(default_factory=list)


class _Option(msgspec.Struct, rename="pascal"):
    value: int
    label: Label | None = None
    state: int | None = None


class _OptionSet(msgspec.Struct, rename="pascal"):
    options: list[_Option] = msgspec.field(default_factory=list)
    true_option: _Option | None = None
    false_option: _Option | None = None


class Detail(msgspec.Struct, rename="pascal"):
    """What a cast adds to a column, as it comes over the wire."""

    logical_name: str
    max_length: int | None = None
    precision: int | None = None
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    targets: list[str] = msgspec.field(default_factory=list)
    option_set: _OptionSet | None = None
    global_option_set: _OptionSet | None = None


@dataclass(frozen=True)
class Cast:
    """What to ask of the columns of some types: `path` and `options` of the request."""

    path: str
    options: Mapping[str, str]


# By AttributeTypeName without its "Type": the type's name in metadata, what it alone has, what to expand.
_OF_TYPE: Final[dict[str, tuple[str, str, str]]] = {
    "String": ("String", "MaxLength", ""),
    "Memo": ("Memo", "MaxLength", ""),
    "Integer": ("Integer", _RANGE, ""),
    "Decimal": ("Decimal", f"Precision,{_RANGE}", ""),
    "Double": ("Double", f"Precision,{_RANGE}", ""),
    "Money": ("Money", f"Precision,{_RANGE}", ""),
    "Lookup": ("Lookup", "Targets", ""),
    "Customer": ("Lookup", "Targets", ""),
    "Owner": ("Lookup", "Targets", ""),
    "Picklist": ("Picklist", "", _CHOICES),
    "MultiSelectPicklist": ("MultiSelectPicklist", "", _CHOICES),
    "State": ("State", "", _CHOICES),
    "Status": ("Status", "", _CHOICES),
    "Boolean": ("Boolean", "", _CHOICES),
}


def description_path(logical_name: str) -> str:
    return f"EntityDefinitions(LogicalName={quote(logical_name)})"


def description_options() -> dict[str, str]:
    expands = {
        "Attributes": _ATTRIBUTE,
        "Keys": "LogicalName,KeyAttributes",
        "ManyToOneRelationships": _LINK,
        "OneToManyRelationships": _LINK,
        "ManyToManyRelationships": _MANY,
    }
    return {
        "$select": TABLE_MEMBERS,
        "$expand": ",".join(f"{name}($select={members})" for name, members in expands.items()),
    }


def casts_of(row: Description) -> list[Cast]:
    """One question for each type of column that the table has and that has more to tell."""
    wanted = {_OF_TYPE[kind] for each in row.attributes if (kind := _type_name(each)) in _OF_TYPE}
    root = f"{description_path(row.logical_name)}/Attributes/Microsoft.Dynamics.CRM."
    return [
        Cast(
            f"{root}{kind}AttributeMetadata",
            {"$select": f"LogicalName,{members}".rstrip(","), "$expand": expand},
        )
        for kind, members, expand in sorted(wanted)
    ]


def described(row: Description, details: Sequence[Detail]) -> TableDefinition:
    """The wire's rows as one value."""
    more = {each.logical_name: each for each in details}
    return replace(
        table_of(row),
        columns={
            each.logical_name: _detailed(_column(each), more.get(each.logical_name))
            for each in row.attributes
        },
        relationships=tuple(_relationships(row)),
        keys={each.logical_name: tuple(each.key_attributes) for each in row.keys},
    )


def _column(row: _Attribute) -> ColumnDefinition:
    return replace(
        column_of(row),
        required=(row.required_level.value if row.required_level else None) or "",
        is_valid_for_read=row.is_valid_for_read,
        is_valid_for_create=row.is_valid_for_create,
        is_valid_for_update=row.is_valid_for_update,
    )


def _detailed(column: ColumnDefinition, detail: Detail | None) -> ColumnDefinition:
    if detail is None:
        return column
    return replace(
        column,
        max_length=detail.max_length,
        precision=detail.precision,
        min_value=detail.min_value,
        max_value=detail.max_value,
        targets=tuple(detail.targets),
        choices=tuple(_choices(detail.option_set or detail.global_option_set)),
    )


def _choices(options: _OptionSet | None) -> Iterator[Choice]:
    if options is None:
        return
    for each in (*options.options, options.true_option, options.false_option):
        if each is not None:
            yield Choice(each.value, label_text(each.label), each.state)


def _relationships(row: Description) -> Iterator[Relationship]:
    for link in row.many_to_one_relationships:
        navigation = link.referencing_entity_navigation_property_name or ""
        kind, other = RelationshipKind.MANY_TO_ONE, link.referenced_entity
        yield Relationship(link.schema_name, kind, navigation, other, link.referencing_attribute)
    for link in row.one_to_many_relationships:
        navigation = link.referenced_entity_navigation_property_name or ""
        kind, other = RelationshipKind.ONE_TO_MANY, link.referencing_entity
        yield Relationship(link.schema_name, kind, navigation, other, link.referencing_attribute)
    for many in row.many_to_many_relationships:
        yield _many(row.logical_name, many)


def _many(table: str, many: _Many) -> Relationship:
    """Seen from `table`: each side names the navigation that begins there."""
    if many.entity1_logical_name == table:
        navigation, other = many.entity1_navigation_property_name, many.entity2_logical_name
    else:
        navigation, other = many.entity2_navigation_property_name, many.entity1_logical_name
    return Relationship(many.schema_name, RelationshipKind.MANY_TO_MANY, navigation or "", other, "")


def _type_name(row: _Attribute) -> str:
    """AttributeType calls several types Virtual; AttributeTypeName tells them apart."""
    named: Any = row.attribute_type_name.value if row.attribute_type_name else None
    return str(named).removesuffix("Type") if named else row.attribute_type or ""
