"""EntityDefinitions, as clients read them before their first query."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.protocol.caller import Api, code_of

ACTUAL = "EntityDefinitions(LogicalName='msdyn_actual')"


def named(members: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(member for member in members if member["LogicalName"] == name)


@pytest.mark.parametrize(
    "condition",
    [
        "LogicalName eq 'invoice' or LogicalName eq 'salesorder'",
        "LogicalName in ('invoice','salesorder')",
        "(LogicalName eq 'invoice') or LogicalName eq 'salesorder' or LogicalName eq 'nonsense'",
    ],
)
def test_tables_by_name(api: Api, condition: str) -> None:
    """Tables are found by logical name; MetadataId always comes along."""
    rows = api.rows(
        f"EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute&$filter={condition}"
    )
    assert [row["EntitySetName"] for row in rows] == ["invoices", "salesorders"]
    assert set(rows[0]) == {"MetadataId", "LogicalName", "EntitySetName", "PrimaryIdAttribute"}


def test_tables_that_are_not_private(api: Api) -> None:
    """A list of all tables as Microsoft's own client asks for it, and `ne`."""
    rows = api.rows("EntityDefinitions?$select=LogicalName&$filter=IsPrivate eq false")
    others = api.rows("EntityDefinitions?$select=LogicalName&$filter=LogicalName ne 'invoice'")
    assert len(rows) == len(others) + 1 > 30


def test_one_table_by_key(api: Api) -> None:
    """A table by its key, with its label and its keys; a missing one is 404."""
    row = api.get(ACTUAL).json()
    assert row["DisplayName"]["UserLocalizedLabel"]["Label"] == "Actual"
    assert row["PrimaryIdAttribute"] == "msdyn_actualid"
    assert row["IsOptimisticConcurrencyEnabled"] is True
    assert api.get(f"EntityDefinitions({row['MetadataId']})").json()["LogicalName"] == "msdyn_actual"
    assert api.get("EntityDefinitions(LogicalName='nonsense')").status_code == 404


def test_columns_expanded(api: Api) -> None:
    """Columns come inside of tables, with the selected members."""
    address = (
        "EntityDefinitions?$select=LogicalName&$filter=LogicalName eq 'msdyn_actual'"
        "&$expand=Attributes($select=LogicalName,AttributeType,DisplayName,IsValidForCreate)"
    )
    table = api.rows(address)[0]
    column = named(table["Attributes"], "msdyn_amount")
    assert column["AttributeType"] == "Money"
    assert column["DisplayName"]["UserLocalizedLabel"]["Label"] == "Amount"
    assert set(column) == {
        "@odata.type",
        "MetadataId",
        "LogicalName",
        "AttributeType",
        "DisplayName",
        "IsValidForCreate",
    }


def test_invented_columns_are_found_by_label(api: Api) -> None:
    """What no public document names is there under a label, and under an invented name."""
    table = api.get(
        "EntityDefinitions(LogicalName='msdyn_projectcontractsplitbillingrule')?$expand=Attributes"
    ).json()
    labels = {
        column["DisplayName"]["UserLocalizedLabel"]["Label"]: column["LogicalName"]
        for column in table["Attributes"]
        if column["DisplayName"]["UserLocalizedLabel"]
    }
    assert table["EntitySetName"] == "msdyn_projectcontractsplitbillingrules"
    assert labels["Billing split percent"] == "emu_splitpercent"
    assert labels["Is Rounding"] == "emu_isrounding"
    assert named(api.rows(f"{ACTUAL}/Attributes"), "emu_nottoexceedstatus")


def test_attributes_keys_and_relationships(api: Api) -> None:
    """The parts of a table have addresses of their own; lookups name their navigation properties."""
    assert named(api.rows(f"{ACTUAL}/Attributes?$select=LogicalName"), "msdyn_amount")
    assert api.rows(f"{ACTUAL}/Keys") == []
    links = api.rows(
        f"{ACTUAL}/ManyToOneRelationships?$select=ReferencingAttribute,ReferencedEntity,"
        "ReferencingEntityNavigationPropertyName"
    )
    contract = next(link for link in links if link["ReferencingAttribute"] == "msdyn_salescontract")
    assert contract["ReferencedEntity"] == "salesorder"
    assert contract["ReferencingEntityNavigationPropertyName"] == "msdyn_SalesContract"


def test_choices_by_cast(api: Api) -> None:
    """Columns of one type, with their options and labels."""
    picklists = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"
    rows = api.rows(f"{ACTUAL}/Attributes/{picklists}?$select=LogicalName&$expand=OptionSet")
    options = named(rows, "msdyn_billingstatus")["OptionSet"]["Options"]
    labels = {o["Value"]: o["Label"]["UserLocalizedLabel"]["Label"] for o in options}
    assert labels[192350004] == "Ready to Invoice"
    assert not any(row["LogicalName"] == "msdyn_amount" for row in rows)


def test_one_column_by_name(api: Api) -> None:
    """A column by its logical name; a missing one is 404."""
    column = api.get(f"{ACTUAL}/Attributes(LogicalName='msdyn_salescontract')").json()
    assert column["Targets"] == ["salesorder"]
    assert api.get(f"{ACTUAL}/Attributes(LogicalName='nonsense')").status_code == 404


def test_every_table_can_be_described_and_listed(api: Api) -> None:
    """Each table of the schema has a definition, an entity set that answers, and unique names."""
    tables = api.rows("EntityDefinitions?$select=EntitySetName&$expand=Attributes($select=LogicalName)")
    assert len({table["EntitySetName"] for table in tables}) == len(tables) > 35
    for table in tables:
        names = [column["LogicalName"] for column in table["Attributes"]]
        assert len(set(names)) == len(names)
        assert api.get(f"{table['EntitySetName']}?$top=1").status_code == 200


def test_unknown_members_and_writes(api: Api) -> None:
    """A member that nobody knows is 400; what the emulator leaves out is 501."""
    assert code_of(api.get("EntityDefinitions?$select=Nonsense")) == (400, "0x0")
    assert code_of(api.get("EntityDefinitions?$filter=Nonsense eq 'x'")) == (400, "0x0")
    assert api.get("EntityDefinitions?$filter=startswith(LogicalName,'x')").status_code == 501
    assert (
        api.send("POST", "EntityDefinitions", {"SchemaName": "new_X", "IsActivity": True}).status_code == 400
    )
    assert api.get("ManagedPropertyDefinitions").status_code == 501
    assert api.rows("GlobalOptionSetDefinitions") == []


def test_service_document(api: Api) -> None:
    """The root lists the entity sets."""
    assert {"name": "invoices", "kind": "EntitySet", "url": "invoices"} in api.get("").json()["value"]
