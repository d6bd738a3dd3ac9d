"""A client for the Dataverse Web API: it knows HTTP and OData, and nothing of invoices."""

from connector.dataverse.authority import TrustedAuthorities
from connector.dataverse.client import DataverseClient, TableShape, WhoAmI
from connector.dataverse.literals import any_of, eq, guid, quote
from connector.dataverse.metadata import ColumnDefinition, TableDefinition
from connector.dataverse.operations import Action, Create, Delete, Operation, OperationResult, Update
from connector.dataverse.query import Query
from connector.dataverse.retrying import RetryPolicy
from connector.dataverse.sign_in import ClientSecret, TokenRequest, TokenSource

__all__ = [
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
