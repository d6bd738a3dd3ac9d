"""Where what tables are is kept between two commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.console.connection import Target
from connector.dataverse import ClientSecret
from connector.settings.places import usual_cache_folder


def target(*, is_emulator: bool) -> Target:
    tokens = ClientSecret(None, "0f7d4c1a-1111-2222-3333-444455556666", "secret")
    return Target("https://contoso.crm4.dynamics.com", tokens, None, is_emulator, "a test says so")


def test_an_emulator_is_asked_each_time(tmp_path: Path) -> None:
    """It is near, and another one may stand at the same address tomorrow."""
    assert target(is_emulator=True).cache(tmp_path) is None


def test_an_environment_is_asked_for_what_changed(tmp_path: Path) -> None:
    """In the folder of the setting; nothing is written before there is something to keep."""
    cache = target(is_emulator=False).cache(tmp_path / "cache")
    assert cache is not None
    assert cache.folder == tmp_path / "cache"
    assert not cache.folder.exists()


@pytest.mark.parametrize(
    ("platform", "variable", "ending"),
    [
        ("win32", "LOCALAPPDATA", ("projops", "cache")),
        ("linux", "XDG_CACHE_HOME", ("projops",)),
    ],
)
def test_each_system_has_its_own_place_for_such_things(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, variable: str, ending: tuple[str, ...]
) -> None:
    """The variable of the system wins over its default; neither is the working folder."""
    monkeypatch.setenv(variable, str(tmp_path))
    assert usual_cache_folder(platform) == tmp_path.joinpath(*ending)
    monkeypatch.delenv(variable)
    assert usual_cache_folder(platform).is_absolute()


def test_macos_has_a_folder_for_caches() -> None:
    """Time Machine leaves it out."""
    assert usual_cache_folder("darwin").parts[-3:] == ("Library", "Caches", "projops")
