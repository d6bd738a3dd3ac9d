"""A client for the Dataverse Web API: it knows HTTP and OData, and nothing of invoices."""

from connector.dataverse.authority import TrustedAuthorities
from connector.dataverse.bulk.results import BatchResult, RowResult, RowStatus
from connector.dataverse.bulk.rows import BulkTable
from connector.dataverse.bulk.sizes import Chunks
from connector.dataverse.client import DataverseClient, TableShape, WhoAmI
from connector.dataverse.columns import Column, column
from connector.dataverse.conditions import Condition, all_where, any_where, odata
from connector.dataverse.expand import Expand
from connector.dataverse.literals import any_of, eq, guid, quote
from connector.dataverse.metadata import (
    Choice,
    ColumnDefinition,
    Relationship,
    RelationshipKind,
    TableDefinition,
)
from connector.dataverse.metadata_cache import MetadataCache
from connector.dataverse.operations import Action, Create, Delete, Operation, OperationResult, Update
from connector.dataverse.parallel_reading import PartsPlan
from connector.dataverse.query import EVERYTHING, Query
from connector.dataverse.retrying import RetryPolicy
from connector.dataverse.sign_in import (
    AssertionFile,
    AzureCli,
    AzurePipelinesAssertion,
    ClientCertificate,
    ClientSecret,
    DeviceCode,
    FederatedIdentity,
    GitHubAssertion,
    Interactive,
    ManagedIdentity,
    TokenCacheFile,
    TokenRequest,
    TokenSource,
)

__all__ = [
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
    "odata",
    "quote",
]
