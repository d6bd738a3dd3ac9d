"""Keeping a person's sign-in between processes."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from connector.dataverse import DeviceCode, TokenCacheFile, TokenRequest
from connector.dataverse.sign_in.token_cache import can_encrypt
from connector.emulator import RunningEmulator, start
from connector.errors import SettingsError
from tests.dataverse.sign_in.signing_in import NOW, add_person, trusted, user_of, wanted

extensions = pytest.importorskip("msal_extensions", reason="the extra `interactive` is not installed")


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with start(None, now=NOW) as running:
        yield running


@pytest.fixture
def no_key_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that cannot encrypt, such as a server without a desktop."""

    def refuse(location: str) -> None:
        raise RuntimeError("no key store")

    monkeypatch.setattr(extensions, "build_encrypted_persistence", refuse)


@pytest.fixture
def request_(emulator: RunningEmulator, pauses: list[float]) -> TokenRequest:
    return wanted(emulator, pauses)


def by_device(emulator: RunningEmulator, cache: TokenCacheFile | None, told: list[str]) -> DeviceCode:
    return DeviceCode(None, emulator.client_id, told.append, cache=cache, trusted=trusted(emulator))


@pytest.mark.usefixtures("no_key_store")
def test_a_sign_in_is_kept_for_the_next_process(
    emulator: RunningEmulator, request_: TokenRequest, tmp_path: Path
) -> None:
    """A second source over the same folder signs the person in without a code."""
    person, told = add_person(emulator), list[str]()
    cache = TokenCacheFile(tmp_path / "tokens", is_plain_allowed=True)
    by_device(emulator, cache, told).token(request_)
    again = by_device(emulator, cache, told)
    assert user_of(emulator, again.token(request_)) == person
    assert len(told) == 1


@pytest.mark.usefixtures("no_key_store")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_plain_file_is_its_owners_alone(
    emulator: RunningEmulator, request_: TokenRequest, tmp_path: Path
) -> None:
    """Mode 0600 in a folder of mode 0700, also where the file was there with a wider one."""
    add_person(emulator)
    folder = tmp_path / "tokens"
    cache = TokenCacheFile(folder, is_plain_allowed=True)
    by_device(emulator, cache, []).token(request_)
    (path,) = folder.glob("*.tokens")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    path.chmod(0o644)
    by_device(emulator, cache, []).token(request_)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("no_key_store")
def test_nothing_is_kept_plain_unasked(
    emulator: RunningEmulator, request_: TokenRequest, tmp_path: Path
) -> None:
    """Where this machine cannot encrypt, the setting that allows a plain file is named; none is made."""
    cache = TokenCacheFile(tmp_path)
    with pytest.raises(SettingsError, match="cannot be kept encrypted") as caught:
        by_device(emulator, cache, []).token(request_)
    assert "PROJOPS_TOKEN_CACHE" in caught.value.hint
    assert not list(tmp_path.glob("*.tokens"))
    assert not can_encrypt(tmp_path)


@pytest.mark.usefixtures("no_key_store")
def test_environments_and_applications_have_caches_of_their_own(tmp_path: Path) -> None:
    """The file's name stands for environment, authority and application together."""
    cache = TokenCacheFile(tmp_path, is_plain_allowed=True)
    for place in (("https://a", "https://l/t", "app"), ("https://b", "https://l/t", "app"),
                  ("https://a", "https://l/u", "app"), ("https://a", "https://l/t", "app2")):  # fmt: skip
        cache.opened(*place)
    assert len(list(tmp_path.glob("*.tokens"))) == 4


@pytest.mark.usefixtures("no_key_store")
def test_a_broken_cache_is_named(emulator: RunningEmulator, request_: TokenRequest, tmp_path: Path) -> None:
    """A file that is no cache is an error with its path, not a failure in the middle of the sign-in."""
    cache = TokenCacheFile(tmp_path, is_plain_allowed=True)
    cache.opened("https://a", "https://l/t", "app")
    (path,) = tmp_path.glob("*.tokens")
    path.write_text("{broken")
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        cache.opened("https://a", "https://l/t", "app")
    assert str(path) in caught.value.message
    assert "Delete it" in caught.value.hint


@pytest.mark.parametrize(
    ("platform", "store"),
    [
        ("win32", "FilePersistenceWithDataProtection"),
        ("darwin", "KeychainPersistence"),
        ("linux", "LibsecretPersistence"),
    ],
)
@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("is_plain_allowed", [True, False])
def test_each_system_has_its_key_store(
    platform: str,
    store: str,
    is_there: bool,
    is_plain_allowed: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DPAPI, Keychain, libsecret: which one is a decision, tested here; none of the three is run."""
    asked: list[str] = []

    class Store:
        def __init__(self, location: str) -> None:
            asked.append(location)
            if not is_there:
                raise RuntimeError("no key store")

    monkeypatch.setattr(extensions.persistence, store, Store, raising=False)
    monkeypatch.setattr(extensions.persistence.sys, "platform", platform)
    path = tmp_path / "a.tokens"
    cache = TokenCacheFile(tmp_path, is_plain_allowed=is_plain_allowed)
    if not is_there and not is_plain_allowed:
        with pytest.raises(SettingsError, match="cannot be kept encrypted"):
            cache._persistence(path)
        assert not path.exists()
    else:
        kept = cache._persistence(path)
        assert isinstance(kept, Store) == is_there
        assert path.exists() != is_there
    assert asked == [str(path)]


def test_without_the_extra_it_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing package and the extra that brings it are named."""
    missing: dict[str, ModuleType | None] = {"msal_extensions": None}
    for name, module in missing.items():
        monkeypatch.setitem(sys.modules, name, module)
    with pytest.raises(SettingsError, match="msal-extensions, which is not installed") as caught:
        TokenCacheFile(tmp_path).opened("https://a", "https://l/t", "app")
    assert "projops-connector[interactive]" in caught.value.hint
