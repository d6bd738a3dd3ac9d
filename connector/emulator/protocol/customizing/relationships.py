"""Relationships are created, changed and deleted, the lookup with that of one to many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from connector.emulator.problems import DUPLICATE_NAME, bad_request
from connector.emulator.protocol.address import Segment
from connector.emulator.protocol.context import Context
from connector.emulator.protocol.customizing.answers import body, created, in_use, managed, use
from connector.emulator.protocol.customizing.columns import add_column
from connector.emulator.protocol.customizing.relationship_definition import (
    read_cascade,
    read_many_to_many,
    read_one_to_many,
)
from connector.emulator.protocol.definitions import all_relationships
from connector.emulator.protocol.keys import keys_of
from connector.emulator.protocol.messages import Response, empty_response
from connector.emulator.protocol.metadata_lookup import RELATIONSHIPS, find_member
from connector.emulator.schema import Own


def create_relationship(context: Context, _: Segment) -> Response:
    content = body(context, "the relationship")
    if content.type_name == "OneToManyRelationshipMetadata":
        lookup = read_one_to_many(content, context.schema)
        name = lookup.relationship
        _refuse_known_relationship(context, name)
        add_column(context, context.schema[lookup.table], lookup)
    elif content.type_name == "ManyToManyRelationshipMetadata":
        between = read_many_to_many(content, context.schema)
        name = between.name
        _refuse_known_relationship(context, name)
        use(context.tx, context.schema.own.with_more(Own(relationships=(between,))))
    else:
        raise bad_request("'@odata.type' of the relationship is neither OneToMany- nor ManyToMany…Metadata.")
    made = next(one for one in all_relationships(context.tx.schema) if one["SchemaName"] == name)
    return created(context, f"{context.request.root}/{RELATIONSHIPS}({made['MetadataId']})", made)


def _refuse_known_relationship(context: Context, name: str) -> None:
    if any(one["SchemaName"].lower() == name.lower() for one in all_relationships(context.schema)):
        raise bad_request(f"A relationship with the name '{name[:100]}' exists already.", DUPLICATE_NAME)


def update_relationship(context: Context, first: Segment) -> Response:
    present = _own_relationship(context, first, "Update")
    content = body(context, f"the relationship {present['SchemaName']}", present)
    if "ReferencingEntity" not in present:
        content.end()
        return empty_response()
    table = str(present["ReferencingEntity"])
    own = context.schema.own.column(table, str(present["ReferencingAttribute"]))
    assert own is not None
    cascade = read_cascade(content.part("CascadeConfiguration"))
    content.end()
    changed = replace(own, cascade={**own.cascade, **cascade})
    use(context.tx, context.schema.own.with_column(table, changed))
    return empty_response()


def delete_relationship(context: Context, first: Segment) -> Response:
    """A lookup goes with its relationship, the table between two others with theirs."""
    present = _own_relationship(context, first, "Delete")
    own = context.schema.own
    if "ReferencingEntity" in present:
        table = context.schema[str(present["ReferencingEntity"])]
        name = str(present["ReferencingAttribute"])
        keys = [key.name for key in keys_of(context.tx, table) if name in key.columns]
        if keys:
            raise in_use("EntityRelationship", str(present["SchemaName"]), len(keys), ", ".join(keys))
        use(context.tx, own.without_column(table.logical_name, name))
    else:
        left = tuple(one for one in own.relationships if one.name != present["SchemaName"])
        use(context.tx, replace(own, relationships=left))
    return empty_response()


def _own_relationship(context: Context, segment: Segment, operation: str) -> Mapping[str, Any]:
    present = find_member(all_relationships(context.schema), segment)
    if present["IsManaged"]:
        raise managed(operation, present["SchemaName"], present["MetadataId"])
    return present
