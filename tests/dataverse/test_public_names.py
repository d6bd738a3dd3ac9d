"""The library's public names."""

from __future__ import annotations

import connector.dataverse


def test_public_names_change_on_purpose_only() -> None:
    """Whoever imports from connector.dataverse finds exactly these names."""
    assert connector.dataverse.__all__ == [
        "Action",
        "ClientSecret",
        "ColumnDefinition",
        "Create",
        "DataverseClient",
        "Delete",
        "Operation",
        "OperationResult",
        "Query",
        "RetryPolicy",
        "TableDefinition",
        "TableShape",
        "TokenRequest",
        "TokenSource",
        "TrustedAuthorities",
        "Update",
        "WhoAmI",
        "any_of",
        "eq",
        "guid",
        "quote",
    ]
    assert all(hasattr(connector.dataverse, name) for name in connector.dataverse.__all__)
