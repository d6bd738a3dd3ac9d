"""`projops doctor`: the settings and their sources, the sign-in, and how far it gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.console.doctor.step import Outcome, Step, StepResult, examine
from connector.emulator.identity.tokens import create_application
from connector.emulator.ownership import OpenEmulator
from connector.errors import UsageError
from connector.model.tables import DECLARED
from tests.console.outputs import Projops, check, lines_of, schema_of

NAMES = [
    "plug-ins",
    "sign-in",
    "address",
    "authority",
    "token",
    "application user",
    "roles",
    "solution and version",
    "tables",
    "privileges",
    "feature flags",
    "time zones",
]


def outcomes(found: dict[str, Any]) -> list[str]:
    assert [one["name"] for one in found["steps"]] == NAMES
    return [one["outcome"] for one in found["steps"]]


def serve(emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Lead commands to an emulator by its addresses, as to a real environment."""
    parts = urlsplit(emulator.authority)
    given = {
        "DATAVERSE_URL": emulator.url,
        "AZURE_AUTHORITY_HOST": f"{parts.scheme}://{parts.netloc}",
        "PROJOPS_CA_FILE": str(emulator.ca_file),
        "AZURE_CLIENT_ID": emulator.client_id,
        "AZURE_CLIENT_SECRET": emulator.client_secret,
        **changes,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("emulator")
def test_all_is_well_on_the_embedded_emulator(projops: Projops) -> None:
    """Every step is ok, with what it found, and the exit code is 0."""
    done = projops("doctor")
    assert done.code == 0, done.err
    assert done.out.count("  ok  ") == len(NAMES)
    assert "System Administrator" in done.out
    assert "DATAVERSE_URL" in done.out
    assert "from the environment" in done.out


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_the_json_fits_its_schema(projops: Projops, form: str) -> None:
    """Programs get what the schema says, as one object and as lines."""
    done = projops("doctor", "-o", form)
    assert done.code == 0
    if form == "json":
        check(done.json, schema_of("doctor"))
        assert done.json["is_sound"] is True
        assert done.json["generated_at"] == "2020-10-03T06:00:00Z"
    else:
        kinds = [one["kind"] for one in lines_of(done.out)]
        assert kinds[:2] == ["envelope", "result"]
        assert kinds.count("step") == len(NAMES)


def test_each_setting_is_told_with_its_source(
    projops: Projops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flag, environment, .env, projops.toml and default, and of a secret only that it is one."""
    (tmp_path / ".env").write_text("AZURE_TENANT_ID=t\nAZURE_CLIENT_SECRET=do-not-show\n")
    (tmp_path / "projops.toml").write_text('client_id = "c"\n[job]\nname = "PSA Create Invoices"\n')
    monkeypatch.setenv("PROJOPS_CA_FILE", "missing.pem")
    done = projops(
        "doctor", "-o", "json", "--url", "https://user:do-not-show@127.0.0.1:1/x?token=do-not-show"
    )
    told = {one["name"]: one for one in done.json["settings"]}
    assert "do-not-show" not in done.out + done.err
    assert {name: told[name]["source"] for name in told if told[name]["source"] != "the default"} == {
        "dataverse_url": "a flag",
        "ca_file": "the environment",
        "tenant_id": ".env",
        "client_secret": ".env",
        "client_id": "projops.toml",
        "job.name": "projops.toml",
    }
    assert told["dataverse_url"]["value"] == "https://127.0.0.1:1/x"
    assert (told["client_secret"]["value"], told["client_secret"]["is_secret"]) == (None, True)
    assert told["job.name"]["value"] == "PSA Create Invoices"
    assert told["authority_host"] == {
        "name": "authority_host",
        "variable": "AZURE_AUTHORITY_HOST",
        "value": None,
        "source": "the default",
        "is_secret": False,
    }


@pytest.mark.parametrize(
    ("changes", "reached", "detail"),
    [
        ({"AZURE_CLIENT_SECRET": ""}, 1, "AZURE_CLIENT_SECRET is not set"),
        ({"DATAVERSE_URL": ""}, 1, "DATAVERSE_URL is not set"),
        ({"DATAVERSE_URL": "https://127.0.0.1:1"}, 2, "cannot be reached"),
        ({"DATAVERSE_URL": "https://127.0.0.1:1/main.aspx"}, 2, "says more than the host"),
        ({"AZURE_AUTHORITY_HOST": ""}, 3, "not a known authority"),
        ({"AZURE_TENANT_ID": "nowhere.example"}, 4, "does not know the tenant"),
        ({"AZURE_CLIENT_SECRET": "wrong"}, 4, "refused the client secret"),
    ],
)
def test_the_step_that_fails_is_named(
    projops: Projops,
    emulator: OpenEmulator,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
    reached: int,
    detail: str,
) -> None:
    """What comes before is ok, what comes after is not reached; the failure has its reason and a hint."""
    serve(emulator, monkeypatch, **changes)
    done = projops("doctor", "-o", "json")
    assert done.code == 1
    check(done.json, schema_of("doctor"))
    assert outcomes(done.json) == [
        *["ok"] * reached,
        "failed",
        *["not_reached"] * (len(NAMES) - reached - 1),
    ]
    assert detail in done.json["steps"][reached]["detail"]
    assert done.json["steps"][reached]["hint"]
    assert done.json["generated_at"] is None


@pytest.mark.parametrize(
    ("proxies", "way"),
    [
        ({"HTTPS_PROXY": "http://user:do-not-show@127.0.0.1:1"}, "by the proxy http://127.0.0.1:1 (HTTPS_"),
        ({"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "localhost"}, "since NO_PROXY has it"),
        ({}, "without a proxy (HTTPS_PROXY is not set)"),
    ],
)
def test_an_address_that_does_not_answer_is_told_with_its_proxy(
    projops: Projops, monkeypatch: pytest.MonkeyPatch, proxies: dict[str, str], way: str
) -> None:
    """By which proxy it was tried, or that none was, and what to set; a proxy's password is not shown."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    host = "contoso.example" if "NO_PROXY" not in proxies and proxies else "localhost:1"
    given = {"DATAVERSE_URL": f"https://{host}", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}
    for name, value in {**proxies, **given}.items():
        monkeypatch.setenv(name, value)
    done = projops("doctor", "-o", "json")
    step = next(one for one in done.json["steps"] if one["name"] == "address")
    assert step["outcome"] == "failed"
    assert way in step["detail"]
    assert "set HTTPS_PROXY" in step["hint"]
    assert "do-not-show" not in done.out + done.err


def test_a_machine_without_a_managed_identity_learns_what_to_set(
    projops: Projops, emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody answers for the machine: what was asked, and the other ways in."""
    serve(emulator, monkeypatch, PROJOPS_SIGN_IN="managed-identity")
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    done = projops("doctor", "-o", "json")
    step = next(one for one in done.json["steps"] if one["name"] == "token")
    assert step["outcome"] == "failed"
    assert "No managed identity answers here" in step["detail"]
    assert "127.0.0.1:1" in step["detail"]
    assert "IDENTITY_ENDPOINT" in step["hint"]
    assert "PROJOPS_SIGN_IN=azure-cli" in step["hint"]


def test_nothing_that_is_set_is_told_with_what_was_looked_for(
    projops: Projops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any mark of a way to sign in, all of them are named, and the ways that are never guessed."""
    monkeypatch.setenv("DATAVERSE_URL", "https://contoso.example")
    done = projops("doctor", "-o", "json")
    step = next(one for one in done.json["steps"] if one["name"] == "sign-in")
    assert "AZURE_FEDERATED_TOKEN_FILE" in step["detail"]
    assert "IDENTITY_ENDPOINT" in step["detail"]
    assert "managed-identity on a virtual machine" in step["hint"]


def test_an_identity_that_is_no_user_here_is_told_apart(
    projops: Projops, emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that is fine and no application user: the admin center is named, not the secret."""
    with emulator.store.transaction() as tx:
        stranger = create_application(tx)
    serve(emulator, monkeypatch, AZURE_CLIENT_ID=stranger.client_id, AZURE_CLIENT_SECRET=stranger.secret)
    done = projops("doctor", "-o", "json")
    assert done.code == 1
    assert outcomes(done.json) == ["ok"] * 5 + ["failed"] + ["not_reached"] * 6
    assert "Application users" in done.json["steps"][5]["hint"]
    assert done.json["generated_at"] == "2020-10-03T06:00:00Z"


def test_a_user_without_a_role_is_told(projops: Projops, emulator: OpenEmulator) -> None:
    """Whoever may sign in and do nothing learns that a role is missing."""
    assert emulator.running is not None
    with emulator.store.transaction() as tx:
        for row in tx.find("systemuserroles", {"systemuserid": emulator.running.user_id}):
            tx.delete("systemuserroles", str(row["systemuserroleid"]))
    done = projops("doctor")
    assert done.code == 1
    assert "no security role" in done.out
    assert "assign one" in done.out.lower()


def test_steps_go_on_until_one_fails_that_the_others_need() -> None:
    """A step of lesser weight fails alone; after a needed one nothing is tried."""

    def fail(_: None) -> str:
        raise UsageError("no", "do")

    steps = [
        Step[None]("a", lambda _: "fine"),
        Step("b", fail, is_needed=False),
        Step("c", fail),
        Step("d", lambda _: pytest.fail("was tried")),
    ]
    assert list(examine(steps, None)) == [
        StepResult("a", Outcome.OK, "fine"),
        StepResult("b", Outcome.FAILED, "no", "do"),
        StepResult("c", Outcome.FAILED, "no", "do"),
        StepResult("d", Outcome.NOT_REACHED),
    ]


@pytest.mark.usefixtures("emulator")
def test_the_environment_behind_the_sign_in_is_told(projops: Projops) -> None:
    """Version, tables, privileges, dates and the time zone: each says what it found."""
    done = projops("doctor", "-o", "json")
    told = {one["name"]: one["detail"] for one in done.json["steps"]}
    assert "4.166.3403.4" in told["solution and version"]
    assert told["tables"].startswith("all there")
    assert told["privileges"] == "all 18 that the job takes, and reading all 28 tables of the checks"
    assert "no public column tells" in told["feature flags"]
    assert told["time zones"] == "the identity's zone is UTC, where it is 2020-10-03 06:00"


def test_a_missing_privilege_is_named_with_its_table(projops: Projops, emulator: OpenEmulator) -> None:
    """The privilege, the table and what it is for; later steps are still taken."""
    emulator.change_privileges({"take": ["prvReadmsdyn_actual", "prvCreateInvoice"]})
    done = projops("doctor", "-o", "json")
    assert done.code == 1
    steps = {one["name"]: one for one in done.json["steps"]}
    assert steps["privileges"]["outcome"] == "failed"
    assert "prvReadmsdyn_actual (msdyn_actual: to find what can be invoiced)" in steps["privileges"]["detail"]
    assert "prvCreateInvoice (invoice: to create draft invoices)" in steps["privileges"]["detail"]
    assert "projops verify" in steps["privileges"]["hint"]
    assert steps["time zones"]["outcome"] == "ok"


def test_a_role_that_nobody_names_is_told(
    projops: Projops, emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a real environment the table of line customers is unknown until [names] names it."""
    serve(emulator, monkeypatch)
    monkeypatch.setattr("connector.console.doctor.steps.EMULATED_NAMES", {})
    done = projops("doctor", "-o", "json")
    tables = next(one for one in done.json["steps"] if one["name"] == "tables")
    assert tables["outcome"] == "ok"
    assert "contract_line_customer" in tables["detail"]
    assert "[names]" in tables["detail"]


def test_an_environment_without_project_operations_is_one_sentence(
    projops: Projops, emulator: OpenEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands exit 1 with one sentence and the way out; doctor tells at which step."""
    table = replace(DECLARED.batch_job, logical_name="msdyn_nosuchtable")
    tables = replace(DECLARED, batch_job=table)
    monkeypatch.setattr("connector.console.connection.DECLARED", tables)
    monkeypatch.setattr("connector.console.doctor.steps.DECLARED", tables)
    done = projops("verify")
    assert done.code == 1
    assert done.out == ""
    assert "Project Operations is not installed there" in done.err
    told = {one["name"]: one for one in projops("doctor", "-o", "json").json["steps"]}
    assert told["tables"]["outcome"] == "failed"
    assert told["time zones"]["outcome"] == "ok"
