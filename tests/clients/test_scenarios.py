"""Other people's clients, unmodified, against the emulator."""

from __future__ import annotations

import pytest

from tests.clients.driving import Client, Driver

CLIENTS = (
    Client("powerplatform.py", is_secure=True),
    Client("powerplatform_tables.py", is_secure=True),
    Client("dataverse_api_client.py", is_secure=True),
    Client("dynamics_web_api.mjs", is_secure=False),
    Client("dynamics_web_api_tables.mjs", is_secure=False),
)
CASES = [
    pytest.param(client, name, id=f"{client.file}-{name}") for client in CLIENTS for name in client.scenarios
]


@pytest.mark.parametrize(("client", "scenario"), CASES)
def test_a_foreign_client_is_served(drive: Driver, client: Client, scenario: str) -> None:
    """What the scenario's own sentence says holds for a client that knows nothing of the emulator."""
    error = drive.outcome(client, scenario)
    assert error is None, error


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.file)
def test_every_client_has_scenarios(client: Client) -> None:
    """A file whose scenarios nobody finds would prove nothing."""
    assert len(client.scenarios) > 2
