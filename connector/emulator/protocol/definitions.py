"""The schema in the words of Dataverse's metadata: EntityMetadata, AttributeMetadata, relationships."""

from __future__ import annotations

import uuid
from typing import Any

from connector.emulator.schema import AlternateKey, Column, Kind, ManyToOne, Schema, Table
from connector.emulator.schema.own import OwnOptionSet

_NAMESPACE = uuid.UUID("6f6d0b1c-6c3e-4b60-9d5a-5a1f0c9b7d11")
_LANGUAGE = 1033
NO_CASCADE = {
    "Assign": "NoCascade",
    "Delete": "RemoveLink",
    "Merge": "NoCascade",
    "Reparent": "NoCascade",
    "Share": "NoCascade",
    "Unshare": "NoCascade",
    "RollupView": "NoCascade",
}
"""The CascadeConfiguration of a relationship for which none is given."""
_CASTS = {
    "Picklist": "Picklist",
    "State": "State",
    "Status": "Status",
    "Boolean": "Boolean",
    "MultiSelectPicklist": "MultiSelectPicklist",
}


def metadata_id(*names: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def label(text: str) -> dict[str, Any]:
    if not text:
        return {"LocalizedLabels": [], "UserLocalizedLabel": None}
    one = {"Label": text, "LanguageCode": _LANGUAGE, "IsManaged": True}
    return {"LocalizedLabels": [one], "UserLocalizedLabel": one}


def entity_definition(table: Table) -> dict[str, Any]:
    content = {
        "MetadataId": metadata_id(table.logical_name),
        "LogicalName": table.logical_name,
        "SchemaName": table.schema_name,
        "EntitySetName": table.entity_set,
        "LogicalCollectionName": table.entity_set,
        "DisplayName": label(table.display_name),
        "OwnershipType": table.ownership,
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "PrimaryImageAttribute": "entityimage" if table.has("entityimage") else None,
        "IsOptimisticConcurrencyEnabled": True,
        "ChangeTrackingEnabled": True,
        "IsCustomEntity": "_" in table.logical_name,
        "DisplayCollectionName": label(""),
        "Description": label(""),
        "IsManaged": not table.own,
        "IsCustomizable": _customizable(table.own),
        "IsActivity": False,
        "HasActivities": False,
        "HasNotes": False,
        "IsPrivate": False,
        "IsIntersect": is_intersect(table),
        "TableType": "Standard",
    }
    return content | table.told


def is_intersect(table: Table) -> bool:
    """Whether the table stands between two others: its rows are pairs, without any name."""
    return table.logical_name == "systemuserroles" or (table.own and table.primary_name is None)


def _customizable(is_own: bool) -> dict[str, Any]:
    return {"Value": is_own, "CanBeChanged": is_own, "ManagedPropertyLogicalName": "iscustomizable"}


def attribute_definition(table: Table, column: Column) -> dict[str, Any]:
    content: dict[str, Any] = {
        "@odata.type": f"#Microsoft.Dynamics.CRM.{column.type}AttributeMetadata",
        "MetadataId": metadata_id(table.logical_name, column.name),
        "EntityLogicalName": table.logical_name,
        "LogicalName": column.name,
        "SchemaName": column.schema_name or column.name,
        "AttributeType": column.type,
        "AttributeTypeName": {"Value": f"{column.type}Type"},
        "DisplayName": label(column.display_name),
        "Description": label(""),
        "RequiredLevel": {"Value": column.required, "CanBeChanged": column.own},
        "IsValidForCreate": column.create,
        "IsValidForUpdate": column.update,
        "IsValidForRead": column.read,
        "IsPrimaryId": column.name == table.primary_id,
        "IsPrimaryName": column.name == table.primary_name,
        "IsCustomAttribute": "_" in column.name,
        "IsManaged": not column.own,
        "IsCustomizable": _customizable(column.own),
        "AttributeOf": None,
    }
    told = {name: value for name, value in column.told.items() if name != "relationship"}
    return content | _typed_members(table, column) | told


def _typed_members(table: Table, column: Column) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in (
        ("MaxLength", column.max_length),
        ("Precision", column.precision),
        ("MinValue", column.min),
        ("MaxValue", column.max),
        ("Format", column.format),
    ):
        members |= {} if value is None else {name: value}
    if column.kind is Kind.LOOKUP:
        members["Targets"] = list(column.targets)
    if column.date_behavior:
        members["DateTimeBehavior"] = {"Value": column.date_behavior}
    if column.type in _CASTS:
        members["OptionSet"] = _option_set(table, column)
        members["GlobalOptionSet"] = members["OptionSet"] if column.option_set else None
        if column.own and column.type == "Boolean":
            members["DefaultValue"] = bool(column.default)
        elif column.own:
            members["DefaultFormValue"] = -1 if column.default is None else column.default
    return members


def option_set_id(name: str) -> str:
    return metadata_id("global options", name)


def option_set_definition(option_set: OwnOptionSet) -> dict[str, Any]:
    """A global choice."""
    content: dict[str, Any] = {
        "@odata.type": "#Microsoft.Dynamics.CRM.OptionSetMetadata",
        "MetadataId": option_set_id(option_set.name),
        "Name": option_set.name,
        "DisplayName": label(option_set.display_name),
        "Description": label(""),
        "IsGlobal": True,
        "IsCustomOptionSet": True,
        "IsManaged": False,
        "IsCustomizable": _customizable(True),
        "OptionSetType": "Picklist",
        "Options": [
            {"Value": int(value), "Label": label(text)} for value, text in option_set.options.items()
        ],
    }
    return content | option_set.told


def _option_set(table: Table, column: Column) -> dict[str, Any]:
    of_table = metadata_id(table.logical_name, column.name, "options")
    base: dict[str, Any] = {
        "MetadataId": option_set_id(column.option_set) if column.option_set else of_table,
        "Name": column.option_set or f"{table.logical_name}_{column.name}",
        "IsGlobal": bool(column.option_set),
        "OptionSetType": "Picklist" if column.option_set else column.type,
    }
    if column.type == "Boolean":
        sides = (("TrueOption", 1), ("FalseOption", 0))
        return base | {k: {"Value": v, "Label": label(column.choices.get(v, ""))} for k, v in sides}
    options = []
    for value, text in column.choices.items():
        option: dict[str, Any] = {"Value": value, "Label": label(text)}
        if str(value) in column.status_state:
            option["State"] = column.status_state[str(value)]
        if str(value) in column.default_status:
            option["DefaultStatus"] = column.default_status[str(value)]
        options.append(option)
    return {**base, "Options": options}


def key_definition(table: Table, key: AlternateKey) -> dict[str, Any]:
    """An EntityKeyMetadata; its index is always there, since SQLite builds it at once."""
    return {
        "MetadataId": metadata_id(table.logical_name, "keys", key.name),
        "LogicalName": key.name.lower(),
        "SchemaName": key.name,
        "DisplayName": label(key.name),
        "EntityLogicalName": table.logical_name,
        "KeyAttributes": list(key.columns),
        "EntityKeyIndexStatus": "Active",
        "AsyncJob": None,
        "IsManaged": key in table.alternate_keys,
    }


def cast_matches(member: dict[str, Any], cast: str) -> bool:
    """Whether a column or a relationship is of the type that a cast segment names."""
    if "OptionSetType" in member:
        return cast == "OptionSetMetadata"
    if "RelationshipType" in member:
        return f"{member['RelationshipType']}Metadata" == cast
    type_name = str(member.get("@odata.type", "")).removeprefix("#Microsoft.Dynamics.CRM.")
    if type_name in ("CustomerAttributeMetadata", "OwnerAttributeMetadata"):
        type_name = "LookupAttributeMetadata"
    return type_name == cast


def many_to_one_definitions(table: Table, schema: Schema) -> list[dict[str, Any]]:
    """Relationships whose lookup stands on this table; the navigation name comes from the lookup."""
    found = []
    for link in table.many_to_one:
        column = table.by_name.get(link.column)
        navigation = link.navigation or (column.navigation_to(link.target) if column else None)
        target = schema.get(link.target)
        back = _collection_name(target, table.logical_name, link.column) if target else None
        found.append(_relationship(link, table.logical_name, navigation, back, target))
    return found


def one_to_many_definitions(table: Table, schema: Schema) -> list[dict[str, Any]]:
    found = []
    for link in table.one_to_many:
        child = schema.get(link.table)
        column = child.by_name.get(link.column) if child else None
        navigation = column.navigation_to(table.logical_name) if column else None
        there = next(
            (each for each in (child.many_to_one if child else ()) if each.relationship == link.relationship),
            ManyToOne(column=link.column, target=table.logical_name, relationship=link.relationship),
        )
        found.append(_relationship(there, link.table, navigation, link.navigation, table))
    return found


def many_to_many_definitions(table: Table, schema: Schema) -> list[dict[str, Any]]:
    """Both sides tell of the same relationship in the same words: the first entity is the first by name."""
    found = []
    for link in table.intersects.values():
        other = schema.get(link.other)
        back = next((each for each in (other.intersects if other else {}).values()
                     if each.intersect == link.intersect), None)  # fmt: skip
        mine = (table.logical_name, link.own_column, link.navigation)
        theirs = (link.other, link.other_column, back.navigation if back else None)
        first, second = sorted((mine, theirs))
        found.append(
            {
                "@odata.type": "#Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata",
                "MetadataId": metadata_id(link.intersect, first[0], second[0]),
                "SchemaName": link.relationship or link.navigation,
                "RelationshipType": "ManyToManyRelationship",
                "IntersectEntityName": link.intersect,
                "Entity1LogicalName": first[0],
                "Entity1IntersectAttribute": first[1],
                "Entity1NavigationPropertyName": first[2],
                "Entity2LogicalName": second[0],
                "Entity2IntersectAttribute": second[1],
                "Entity2NavigationPropertyName": second[2],
                "IsCustomRelationship": link.own,
                "IsManaged": not link.own,
                "IsCustomizable": _customizable(link.own),
            }
            | link.told
        )
    return found


def all_relationships(schema: Schema) -> list[dict[str, Any]]:
    """Those of all tables, each once: both of its sides tell of one."""
    found: dict[str, dict[str, Any]] = {}
    for table in schema:
        for member in (
            *many_to_one_definitions(table, schema),
            *one_to_many_definitions(table, schema),
            *many_to_many_definitions(table, schema),
        ):
            found.setdefault(member["MetadataId"], member)
    return list(found.values())


def _collection_name(target: Table | None, table: str, column: str) -> str | None:
    links = target.one_to_many if target else ()
    return next((o.navigation for o in links if o.table == table and o.column == column), None)


def _relationship(
    link: ManyToOne, table: str, navigation: str | None, back: str | None, referenced: Table | None
) -> dict[str, Any]:
    content = {
        "@odata.type": "#Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "MetadataId": metadata_id(link.relationship, table, link.column, link.target),
        "SchemaName": link.relationship,
        "RelationshipType": "OneToManyRelationship",
        "ReferencingEntity": table,
        "ReferencingAttribute": link.column,
        "ReferencingEntityNavigationPropertyName": navigation,
        "ReferencedEntity": link.target,
        "ReferencedAttribute": referenced.primary_id if referenced else f"{link.target}id",
        "ReferencedEntityNavigationPropertyName": back,
        "IsCustomRelationship": "_" in table or link.own,
        "IsManaged": not link.own,
        "IsCustomizable": _customizable(link.own),
    }
    return (
        content | ({"CascadeConfiguration": {**NO_CASCADE, **link.cascade}} if link.own else {}) | link.told
    )
