"""Named profiles: several environments in one project file."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import SettingsError
from connector.settings import load, profile_names
from connector.settings.told import told
from connector.settings.toml_lines import lines_of_keys

TWO = """
tenant_id = "tenant-of-all"
[rules]
cut_off = "exclusive"
first_sleep_h = 12

[profiles.contoso-test]
dataverse_url = "https://test.crm.dynamics.com"
expect_environment = "test"
[profiles.contoso-test.rules]
first_sleep_h = 1

[profiles.prod]
dataverse_url = "https://prod.crm.dynamics.com"
AZURE_CLIENT_ID = "client-of-prod"
[profiles.prod.limits]
start = 0
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "projops.toml").write_text(TWO, encoding="utf-8")
    return tmp_path


def test_a_profile_lies_over_what_is_set_for_all(here: Path) -> None:
    """A profile's settings win key by key; what it leaves open is what is set for all."""
    settings = load({"profile": "contoso-test"}, folder=here)
    assert settings.profile == "contoso-test"
    assert settings.profiles == profile_names(folder=here) == ("contoso-test", "prod")
    assert settings.dataverse_url == "https://test.crm.dynamics.com"
    assert settings.tenant_id == "tenant-of-all"
    assert (settings.rules.first_sleep_h, settings.rules.cut_off) == (1, "exclusive")
    assert settings.sources["rules.first_sleep_h"] == "projops.toml, profile contoso-test"
    prod = load({"profile": "prod"}, folder=here)
    assert (prod.client_id, prod.limits.start, prod.rules.first_sleep_h) == ("client-of-prod", 0, 12)


def test_an_address_in_the_environment_does_not_lead_a_profile_elsewhere(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DATAVERSE_URL of the shell or .env loses against the chosen profile; only a flag wins."""
    monkeypatch.setenv("DATAVERSE_URL", "https://stray.crm.dynamics.com")
    (here / ".env").write_text("DATAVERSE_URL=https://stray2.crm.dynamics.com\n")
    assert load({"profile": "prod"}, folder=here).dataverse_url == "https://prod.crm.dynamics.com"
    assert load(folder=here).dataverse_url == "https://stray.crm.dynamics.com"
    flags = {"profile": "prod", "dataverse_url": "https://flag.crm.dynamics.com"}
    assert load(flags, folder=here).dataverse_url == "https://flag.crm.dynamics.com"


def test_each_profile_has_secrets_of_its_own(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PROJOPS_PROFILES__NAME__SETTING, from the environment before .env, before the secret of all."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "of-all")
    monkeypatch.setenv("PROJOPS_PROFILES__CONTOSO_TEST__AZURE_CLIENT_SECRET", "of-test")
    (here / ".env").write_text(
        "PROJOPS_PROFILES__CONTOSO_TEST__CLIENT_SECRET=stale\nPROJOPS_PROFILES__PROD__JOB__START_WITH=ProcessRunner\n"
    )
    secret = load({"profile": "contoso-test"}, folder=here).client_secret
    assert secret is not None
    assert secret.get_secret_value() == "of-test"
    prod = load({"profile": "prod"}, folder=here)
    assert prod.client_secret is not None
    assert prod.client_secret.get_secret_value() == "of-all"
    assert prod.job.start_with == "ProcessRunner"
    assert "of-test" not in repr(prod)


def test_the_process_environment_may_choose_the_profile_and_no_file_may(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PROJOPS_PROFILE in the shell chooses; in .env or the project file it is refused; a flag wins."""
    monkeypatch.setenv("PROJOPS_PROFILE", "prod")
    assert load(folder=here).profile == "prod"
    assert load({"profile": "contoso-test"}, folder=here).profile == "contoso-test"
    (here / ".env").write_text("PROJOPS_PROFILE=prod\n")
    with pytest.raises(SettingsError, match="PROJOPS_PROFILE"):
        load(folder=here)


def test_doctor_names_the_variable_of_the_profile(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that came from a profile is told with the variable that changes it there."""
    monkeypatch.setenv("PROJOPS_PROFILES__PROD__CLIENT_SECRET", "x")
    lines = {one.name: one for one in told(load({"profile": "prod"}, folder=here))}
    assert lines["client_secret"].variable == "PROJOPS_PROFILES__PROD__CLIENT_SECRET"
    assert lines["client_secret"].source == "the environment, profile prod"
    assert lines["tenant_id"].variable == "AZURE_TENANT_ID"


@pytest.mark.parametrize(
    ("text", "flag", "parts"),
    [
        ("[profiles.Prod]\n", "Prod", ["'Prod' cannot be the name", "small letters"]),
        ("[profiles]\nprod = 3\n", "prod", ["profiles.prod = 3", "[profiles.prod]"]),
        ("profiles = 3\n", "prod", ["profiles = 3", "[profiles.NAME]"]),
        ("[profiles.prod]\nurl = 'x'\n", "prod", ["projops.toml, line 2", "url is not a setting"]),
        ("[profiles.prod]\njob = 3\n", "prod", ["line 2", "expected a section [profiles.prod.job]"]),
        ("[profiles.prod.job]\nname = 'x'\n", "prod", ["profile prod, line 2", "create invoices"]),
        ("[profiles.prod]\n[profiles.prod.limits]\nstart = -1\n", "prod", ["line 3", "zero or more"]),
        ("[profiles.prod]\nclient_secret = 'do-not-show'\n", "prod", ["AZURE_CLIENT_SECRET", "or in .env"]),
        ("[profiles.prod]\nca_file = 'evil'\n", "prod", ["PROJOPS_PROFILES__PROD__CA_FILE"]),
        ("[profiles.prod]\nprofile = 'evil'\n", "prod", ["PROJOPS_PROFILE"]),
        ("[profiles.prod]\n[profiles.test]\n", "prdo", ["no profile prdo", "did you mean prod?"]),
        ("", "prod", ["no profile prod", "[profiles.prod]"]),
    ],
)
def test_a_broken_profile_is_one_clear_error(tmp_path: Path, text: str, flag: str, parts: list[str]) -> None:
    """File, line, key, and what was expected; a secret is refused and not shown."""
    (tmp_path / "projops.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        load({"profile": flag}, folder=tmp_path)
    for part in parts:
        assert part in str(raised.value)
    assert "do-not-show" not in str(raised.value)
    assert "evil" not in str(raised.value)


@pytest.mark.parametrize(
    ("variable", "parts"),
    [
        ("PROJOPS_PROFILES__PRDO__CLIENT_SECRET", ["does not name", "did you mean PROD?"]),
        ("PROJOPS_PROFILES__PROD__CLIENT_SECERT", ["is not a setting", "did you mean client_secret?"]),
        ("PROJOPS_PROFILES__PROD__PROFILE", ["is not a setting"]),
        ("PROJOPS_PROFILES__PROD__JOB", ["__JOB__KEY"]),
        ("PROJOPS_PROFILES__PROD__CLIENT_ID__X", ["expected no key"]),
    ],
)
def test_a_misspelled_variable_of_a_profile_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch, variable: str, parts: list[str]
) -> None:
    """A variable that would change nothing is an error that shows no value."""
    monkeypatch.setenv(variable, "do-not-show")
    with pytest.raises(SettingsError) as raised:
        load(folder=here)
    for part in (variable, *parts):
        assert part in str(raised.value)
    assert "do-not-show" not in str(raised.value)


def test_without_a_profile_the_error_names_those_there_are(here: Path) -> None:
    """No address and no profile: whoever asks is told the profiles, none is taken by default."""
    with pytest.raises(SettingsError) as raised:
        load(folder=here).require_url()
    assert "contoso-test, prod" in raised.value.message
    assert "--profile contoso-test" in raised.value.hint


@pytest.mark.parametrize(
    "address", ["http://hook.example/do-not-show", "do-not-show", "https://", "https://[do-not-show"]
)
def test_changes_are_told_over_https_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """An address of another kind is refused without being shown."""
    monkeypatch.setenv("PROJOPS_NOTIFY_URL", address)
    with pytest.raises(SettingsError, match=r"notify_url \(from the environment\).*https://") as raised:
        load(folder=tmp_path)
    assert "do-not-show" not in str(raised.value)


def test_a_project_file_names_no_address_to_tell(tmp_path: Path) -> None:
    """The address is a secret: it is refused in projops.toml."""
    (tmp_path / "projops.toml").write_text('notify_url = "https://do-not-show"\n')
    with pytest.raises(SettingsError, match="PROJOPS_NOTIFY_URL") as raised:
        load(folder=tmp_path)
    assert "do-not-show" not in str(raised.value)


def test_lines_of_keys() -> None:
    """Tables, dotted and quoted keys have their lines; comments and values that look like keys have none."""
    text = '# a = 1\n[job]  # b\nname = "x = y"\n\n[names]\n"a.b" = 1\na . c = 2\n[[x]]\ny=1\n'
    assert lines_of_keys(text) == {
        ("job",): 2,
        ("job", "name"): 3,
        ("names",): 5,
        ("names", "a.b"): 6,
        ("names", "a", "c"): 7,
        ("x",): 8,
        ("x", "y"): 9,
    }
