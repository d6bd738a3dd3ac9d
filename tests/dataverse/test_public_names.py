"""The library's public names."""

from __future__ import annotations

import connector.dataverse


def test_public_names_change_on_purpose_only() -> None:
    """Whoever imports from connector.dataverse finds exactly these names."""
    assert connector.dataverse.__all__ == [
        "EVERYTHING",
        "Action",
        "AssertionFile",
        "AzureCli",
        "AzurePipelinesAssertion",
        "BatchResult",
        "BulkTable",
        "Choice",
        "Chunks",
        "ClientCertificate",
        "ClientSecret",
        "Column",
        "ColumnDefinition",
        "Condition",
        "Create",
        "DataverseClient",
        "Delete",
        "DeviceCode",
        "Expand",
        "FederatedIdentity",
        "GitHubAssertion",
        "Interactive",
        "ManagedIdentity",
        "MetadataCache",
        "Operation",
        "OperationResult",
        "PartsPlan",
        "Query",
        "Relationship",
        "RelationshipKind",
        "RetryPolicy",
        "RowResult",
        "RowStatus",
        "TableDefinition",
        "TableShape",
        "TokenCacheFile",
        "TokenRequest",
        "TokenSource",
        "TrustedAuthorities",
        "Update",
        "WhoAmI",
        "all_where",
        "any_of",
        "any_where",
        "column",
        "eq",
        "guid",
        "is_guid",
        "odata",
        "quote",
    ]
    assert all(hasattr(connector.dataverse, name) for name in connector.dataverse.__all__)
