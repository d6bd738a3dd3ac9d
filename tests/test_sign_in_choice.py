"""Which way to sign in is taken, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import SettingsError
from connector.settings import SignInWay, load

SECRET = {"AZURE_CLIENT_SECRET": "do-not-show"}
CERTIFICATE = {"AZURE_CLIENT_CERTIFICATE_PATH": "own.pem"}
TOKEN_FILE = {"AZURE_FEDERATED_TOKEN_FILE": "token"}
GITHUB = {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "do-not-show"}
CONNECTION = {"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "1", "AZURESUBSCRIPTION_CLIENT_ID": "c"}
PIPELINE = {"SYSTEM_OIDCREQUESTURI": "https://x", "SYSTEM_ACCESSTOKEN": "do-not-show"}
HOST = {"IDENTITY_ENDPOINT": "http://127.0.0.1/msi"}
APPLICATION = {"AZURE_CLIENT_ID": "app"}
IN_ORDER = (
    (SignInWay.CLIENT_SECRET, SECRET),
    (SignInWay.CERTIFICATE, CERTIFICATE),
    (SignInWay.FEDERATED, TOKEN_FILE),
    (SignInWay.GITHUB, GITHUB),
    (SignInWay.AZURE_DEVOPS, {**CONNECTION, **PIPELINE}),
    (SignInWay.MANAGED_IDENTITY, HOST),
)


def give(monkeypatch: pytest.MonkeyPatch, *variables: dict[str, str]) -> None:
    for each in variables:
        for name, value in each.items():
            monkeypatch.setenv(name, value)


@pytest.mark.parametrize("place", range(len(IN_ORDER)))
def test_the_first_that_is_set_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    """Of all that is set the earliest in the documented order is taken, and the others are told of."""
    way, _ = IN_ORDER[place]
    give(monkeypatch, APPLICATION, *(given for _, given in IN_ORDER[place:]))
    choice = load(folder=tmp_path).choose_sign_in()
    assert choice.way is way
    assert choice.reason.startswith(f"{way}, because ")
    assert ("not used" in choice.reason) is (place < len(IN_ORDER) - 1)
    assert "do-not-show" not in choice.reason


def test_the_reason_names_the_setting_and_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wonders sees which variable of which place decided, and which one was passed over."""
    (tmp_path / ".env").write_text("AZURE_CLIENT_CERTIFICATE_PATH=own.pem\n")
    give(monkeypatch, APPLICATION, TOKEN_FILE)
    assert load(folder=tmp_path).choose_sign_in().reason == (
        "certificate, because AZURE_CLIENT_CERTIFICATE_PATH (.env) is set; "
        "AZURE_FEDERATED_TOKEN_FILE (the environment) is set too and not used"
    )


@pytest.mark.parametrize("way", list(SignInWay))
def test_the_setting_overrides_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: SignInWay
) -> None:
    """PROJOPS_SIGN_IN takes any way for which all is there, whatever else is set."""
    give(monkeypatch, APPLICATION, *(given for _, given in IN_ORDER), {"PROJOPS_SIGN_IN": way})
    choice = load(folder=tmp_path).choose_sign_in()
    assert choice.way is way
    assert f"{way}, because PROJOPS_SIGN_IN says so (the environment)" in choice.reason


@pytest.mark.parametrize("way", [SignInWay.AZURE_CLI, SignInWay.INTERACTIVE, SignInWay.DEVICE_CODE])
def test_a_persons_login_is_never_taken_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: SignInWay
) -> None:
    """Without PROJOPS_SIGN_IN nobody acts as whoever happens to be logged in; the way is named though."""
    give(monkeypatch, APPLICATION)
    with pytest.raises(SettingsError, match="AZURE_CLIENT_SECRET is not set") as caught:
        load(folder=tmp_path).choose_sign_in()
    assert way in caught.value.hint


@pytest.mark.parametrize(
    ("way", "given", "missing"),
    [
        ("client-secret", {}, "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are not set"),
        ("certificate", APPLICATION, "AZURE_CLIENT_CERTIFICATE_PATH is not set"),
        ("federated", TOKEN_FILE, "AZURE_CLIENT_ID is not set"),
        ("github", APPLICATION, "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not"),
        ("azure-devops", CONNECTION, "SYSTEM_OIDCREQUESTURI and SYSTEM_ACCESSTOKEN are not set"),
        (
            "azure-devops",
            {**PIPELINE, "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "1"},
            "AZURE_CLIENT_ID is not",
        ),
        ("device-code", {}, "AZURE_CLIENT_ID is not set"),
        ("interactive", {}, "AZURE_CLIENT_ID is not set"),
    ],
)
def test_what_a_way_lacks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, given: dict[str, str], missing: str
) -> None:
    """A way that was asked for says which of its settings are missing, with a way out."""
    give(monkeypatch, given, {"PROJOPS_SIGN_IN": way})
    with pytest.raises(SettingsError, match=missing) as caught:
        load(folder=tmp_path).choose_sign_in()
    assert caught.value.hint


@pytest.mark.parametrize("variable", ["PROJOPS_SIGN_IN", "PROJOPS_TOKEN_CACHE"])
def test_a_way_that_does_not_exist_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The error says which ones there are."""
    give(monkeypatch, {variable: "magic"})
    with pytest.raises(SettingsError, match=r"client-secret|memory"):
        load(folder=tmp_path)


def test_no_secret_of_any_way_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secret, password and pipelines' tokens are in no representation, and known to those who hide them."""
    password = {"AZURE_CLIENT_CERTIFICATE_PASSWORD": "do-not-show"}
    give(monkeypatch, SECRET, password, GITHUB, PIPELINE)
    settings = load(folder=tmp_path)
    assert "do-not-show" not in repr(settings)
    assert settings.sign_in.secrets == ("do-not-show",) * 4
