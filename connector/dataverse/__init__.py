"""A client for the Dataverse Web API: it knows HTTP and OData, and nothing of invoices."""

from connector.dataverse.bulk.results import BatchResult, RowResult, RowStatus
from connector.dataverse.bulk.rows import BulkTable
from connector.dataverse.bulk.sizes import Chunks
from connector.dataverse.client import DataverseClient, TableShape, WhoAmI
from connector.dataverse.exchange.retrying import RetryPolicy
from connector.dataverse.metadata.cache import MetadataCache
from connector.dataverse.metadata.definitions import (
    Choice,
    ColumnDefinition,
    Relationship,
    RelationshipKind,
    TableDefinition,
)
from connector.dataverse.query.columns import Column, column
from connector.dataverse.query.conditions import Condition, all_where, any_where, odata
from connector.dataverse.query.expand import Expand
from connector.dataverse.query.literals import any_of, eq, guid, is_guid, quote
from connector.dataverse.query.query import EVERYTHING, Query
from connector.dataverse.reading.parallel import PartsPlan
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
from connector.dataverse.sign_in.authority import TrustedAuthorities
from connector.dataverse.writing.operations import Action, Create, Delete, Operation, OperationResult, Update

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
    "is_guid",
    "odata",
    "quote",
]
