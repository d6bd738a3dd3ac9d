"""msdyn_transactionconnection: which invoice line detail bills which actual, as texts on two sides."""

from __future__ import annotations

from msgspec import field

from connector.model.table import Record, Table


class TransactionConnection(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_transactionconnectionid")
    transaction_1: str | None = field(name="msdyn_transaction1", default=None)
    role_1: str | None = field(name="msdyn_transaction1role", default=None)
    type_1: str | None = field(name="msdyn_transaction1type", default=None)
    transaction_2: str | None = field(name="msdyn_transaction2", default=None)
    role_2: str | None = field(name="msdyn_transaction2role", default=None)
    type_2: str | None = field(name="msdyn_transaction2type", default=None)


TRANSACTION_CONNECTION = Table(
    TransactionConnection,
    logical_name="msdyn_transactionconnection",
    entity_set="msdyn_transactionconnections",
    key="msdyn_transactionconnectionid",
)
