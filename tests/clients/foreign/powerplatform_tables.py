"""Microsoft's Python client changes the schema: tables, columns, relationships, keys."""

from __future__ import annotations

import sys
from datetime import date
from enum import IntEnum

import scenario_runner
from powerplatform import _CLIENT, _refused
from PowerPlatform.Dataverse.core.errors import MetadataError
from PowerPlatform.Dataverse.models.labels import Label, LocalizedLabel
from PowerPlatform.Dataverse.models.relationship import (
    CascadeConfiguration,
    LookupAttributeMetadata,
    ManyToManyRelationshipMetadata,
    OneToManyRelationshipMetadata,
)
from scenario_runner import mark


class Priority(IntEnum):
    """Becomes a choice of its own."""

    High = 1
    Low = 2


def _label(text: str) -> Label:
    return Label([LocalizedLabel(text, 1033)])


def _table(**columns: object) -> str:
    """A new table; its schema name, which is its logical name but for the case."""
    return _CLIENT.tables.create(f"new_Ticket{mark()}", columns).schema_name


def a_table_of_every_type() -> None:
    """CreateEntities with a column of each type, then rows of it; gone with its rows after delete."""
    name = _table(
        new_Text="string",
        new_Note="memo",
        new_Number="int",
        new_Amount="decimal",
        new_Ratio="float",
        new_Due="datetime",
        new_Open="bool",
        new_Priority=Priority,
    )
    table = _CLIENT.tables.get(name)
    assert (table.logical_name, table.entity_set_name) == (name.lower(), f"{name.lower()}s"), table
    assert table.primary_name_attribute == "new_name", table
    values = {
        "new_Name": "one",
        "new_Text": "T",
        "new_Note": "N" * 3000,
        "new_Number": 7,
        "new_Amount": 12.25,
        "new_Ratio": 0.12345,
        "new_Due": date(2020, 10, 5).isoformat(),
        "new_Open": True,
        "new_Priority": "Low",
    }
    id = _CLIENT.records.create(name, values)
    row = _CLIENT.records.retrieve(name, id)
    assert row["new_due"].startswith("2020-10-05"), row
    assert row["new_priority"] == Priority.Low, row
    for column in ("new_Text", "new_Note", "new_Number", "new_Amount", "new_Ratio", "new_Open"):
        assert row[column.lower()] == values[column], (column, row)
    _CLIENT.tables.delete(name)
    assert _CLIENT.tables.get(name) is None
    try:
        _CLIENT.tables.delete(name)
    except MetadataError:
        return
    raise AssertionError("a table that is gone was deleted")


def columns_come_and_go() -> None:
    """Added with limits, changed, filled, removed; the same names can be given again."""
    name = _table()
    added = {"new_Rank": {"type": "int", "min_value": 1, "max_value": 5}, "new_Short": "string"}
    for _ in range(2):
        assert _CLIENT.tables.add_columns(name, added) == ["new_Rank", "new_Short"]
        assert _refused(_CLIENT.records.create, name, {"new_rank": 6}).status_code == 400
        id = _CLIENT.records.create(name, {"new_name": "x", "new_rank": 5, "new_short": "y" * 200})
        _CLIENT.tables.update_column(name, "new_Rank", {"max_value": 9})
        _CLIENT.records.update(name, id, {"new_rank": 9})
        typed = _CLIENT.tables.get_column(name, "new_rank", typed=True)
        assert (typed["MinValue"], typed["MaxValue"]) == (1, 9), typed
        assert _CLIENT.tables.remove_columns(name, ["new_Rank", "new_Short"]) == ["new_Rank", "new_Short"]
        assert "new_rank" not in _CLIENT.records.retrieve(name, id)
    assert _refused(_CLIENT.tables.add_columns, name, {"new_Name": "string"}).status_code == 400
    _CLIENT.tables.delete(name)


def lookups_and_their_relationships() -> None:
    """A lookup with its cascade, read and expanded, and the short way to one; then both are deleted."""
    name = _table()
    lookup = LookupAttributeMetadata("new_AccountId", _label("Account"), required_level="ApplicationRequired")
    relationship = OneToManyRelationshipMetadata(
        f"new_account_{name}",
        "account",
        name.lower(),
        "accountid",
        CascadeConfiguration(delete="Restrict"),
    )
    made = _CLIENT.tables.create_one_to_many_relationship(lookup, relationship)
    found = _CLIENT.tables.get_relationship(relationship.schema_name)
    assert found.relationship_id == made.relationship_id, (found, made)
    assert (found.referenced_entity, found.referencing_entity) == ("account", name.lower())
    account = _CLIENT.records.create("account", {"name": mark()})
    bind = {"new_AccountId@odata.bind": f"/accounts({account})"}
    ticket = _CLIENT.records.create(name, {"new_name": "x", **bind})
    (row,) = _CLIENT.records.list(name, expand=["new_AccountId"])
    assert row["new_AccountId"]["accountid"] == account, row
    assert _refused(_CLIENT.records.delete, "account", account).status_code == 405
    _CLIENT.records.delete(name, ticket)
    _CLIENT.records.delete("account", account)
    short = _CLIENT.tables.create_lookup_field(name, "new_ContactId", "contact", cascade_delete="Cascade")
    contact = _CLIENT.records.create("contact", {"lastname": "x"})
    _CLIENT.records.create(name, {"new_name": "y", "new_ContactId@odata.bind": f"/contacts({contact})"})
    _CLIENT.records.delete("contact", contact)
    assert list(_CLIENT.records.list(name)) == []
    for each in (made, short):
        _CLIENT.tables.delete_relationship(each.relationship_id)
    assert _CLIENT.tables.get_relationship(relationship.schema_name) is None
    assert _CLIENT.tables.get_column(name, "new_accountid") is None
    _CLIENT.tables.delete(name)


def many_to_many() -> None:
    """A table between two others; deleted with its relationship."""
    first, second = _table(), _table()
    relationship = ManyToManyRelationshipMetadata(f"new_{mark()}_both", first.lower(), second.lower())
    made = _CLIENT.tables.create_many_to_many_relationship(relationship)
    found = _CLIENT.tables.get_relationship(relationship.schema_name)
    assert {found.entity1_logical_name, found.entity2_logical_name} == {first.lower(), second.lower()}
    assert any(
        row["SchemaName"] == relationship.schema_name
        for row in _CLIENT.tables.list_table_relationships(first)
    )
    _CLIENT.tables.delete_relationship(made.relationship_id)
    assert _CLIENT.tables.get_relationship(relationship.schema_name) is None
    for name in (first, second):
        _CLIENT.tables.delete(name)


def a_key_of_a_table_of_ones_own() -> None:
    """Its key counts from its creation on, and holds its column fast until it is removed."""
    name = _table(new_Code="string")
    key = _CLIENT.tables.create_alternate_key(name, f"new_{mark()}", ["new_code"])
    _CLIENT.records.create(name, {"new_code": "A"})
    assert _refused(_CLIENT.records.create, name, {"new_code": "A"}).status_code == 412
    error = _refused(_CLIENT.tables.remove_columns, name, "new_Code")
    assert error.details["service_error_code"] == "0x8004f01f", error.details
    _CLIENT.tables.delete_alternate_key(name, key.metadata_id)
    _CLIENT.tables.remove_columns(name, "new_Code")
    _CLIENT.tables.delete(name)


def a_batch_of_changes() -> None:
    """Tables, columns and lookups inside of a batch, one after the other."""
    name = f"new_Batch{mark()}"
    batch = _CLIENT.batch.new()
    batch.tables.create(name, {"new_Text": "string"})
    result = batch.execute()
    assert not result.has_errors, result.failed
    batch = _CLIENT.batch.new()
    batch.tables.add_columns(name, {"new_More": "int"})
    batch.tables.create_lookup_field(name, "new_AccountId", "account")
    batch.tables.get(name)
    result = batch.execute()
    assert not result.has_errors, result.failed
    _CLIENT.records.create(name, {"new_text": "t", "new_more": 1})
    batch = _CLIENT.batch.new()
    batch.tables.remove_columns(name, "new_More")
    batch.tables.delete(name)
    result = batch.execute()
    assert not result.has_errors, result.failed
    assert _CLIENT.tables.get(name) is None


def what_is_not_covered_is_501() -> None:
    """A file column and a solution are refused by name."""
    name = _table()
    for call in (
        lambda: _CLIENT.tables.add_columns(name, {"new_File": "file"}),
        lambda: _CLIENT.tables.create(f"new_{mark()}", {}, solution="mine"),
    ):
        assert _refused(call).status_code == 501
    _CLIENT.tables.delete(name)


if __name__ == "__main__":
    scenario_runner.run(sys.modules[__name__])
