"""dataverse-api, which takes a requests session of one's own."""

from __future__ import annotations

import os
import sys

import requests
import scenario_runner
from dataverse_api import DataverseClient
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


if __name__ == "__main__":
    scenario_runner.run(sys.modules[__name__])
