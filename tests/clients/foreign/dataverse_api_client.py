"""dataverse-api, which takes a requests session of one's own."""

from __future__ import annotations

import os
import sys

import requests
import scenario_runner
from dataverse_api import DataverseClient
from dataverse_api.metadata.attributes import LookupAttributeMetadata, StringAttributeMetadata
from dataverse_api.metadata.entity import define_entity
from dataverse_api.metadata.enums import OwnershipType
from dataverse_api.metadata.relationships import define_relationship
from dataverse_api.utils.labels import define_label
from scenario_runner import mark

_SESSION = requests.Session()
_SESSION.headers["Authorization"] = f"Bearer {os.environ['EMULATOR_TOKEN']}"
_CLIENT = DataverseClient(session=_SESSION, environment_url=os.environ["EMULATOR_URL"])


def it_reads_keys_relationships_and_messages() -> None:
    """Before anything else the client asks for metadata and for the messages that a table supports."""
    entity = _CLIENT.entity("account")
    assert entity.entity_set_name == "accounts"
    assert ["accountnumber"] in entity.alternate_keys.values(), entity.alternate_keys
    assert entity.supports_create_multiple
    assert entity.supports_update_multiple
    assert entity.relationships.single_valued
    assert entity.relationships.collection_valued


def create_read_delete() -> None:
    """Row by row, in batches with plain line ends, and by CreateMultiple."""
    entity = _CLIENT.entity("account")
    name = mark()
    for mode in ("individual", "multiple", "batch"):
        entity.create([{"name": f"{name} {mode} {n}"} for n in range(2)], mode=mode)
    rows = entity.read(select=["name"], filter=f"startswith(name,'{name}')", order_by="name", page_size=4)
    assert [row["name"].split(" ", 1)[1] for row in rows] == [
        "batch 0",
        "batch 1",
        "individual 0",
        "individual 1",
        "multiple 0",
        "multiple 1",
    ], rows
    ids = [row["accountid"] for row in rows]
    entity.delete(ids=ids[:3], mode="individual")
    entity.delete(ids=ids[3:], mode="batch")
    assert entity.read(filter=f"startswith(name,'{name}')") == []


def upsert_by_id_and_by_key() -> None:
    """By the primary key and by an alternate one, alone and in a batch."""
    entity = _CLIENT.entity("account")
    key = next(name for name, columns in entity.alternate_keys.items() if columns == ["accountnumber"])
    number = mark()
    for mode, name in (("individual", "first"), ("batch", "second")):
        entity.upsert([{"accountnumber": number, "name": name}], mode=mode, altkey_name=key)
        rows = entity.read(select=["name"], filter=f"accountnumber eq '{number}'")
        assert [row["name"] for row in rows] == [name]
    entity.upsert([{"accountid": rows[0]["accountid"], "name": "third"}], mode="individual")
    assert entity.read(select=["name"], filter=f"accountnumber eq '{number}'")[0]["name"] == "third"


def columns_are_deleted() -> None:
    """A single column is emptied by DELETE of the property."""
    entity = _CLIENT.entity("account")
    name = mark()
    entity.create([{"name": name, "fax": "1"}], mode="individual")
    (row,) = entity.read(filter=f"name eq '{name}'")
    entity.delete_columns(["fax"], ids=[row["accountid"]])
    (row,) = entity.read(filter=f"name eq '{name}'")
    assert row["fax"] is None


def tables_are_created_related_and_deleted() -> None:
    """Definitions of its own making: two tables, a relationship, rows, an update that keeps labels."""
    assert _CLIENT.get_language_codes() == [1033]
    first, second = f"new_Parent{mark()}", f"new_Child{mark()}"
    for name in (first, second):
        primary = StringAttributeMetadata(
            schema_name="new_Name",
            description=define_label("A name"),
            display_name=define_label("Name"),
            is_primary_name=True,
        )
        table = define_entity(name, [primary], "Made", name, f"{name}s", OwnershipType.USER_OWNED)
        made = _CLIENT.create_entity(table, return_representation=True)
        assert made.json()["LogicalName"] == name.lower(), made.text
    lookup = LookupAttributeMetadata(
        schema_name="new_ParentId",
        description=define_label("Parent"),
        display_name=define_label("Parent"),
    )
    relationship = define_relationship(f"{first}_{second}", second.lower(), first.lower(), lookup)
    _CLIENT.create_relationship(relationship)
    assert _CLIENT.get_relationship_definition(f"{first}_{second}").schema_name == f"{first}_{second}"
    parents, children = _CLIENT.entity(first.lower()), _CLIENT.entity(second.lower())
    parents.create([{"new_name": "P"}], mode="individual")
    (parent,) = parents.read()
    bind = f"/{first.lower()}s({parent[f'{first.lower()}id']})"
    children.create([{"new_name": "C", "new_ParentId@odata.bind": bind}], mode="individual")
    assert [row["new_name"] for row in children.read(filter="new_ParentId/new_name eq 'P'")] == ["C"]
    definition = _CLIENT.get_entity_definition(first.lower())
    definition.display_name = define_label("Renamed")
    _CLIENT.update_entity(definition, preserve_localized_labels=True)
    renamed = _CLIENT.get_entity_definition(first.lower()).display_name
    assert renamed.localized_labels[0].label == "Renamed", renamed
    for name in (second, first):
        _CLIENT.delete_entity(name.lower())


if __name__ == "__main__":
    scenario_runner.run(sys.modules[__name__])
