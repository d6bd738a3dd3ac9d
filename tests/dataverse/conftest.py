"""A client of an environment that is answered by `responses`, and a table to ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import msgspec
import pytest
import responses

from connector.dataverse import DataverseClient, RetryPolicy, TokenRequest


class Account(msgspec.Struct, frozen=True, rename={"id": "accountid", "etag": "@odata.etag"}):
    id: str
    name: str | None = None
    revenue: Decimal | None = None
    createdon: datetime | None = None
    etag: str | None = None


@dataclass(frozen=True)
class Table:
    logical_name: str
    entity_set: str
    record: type[Account]
    select: tuple[str, ...]


@dataclass
class FixedTokens:
    """Gives token-1, and the next number after each `forget`."""

    asked: list[TokenRequest] = field(default_factory=list)
    forgotten: int = 0

    def token(self, request: TokenRequest) -> str:
        self.asked.append(request)
        return f"token-{self.forgotten + 1}"

    def forget(self) -> None:
        self.forgotten += 1


@pytest.fixture
def accounts() -> Table:
    return Table("account", "accounts", Account, ("accountid", "name", "revenue"))


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that the client wanted to sleep, in order; nobody sleeps in tests."""
    return []


@pytest.fixture
def policy(pauses: list[float]) -> RetryPolicy:
    return RetryPolicy(sleep=pauses.append)


@pytest.fixture
def tokens() -> FixedTokens:
    return FixedTokens()


@pytest.fixture
def root() -> str:
    """Where the environment's Web API is."""
    return "https://contoso.crm4.dynamics.com/api/data/v9.2"


@pytest.fixture
def client(policy: RetryPolicy, tokens: FixedTokens) -> Iterator[DataverseClient]:
    with DataverseClient("https://contoso.crm4.dynamics.com", tokens, retry=policy) as opened:
        yield opened


@pytest.fixture
def service() -> Iterator[responses.RequestsMock]:
    """The network: it answers what a test has told it, and refuses every other address."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mocked:
        yield mocked
