"""account: a customer."""

from __future__ import annotations

from msgspec import field

from connector.model.table import Record, Table


class Account(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="accountid")
    name: str | None = field(name="name", default=None)
    account_number: str | None = field(name="accountnumber", default=None)
    state: int | None = field(name="statecode", default=None)


ACCOUNT = Table(Account, logical_name="account", entity_set="accounts", key="accountid")
