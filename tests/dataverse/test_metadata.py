"""Tables and columns as the environment has them."""

from __future__ import annotations

from urllib.parse import unquote

import responses

from connector.dataverse import ColumnDefinition, DataverseClient


def test_tables_and_columns_come_in_one_request(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """One question for all tables; what is not there is missing; labels may be missing too."""
    label = {"LocalizedLabels": [], "UserLocalizedLabel": {"Label": "Vertrag", "LanguageCode": 1031}}
    row = {
        "LogicalName": "salesorder",
        "EntitySetName": "salesorders",
        "PrimaryIdAttribute": "salesorderid",
        "PrimaryNameAttribute": "name",
        "IsOptimisticConcurrencyEnabled": True,
        "DisplayName": label,
        "MetadataId": "1",
        "Attributes": [
            {
                "LogicalName": "name",
                "SchemaName": "Name",
                "AttributeType": "String",
                "DisplayName": {"UserLocalizedLabel": None, "LocalizedLabels": []},
                "MetadataId": "2",
            }
        ],
    }
    service.get(f"{root}/EntityDefinitions", json={"value": [row]})
    tables = client.table_definitions(["salesorder", "msdyn_nothing"])
    assert list(tables) == ["salesorder"]
    table = tables["salesorder"]
    assert (table.entity_set, table.primary_id, table.primary_name) == ("salesorders", "salesorderid", "name")
    assert (table.display_name, table.is_optimistic_concurrency_enabled) == ("Vertrag", True)
    assert table.columns == {"name": ColumnDefinition("name", "Name", "", "String")}
    assert unquote(str(service.calls[0].request.url)).partition("?")[2] == (
        "$select=LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute,DisplayName,"
        "IsOptimisticConcurrencyEnabled"
        "&$filter=LogicalName eq 'salesorder' or LogicalName eq 'msdyn_nothing'"
        "&$expand=Attributes($select=LogicalName,SchemaName,DisplayName,AttributeType)"
    )


def test_no_names_need_no_request(client: DataverseClient) -> None:
    """Nothing asked, nothing answered."""
    assert client.table_definitions([]) == {}
