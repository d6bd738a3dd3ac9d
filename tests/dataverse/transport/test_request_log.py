"""What the log says: each try at debug, each pause at info, and nothing that is anybody's secret."""

from __future__ import annotations

import logging
import re
from http.client import RemoteDisconnected

import pytest
import requests
import responses

from connector.dataverse import EVERYTHING, Create, DataverseClient, Query, column
from connector.errors import HttpError
from tests.dataverse.conftest import Table

ID = "0f7d4c1a-1111-2222-3333-444455556666"
LOGGER = "connector.dataverse"


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == LOGGER and each.levelno == level]


def test_a_batch_says_how_many_items_are_in_it(
    service: responses.RequestsMock, client: DataverseClient, root: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Method, path, count, status, duration, request id and try: one line."""
    service.post(f"{root}/$batch", status=400)
    with pytest.raises(HttpError):
        client.change_set([Create("accounts", ID, {}), Create("accounts", ID, {})])
    (line,) = lines(caplog, logging.DEBUG)
    identity = service.calls[0].request.headers["x-ms-client-request-id"]
    assert re.fullmatch(
        rf"POST /api/data/v9\.2/\$batch \(2 items\) -> 400 in \d+\.\d{{3}} s, request {identity}, try 1", line
    )


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (
            {"status": 429, "headers": {"Retry-After": "7"}, "json": {"error": {"code": "0x80072322"}}},
            "429 Too Many Requests (too many requests within five minutes)",
        ),
        ({"status": 503}, "503 Service Unavailable"),
        (
            {"status": 500, "json": {"error": {"code": "0x80044150"}}},
            "500 Internal Server Error (0x80044150)",
        ),
        (
            {"body": requests.ConnectionError(RemoteDisconnected("cut"))},
            "no answer (RemoteDisconnected: cut)",
        ),
    ],
)
def test_a_pause_is_told_with_its_length_and_its_reason(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    pauses: list[float],
    caplog: pytest.LogCaptureFixture,
    trouble: dict[str, object],
    reason: str,
) -> None:
    """Whoever watches at info knows why nothing happens."""
    service.get(f"{root}/accounts", **trouble)
    service.get(f"{root}/accounts", json={"value": []})
    assert list(client.list(accounts, EVERYTHING)) == []
    (line,) = lines(caplog, logging.INFO)
    assert line == f"pausing {pauses[0]:.1f} s after try 1: {reason}"


def test_a_filter_and_the_token_are_in_no_line(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    accounts: Table,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What customers are called is nobody's business but theirs."""
    service.get(f"{root}/accounts", json={"value": []})
    list(client.list(accounts, Query(filter=column("name") == "Adatum Corporation")))
    assert "Adatum" not in caplog.text
    assert "token-1" not in caplog.text
