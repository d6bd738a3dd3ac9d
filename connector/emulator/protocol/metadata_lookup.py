"""Which table, column or relationship an address of the metadata API names."""

from __future__ import annotations

from connector.emulator.problems import QUERY_NOT_SUPPORTED, ODataError, bad_request
from connector.emulator.protocol.address import Segment
from connector.emulator.protocol.definitions import metadata_id
from connector.emulator.protocol.metadata_query import Member
from connector.emulator.schema import Schema, Table

TABLES = "EntityDefinitions"
RELATIONSHIPS = "RelationshipDefinitions"
OPTION_SETS = "GlobalOptionSetDefinitions"


def find_table(schema: Schema, args: str) -> Table:
    """By MetadataId, or by LogicalName in quotes."""
    name, _, value = args.partition("=")
    text = value.strip()
    if name.strip() == "LogicalName" and len(text) > 1 and text[0] == text[-1] == "'":
        table = schema.get(text[1:-1])
    else:
        wanted = (text if name.strip() == "MetadataId" else args.strip()).lower()
        table = next((t for t in schema if metadata_id(t.logical_name) == wanted), None)
    if table is None:
        raise ODataError(404, QUERY_NOT_SUPPORTED, f"Could not find an entity with {args[:200]}.")
    return table


def find_member(members: list[Member], segment: Segment) -> Member:
    """By MetadataId, or by LogicalName, SchemaName or Name in quotes."""
    args = (segment.args or "").strip()
    name, equals, value = (part.strip() for part in args.partition("="))
    name, value = (name, value.strip("'")) if equals else ("MetadataId", args.lower())
    if name not in ("MetadataId", "LogicalName", "SchemaName", "Name"):
        raise bad_request(f"'{args[:200]}' is not a key of metadata.")
    for member in members:
        if member.get(name) == value:
            return member
    raise ODataError(404, QUERY_NOT_SUPPORTED, f"Could not find {args[:200]} in {segment.name}.")
