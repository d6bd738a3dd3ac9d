"""An emulator with a person in it, and requests to its identity endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import requests

from connector.emulator import RunningEmulator, start
from connector.emulator.bootstrap import BUSINESS_UNIT

NOW = datetime(2020, 10, 4, 6, tzinfo=UTC)
Ask = Callable[..., requests.Response]


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start(None, now=NOW) as running:
        yield running


@pytest.fixture
def person(emulator: RunningEmulator) -> str:
    with emulator.store.transaction() as tx:
        unit = tx.setting(BUSINESS_UNIT)
        row = {"fullname": "Alex", "domainname": "alex@x.invalid", "businessunitid": unit, "accessmode": 0}
        return tx.insert("systemuser", row)


@pytest.fixture
def session(emulator: RunningEmulator) -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        opened.verify = str(emulator.ca_file)
        yield opened


@pytest.fixture
def post(emulator: RunningEmulator, session: requests.Session) -> Ask:
    """A form to an address of the tenant; the client id is the emulator's unless another one is given."""

    def asked(path: str = "oauth2/v2.0/token", **form: str) -> requests.Response:
        fields = {"client_id": emulator.client_id, **form}
        return session.post(f"{emulator.authority}/{path}", data=fields, timeout=30)

    return asked


@pytest.fixture
def scope(emulator: RunningEmulator) -> str:
    """What a person's client asks for."""
    return f"{emulator.url}/user_impersonation openid profile offline_access"
