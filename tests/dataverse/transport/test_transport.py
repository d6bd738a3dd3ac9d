"""The last gate before a token leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import responses

from connector.dataverse import RetryPolicy
from connector.dataverse.exchange.wire import Request
from connector.dataverse.transport.transport import Transport
from connector.errors import ForeignOrigin

if TYPE_CHECKING:
    from tests.dataverse.conftest import FixedTokens


@pytest.fixture
def transport(policy: RetryPolicy, tokens: FixedTokens) -> Iterator[Transport]:
    opened = Transport("https://contoso.crm4.dynamics.com", tokens, None, policy, "test/1")
    yield opened
    opened.close()


@pytest.mark.parametrize("host", ["https://evil.example", "http://contoso.crm4.dynamics.com"])
def test_a_token_is_put_on_requests_to_the_environment_alone(
    service: responses.RequestsMock, transport: Transport, tokens: FixedTokens, host: str
) -> None:
    """Whatever was missed before: for another origin no token is even asked for, and nothing is sent."""
    with pytest.raises(ForeignOrigin):
        transport.call(Request("GET", f"{host}/api/data/v9.2/accounts"))
    assert tokens.asked == []
    assert len(service.calls) == 0
