from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.errors import SettingsError
from connector.model.batch_job import Frequency, JobType
from connector.model.desired_job import DesiredJob
from connector.model.invoicing_rules import CutOff, InvoicingRules
from connector.settings import CreateWith, RunSettings, load, load_flags_alone, names_of_variables


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_nothing_given_is_the_defaults(tmp_path: Path) -> None:
    """Without any source, job, rules and run are what the model says, and no setting has a source."""
    settings = load(folder=tmp_path)
    assert settings.job == DesiredJob()
    assert settings.rules == InvoicingRules()
    assert settings.run == RunSettings()
    assert settings.sources == {}


def test_the_nearest_source_wins_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag wins over the environment, that over .env, that over projops.toml, and each winner is known."""
    write(
        tmp_path,
        "projops.toml",
        'dataverse_url="toml"\ntenant_id="toml"\nclient_id="toml"\nlog_folder="toml"\n',
    )
    write(tmp_path, ".env", "DATAVERSE_URL=dotenv\nAZURE_TENANT_ID=dotenv\nAZURE_CLIENT_ID=dotenv\n")
    monkeypatch.setenv("DATAVERSE_URL", "environment")
    monkeypatch.setenv("AZURE_TENANT_ID", "environment")
    settings = load({"dataverse_url": "flag", "tenant_id": None}, folder=tmp_path)
    assert settings.dataverse_url == "flag"
    assert settings.tenant_id == "environment"
    assert settings.client_id == "dotenv"
    assert settings.log_folder == Path("toml")
    assert settings.sources == {
        "dataverse_url": "a flag",
        "tenant_id": "the environment",
        "client_id": ".env",
        "log_folder": "projops.toml",
    }


def test_sections_are_laid_over_each_other_key_by_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable for one key of a section leaves the file's other keys in force."""
    write(tmp_path, "projops.toml", '[job]\nname="PSA Create Invoices"\nfrequency="monthly"\n')
    monkeypatch.setenv("PROJOPS_JOB__FREQUENCY", "Daily")
    settings = load({"job": {"start_with": "ProcessRunner", "name": None}}, folder=tmp_path)
    assert settings.job == DesiredJob(
        name="PSA Create Invoices", frequency=Frequency.DAILY, start_with="ProcessRunner"
    )
    assert settings.sources["job.name"] == "projops.toml"
    assert settings.sources["job.frequency"] == "the environment"
    assert settings.sources["job.start_with"] == "a flag"


def test_the_project_file_sets_the_job_the_rules_the_names_and_the_run(tmp_path: Path) -> None:
    """Every section of projops.toml arrives as typed values; roles may be written as dotted keys."""
    write(
        tmp_path,
        "projops.toml",
        """
        [job]
        job_type = "idle"
        is_active = false
        [rules]
        cut_off = "exclusive"
        first_sleep_h = 12
        time_zone = "Europe/Berlin"
        [names]
        contract_line_customer = "x_line_customer"
        msdyn_actual.transaction_date = "x_day"
        "msdyn_actual.quoted" = "x_quoted"
        [run]
        create_with = "records"
        """,
    )
    settings = load(folder=tmp_path)
    assert settings.job == DesiredJob(job_type=JobType.IDLE, is_active=False)
    assert settings.rules == InvoicingRules(
        cut_off=CutOff.EXCLUSIVE, first_sleep_h=12, time_zone="Europe/Berlin"
    )
    assert settings.names == {
        "contract_line_customer": "x_line_customer",
        "msdyn_actual.transaction_date": "x_day",
        "msdyn_actual.quoted": "x_quoted",
    }
    assert settings.run.create_with is CreateWith.RECORDS


def test_the_aliases_of_the_platform_tools_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """POWER_PLATFORM_* serve where AZURE_* are missing, and give way where they are there."""
    monkeypatch.setenv("POWER_PLATFORM_TENANT_ID", "alias")
    monkeypatch.setenv("POWER_PLATFORM_CLIENT_ID", "alias")
    monkeypatch.setenv("POWER_PLATFORM_CLIENT_SECRET", "alias")
    monkeypatch.setenv("AZURE_CLIENT_ID", "azure")
    settings = load(folder=tmp_path)
    assert (settings.tenant_id, settings.client_id) == ("alias", "azure")
    assert settings.client_secret is not None
    assert settings.client_secret.get_secret_value() == "alias"


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI sets secrets that it does not have to nothing: then the next source counts."""
    monkeypatch.setenv("AZURE_TENANT_ID", "")
    write(tmp_path, ".env", "AZURE_TENANT_ID=dotenv\n")
    assert load(folder=tmp_path).tenant_id == "dotenv"


def test_a_secret_does_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings does not print the secret."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "do-not-show")
    assert "do-not-show" not in repr(load(folder=tmp_path))


@pytest.mark.parametrize(
    ("name", "text", "variable"),
    [
        (".env", "AZURE_AUTHORITY_HOST=login.evil.example\n", "AZURE_AUTHORITY_HOST"),
        (".env", "azure_authority_host=login.evil.example\n", "AZURE_AUTHORITY_HOST"),
        (".env", "PROJOPS_CA_FILE=evil.pem\n", "PROJOPS_CA_FILE"),
        ("projops.toml", 'authority_host="login.evil.example"\n', "AZURE_AUTHORITY_HOST"),
        ("projops.toml", 'AZURE_AUTHORITY_HOST="login.evil.example"\n', "AZURE_AUTHORITY_HOST"),
        ("projops.toml", 'ca_file="evil.pem"\n', "PROJOPS_CA_FILE"),
        (".env", "ACTIONS_ID_TOKEN_REQUEST_URL=https://evil\n", "ACTIONS_ID_TOKEN_REQUEST_URL"),
        (".env", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=do-not-show\n", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        (".env", "SYSTEM_OIDCREQUESTURI=https://evil\n", "SYSTEM_OIDCREQUESTURI"),
        (".env", "SYSTEM_ACCESSTOKEN=do-not-show\n", "SYSTEM_ACCESSTOKEN"),
        (".env", "IDENTITY_ENDPOINT=http://evil\n", "IDENTITY_ENDPOINT"),
        (".env", "PROJOPS_TOKEN_FOLDER=evil\n", "PROJOPS_TOKEN_FOLDER"),
        ("projops.toml", 'SYSTEM_OIDCREQUESTURI="https://evil"\n', "SYSTEM_OIDCREQUESTURI"),
        ("projops.toml", 'token_folder="evil"\n', "PROJOPS_TOKEN_FOLDER"),
        (
            "projops.toml",
            'client_certificate_password="do-not-show"\n',
            "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        ),
        ("projops.toml", 'azure_client_secret="do-not-show"\n', "AZURE_CLIENT_SECRET"),
        ("projops.toml", 'POWER_PLATFORM_CLIENT_SECRET="do-not-show"\n', "AZURE_CLIENT_SECRET"),
    ],
)
def test_files_do_not_say_whom_to_trust(tmp_path: Path, name: str, text: str, variable: str) -> None:
    """What decides who is sent a secret comes from no file; the error names the file, not the value."""
    write(tmp_path, name, text)
    with pytest.raises(SettingsError) as raised:
        load(folder=tmp_path)
    assert str(tmp_path / name) in str(raised.value)
    assert variable in str(raised.value)
    assert "evil" not in str(raised.value)
    assert "do-not-show" not in str(raised.value)


def test_the_process_environment_says_whom_to_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AZURE_AUTHORITY_HOST and PROJOPS_CA_FILE are taken from the process environment."""
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "login.example")
    monkeypatch.setenv("PROJOPS_CA_FILE", "ca.pem")
    settings = load(folder=tmp_path)
    assert settings.authority_host == "login.example"
    assert settings.ca_file == Path("ca.pem")


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("projops.toml", "[job\n", ["projops.toml", "line 1"]),
        ("projops.toml", "job = 3\n", ["projops.toml", "expected a section [job]"]),
        ("projops.toml", "[jobs]\n", ["jobs is not a setting", "did you mean job?"]),
        ("projops.toml", '[job]\nnmae="x"\n', ["[job] nmae", "projops.toml", "did you mean name?"]),
        ("projops.toml", '[job]\nis_active="perhaps"\n', ["[job] is_active", "'perhaps'", "true or false"]),
        ("projops.toml", '[job]\nfrequency="weekly"\n', ["[job] frequency", "'weekly'", "daily, monthly"]),
        ("projops.toml", '[job]\nstart_with="Runner"\n', ["start_with", "ProcessRunCaller or ProcessRunner"]),
        ("projops.toml", '[job]\nname="Invoices"\n', ["[job] name", "create invoices"]),
        ("projops.toml", "[rules]\nfirst_sleep_h=-1\n", ["[rules] first_sleep_h", "-1", "zero or more"]),
        (
            "projops.toml",
            '[rules]\nfirst_sleep_h="soon"\n',
            ["[rules] first_sleep_h", "'soon'", "whole number"],
        ),
        ("projops.toml", '[rules]\ntime_zone="CET+x"\n', ["[rules] time_zone", "Europe/Berlin"]),
        ("projops.toml", '[rules]\ntime_zone="../x"\n', ["[rules] time_zone", "Europe/Berlin"]),
        ("projops.toml", '[run]\ncreate_with="magic"\n', ["[run] create_with", "action, records"]),
        ("projops.toml", "[names]\ncontract_line_customer=3\n", ["[names] contract_line_customer", "string"]),
        (".env", "A=1\nthis is no line\n", [".env, line 2", "NAME=value"]),
        (".env", "PROJOPS_JOBS__NAME=x\n", [".env", "PROJOPS_JOBS__NAME", "did you mean PROJOPS_JOB__?"]),
        (".env", "PROJOPS_FOO=x\n", [".env", "PROJOPS_FOO", "settings are PROJOPS_CA_FILE"]),
        (".env", "PROJOPS_NAMES=x\n", [".env", "PROJOPS_NAMES is not a JSON object", 'PROJOPS_NAMES={"key"']),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, name: str, text: str, parts: list[str]) -> None:
    """A broken file gives the file, the line or the key, the value, and what was expected."""
    write(tmp_path, name, text)
    with pytest.raises(SettingsError) as raised:
        load(folder=tmp_path)
    for part in parts:
        assert part in str(raised.value)


def test_flags_alone_are_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of given values see nothing of a visitor's environment and files, broken ones included."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "projops.toml", "broken = [")
    write(tmp_path, ".env", "this is no line")
    monkeypatch.setenv("PROJOPS_RULES__CUT_OFF", "exclusive")
    monkeypatch.setenv("PROJOPS_MISSPELLED", "x")
    settings = load_flags_alone({"dataverse_url": "https://127.0.0.1:1"})
    assert settings.dataverse_url == "https://127.0.0.1:1"
    assert settings.rules == InvoicingRules()


def test_text_that_is_not_utf_8_is_said_so(tmp_path: Path) -> None:
    """A file saved in another encoding is named as such, not decoded by luck."""
    (tmp_path / "projops.toml").write_bytes("[job]\n".encode("utf-16"))
    with pytest.raises(SettingsError, match=r"projops\.toml is not UTF-8"):
        load(folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "text"), [("projops.toml", 'tenant_id="t"\n'), (".env", "AZURE_TENANT_ID=t\n")]
)
def test_a_byte_order_mark_does_no_harm(tmp_path: Path, name: str, text: str) -> None:
    """Files that Windows editors saved with a byte order mark are read."""
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    assert load(folder=tmp_path).tenant_id == "t"


def test_a_misspelled_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with our prefix that is none of ours is an error: it would otherwise change nothing."""
    monkeypatch.setenv("PROJOPS_RULE__CUT_OFF", "exclusive")
    with pytest.raises(SettingsError, match=r"PROJOPS_RULE__CUT_OFF.*did you mean PROJOPS_RULES__"):
        load(folder=tmp_path)


def test_no_environment_is_an_error_that_names_both_ways(tmp_path: Path) -> None:
    """Without DATAVERSE_URL nothing is chosen silently: the real and the embedded way are both named."""
    with pytest.raises(SettingsError) as raised:
        load(folder=tmp_path).require_url()
    assert "https://ORG.crm.dynamics.com" in raised.value.hint
    assert "emulator:sandbox.db" in raised.value.hint


def test_the_example_names_every_variable_and_no_other(repository: Path, tmp_path: Path) -> None:
    """.env.example mentions all variables that are read, and every name in it is one."""
    text = (repository / ".env.example").read_text(encoding="utf-8")
    prefixes = "AZURE|AZURESUBSCRIPTION|POWER_PLATFORM|DATAVERSE|PROJOPS|ACTIONS|SYSTEM|IDENTITY"
    mentioned = set(re.findall(rf"\b(?:{prefixes})_[A-Z_]+", text))
    known = set(names_of_variables())
    sections = {one for one in known if one.endswith("__")}
    for one in mentioned:
        assert one in known or one.startswith(tuple(sections)) or f"{one}__" in sections, one
    for one in known:
        assert any(name == one or name.startswith(one.removesuffix("__")) for name in mentioned), one


def test_the_example_with_every_line_in_force_is_read(repository: Path, tmp_path: Path) -> None:
    """All lines of .env.example, the commented ones included, are values that are taken."""
    text = (repository / ".env.example").read_text(encoding="utf-8")
    write(tmp_path, ".env", re.sub(r"^#(?=[A-Z_]+=)", "", text, flags=re.MULTILINE))
    settings = load(folder=tmp_path)
    assert settings.dataverse_url == "emulator:sandbox.db"
    assert settings.names == {"contract_line_customer": "msdyn_contractlinecustomer"}
