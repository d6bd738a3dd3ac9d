"""Where the emulator listens: on loopback, and elsewhere only where somebody says so."""

from __future__ import annotations

import socket

import pytest
import requests

from connector.emulator.ownership import open_emulator
from connector.emulator.serving import Address
from connector.errors import SettingsError
from tests.emulator.platform.world import World


def host_of(origin: str) -> str:
    return origin.partition("//")[2].partition(":")[0]


def test_it_listens_on_loopback() -> None:
    """All three ports are bound to 127.0.0.1."""
    with open_emulator(None, seed="none") as emulator:
        for address in (emulator.url, emulator.token_url, emulator.control_url):
            assert host_of(address) == "127.0.0.1"


def test_elsewhere_it_works_under_that_address_and_control_stays() -> None:
    """On another address of loopback, which stands for any: sign-in, certificate and links are of it."""
    try:
        socket.create_server(("127.0.0.2", 0)).close()
    except OSError:
        pytest.skip("this system has one loopback address only")
    with open_emulator(None, seed="none", address=Address("127.0.0.2")) as emulator:
        assert (host_of(emulator.url), host_of(emulator.authority)) == ("127.0.0.2", "127.0.0.2")
        assert host_of(emulator.control_url) == "127.0.0.1"
        world = World(emulator)
        answer = world.request("GET", "accounts")
        assert answer.status_code == 200
        assert answer.json()["@odata.context"].startswith(emulator.url)
        challenge = requests.get(f"{emulator.url}/api/data/v9.2/", verify=str(emulator.ca_file), timeout=60)
        assert f"resource_id={emulator.url}" in challenge.headers["WWW-Authenticate"]
        world.session.close()


def test_an_address_that_is_not_this_machines_is_refused() -> None:
    """One clear error, and nothing is left open."""
    with pytest.raises(SettingsError, match="address of this machine"):
        open_emulator(None, seed="none", address=Address("192.0.2.1"))
