"""An emulator, keys and a person, for every way to sign in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.dataverse import TokenRequest
from connector.emulator import RunningEmulator, start
from connector.emulator.identity import managed
from connector.emulator.identity.registrations import register_certificate
from tests.dataverse.sign_in.signing_in import NOW, Keys, add_person, new_keys, wanted


@pytest.fixture(scope="module")
def keys() -> Keys:
    return new_keys()


@pytest.fixture(scope="module")
def strange_keys() -> Keys:
    """Keys that nobody registered."""
    return new_keys()


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start(None, now=NOW) as running:
        yield running


@pytest.fixture
def request_(emulator: RunningEmulator, pauses: list[float]) -> TokenRequest:
    return wanted(emulator, pauses)


@pytest.fixture
def person(emulator: RunningEmulator) -> str:
    return add_person(emulator)


@pytest.fixture
def certified(emulator: RunningEmulator, keys: Keys) -> None:
    """The emulator's application may sign in with the certificate."""
    with emulator.store.transaction() as tx:
        register_certificate(tx, emulator.client_id, keys.certificate_pem)


@pytest.fixture
def told() -> list[str]:
    """What the person was told."""
    return []


@pytest.fixture
def app_service(emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that App Service gives its apps."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", managed.addresses(emulator.issuer)["app_endpoint"])
    monkeypatch.setenv("IDENTITY_HEADER", managed.identity_header(emulator.issuer))
