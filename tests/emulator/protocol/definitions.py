"""Definitions as clients send them to the metadata API."""

from __future__ import annotations

from typing import Any

from tests.emulator.protocol.caller import Api

NAMESPACE = "Microsoft.Dynamics.CRM."


def label(text: str) -> dict[str, Any]:
    return {"@odata.type": f"{NAMESPACE}Label", "LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]}


def column(kind: str, schema_name: str, **members: Any) -> dict[str, Any]:
    return {
        "@odata.type": f"{NAMESPACE}{kind}AttributeMetadata",
        "SchemaName": schema_name,
        "DisplayName": label(schema_name),
        **members,
    }


def table(schema_name: str = "new_Bank", *columns: dict[str, Any], **members: Any) -> dict[str, Any]:
    name = column("String", "new_Name", IsPrimaryName=True, MaxLength=100)
    return {
        "@odata.type": f"{NAMESPACE}EntityMetadata",
        "SchemaName": schema_name,
        "DisplayName": label(schema_name),
        "OwnershipType": "UserOwned",
        "Attributes": [name, *columns],
        **members,
    }


def one_to_many(parent: str, child: str, lookup: str, **members: Any) -> dict[str, Any]:
    return {
        "@odata.type": f"{NAMESPACE}OneToManyRelationshipMetadata",
        "SchemaName": f"new_{parent}_{child}",
        "ReferencedEntity": parent,
        "ReferencingEntity": child,
        "ReferencedAttribute": f"{parent}id",
        "Lookup": column("Lookup", lookup),
        **members,
    }


def make(api: Api, path: str, body: dict[str, Any]) -> str:
    """Create a definition; returns its address, relative to the service root."""
    answer = api.send("POST", path, body)
    assert answer.status_code == 204, answer.text
    return answer.headers["OData-EntityId"].removeprefix(f"{api.root}/")
