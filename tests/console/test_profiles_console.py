"""--profile, --all-profiles and --expect-environment, over emulators on real HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile

import pytest
import responses

from connector.console.expected_environment import check_expected
from connector.dataverse import DataverseClient
from connector.errors import Refused
from connector.model.tables import DECLARED
from tests.console.outputs import Projops, check, lines_of, schema_of
from tests.dataverse.conftest import FixedTokens

THREE = """
[profiles.one]
dataverse_url = "emulator:one.db"
expect_environment = "Contoso (emulator)"
[profiles.two]
dataverse_url = "emulator:two.db"
[profiles.broken]
dataverse_url = "emulator:no-such-folder/three.db"
"""


@pytest.fixture
def here(tmp_path: Path, sample_file: Path) -> Path:
    for name in ("one.db", "two.db"):
        copyfile(sample_file, tmp_path / name)
    (tmp_path / "projops.toml").write_text(THREE)
    return tmp_path


def _without(here: Path, *profiles: str) -> None:
    blocks = THREE.strip().split("[profiles.")
    kept = ["[profiles." + block for block in blocks[1:] if not block.startswith(profiles)]
    (here / "projops.toml").write_text("".join(kept))


def test_a_profile_leads_a_command_to_its_environment(here: Path, projops: Projops) -> None:
    """What is provisioned under one profile is there under that one and under no other."""
    assert projops("provision", "--apply", "--profile", "one").code == 0
    assert projops("status", "--profile", "one", "-o", "json").json["health"] == "sleeping"
    assert projops("status", "--profile", "two", "-o", "json").json["health"] == "never_provisioned"
    nobody = projops("status")
    assert nobody.code == 1
    assert "one, two, broken" in nobody.err


def test_one_environment_that_fails_stops_no_other(
    here: Path, projops: Projops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All plans, then all is applied but what failed: exit 5, each environment in the summary, and what
    was done in each of them in the history."""
    monkeypatch.setenv("PROJOPS_HISTORY_FILE", str(here / "history.db"))
    done = projops("provision", "--all-profiles", "--apply", "--reason", "Rollout 7", "-o", "json")
    assert done.code == 5
    check(done.json, schema_of("provision_all"))
    assert [(one["profile"], one["outcome"], one["exit_code"]) for one in done.json["profiles"]] == [
        ("one", "applied", 0),
        ("two", "applied", 0),
        ("broken", "failed", 1),
    ]
    for name in ("one", "two"):
        assert projops("status", "--profile", name, "-o", "json").json["health"] == "sleeping"
    entries = [
        one for one in projops("history", "-o", "json").json["entries"] if one["command"] == "provision"
    ]
    assert [(one["environment"], one["reason"]) for one in entries] == [
        ("emulator:one.db", "Rollout 7"),
        ("emulator:two.db", "Rollout 7"),
    ]


def test_exit_codes_of_all_environments(here: Path, projops: Projops) -> None:
    """0 when all came out well, 3 when changes are pending and that was asked, the code that all share."""
    _without(here, "broken")
    assert projops("provision", "--all-profiles").code == 0
    assert projops("provision", "--all-profiles", "--detailed-exitcode").code == 3
    _without(here, "one", "two")
    assert projops("provision", "--all-profiles").code == 1


def test_the_digest_of_all_environments_holds_for_all(here: Path, projops: Projops) -> None:
    """A plan that changed in one environment refuses all; nothing is changed then."""
    _without(here, "broken")
    reviewed = projops("provision", "--all-profiles", "-o", "json").json["digest"]
    projops("provision", "--apply", "--profile", "two")
    stale = projops("provision", "--all-profiles", "--apply", "--digest", reviewed)
    assert stale.code == 4
    assert projops("status", "--profile", "one", "-o", "json").json["health"] == "never_provisioned"
    now = projops("provision", "--all-profiles", "-o", "json").json["digest"]
    assert projops("provision", "--all-profiles", "--apply", "--digest", now).code == 0


def test_a_plan_for_a_pull_request(here: Path, projops: Projops) -> None:
    """--markdown writes each environment under a heading, failures among them, and a table of changes."""
    projops("provision", "--all-profiles", "--markdown", "plan.md")
    text = (here / "plan.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("###")] == [
        "### ✏️ one: 1 to create, 1 to start.",
        "### ✏️ two: 1 to create, 1 to start.",
        "### ❌ broken: no plan",
    ]
    assert "| > | start | workflow | ProcessRunCaller" in text
    one = projops("provision", "--profile", "one", "--markdown", "plan.md")
    assert one.code == 0
    assert (here / "plan.md").read_text(encoding="utf-8").startswith("### ✏️ one")
    assert projops("provision", "--profile", "one", "--markdown", "no/plan.md").code == 1


def test_more_changes_than_the_limits_allow_are_refused(here: Path, projops: Projops) -> None:
    """[limits] of a profile stops the plan there, with the kind, the number and the setting."""
    with (here / "projops.toml").open("a") as file:
        file.write("[profiles.two.limits]\nstart = 0\n")
    refused = projops("provision", "--apply", "--profile", "two")
    assert refused.code == 4
    assert "1 of the kind start" in refused.out
    assert "[limits] start" in refused.out
    assert projops("status", "--profile", "two", "-o", "json").json["health"] == "never_provisioned"


def test_what_names_one_environment_does_not_go_with_all(here: Path, projops: Projops) -> None:
    """--url for all profiles would lead all of them to one environment."""
    for option in ("--url", "--profile", "--expect-environment"):
        wrong = projops("provision", "--all-profiles", option, "x")
        assert wrong.code == 2
        assert option in wrong.err


def test_another_environment_than_the_expected_is_refused(here: Path, projops: Projops) -> None:
    """Before anything else is done, exit 4 with the names that the environment gives itself."""
    refused = projops("provision", "--apply", "--profile", "two", "--expect-environment", "contoso-prod")
    assert refused.code == 4
    assert "'Contoso (emulator)'" in refused.err
    assert projops("status", "--profile", "two", "-o", "json").json["health"] == "never_provisioned"
    assert projops("status", "--profile", "two", "--expect-environment", "contoso (EMULATOR)").code == 0


def test_history_of_one_profile(here: Path, projops: Projops, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several environments fit into one file; --profile lists what was seen in its own."""
    monkeypatch.setenv("PROJOPS_HISTORY_FILE", "history.db")
    for name in ("one", "two"):
        projops("status", "--profile", name)
    all_of_them = lines_of(projops("history", "-o", "jsonl").out)
    assert {one["environment"] for one in all_of_them if one["kind"] == "entry"} == {
        "emulator:one.db",
        "emulator:two.db",
    }
    of_one = projops("history", "--profile", "one", "-o", "json").json
    assert {one["environment"] for one in of_one["entries"]} == {"emulator:one.db"}


@pytest.mark.parametrize(
    "name", ["org1a2b", "Contoso Test", "contoso-TEST", "11111111-1111-1111-1111-111111111111"]
)
def test_every_name_that_the_environment_gives_itself_is_taken(name: str) -> None:
    """Unique name, friendly name, URL name and ids of RetrieveCurrentOrganization, in any case."""
    detail = {
        "UniqueName": "org1a2b",
        "FriendlyName": "Contoso Test",
        "UrlName": "contoso-test",
        "OrganizationId": "11111111-1111-1111-1111-111111111111",
    }
    with _environment({"Detail": detail}) as client:
        check_expected(client, DECLARED, name)
        with pytest.raises(Refused, match="calls itself 'org1a2b', 'Contoso Test'"):
            check_expected(client, DECLARED, "contoso")


def test_an_environment_that_tells_nothing_is_not_the_expected_one() -> None:
    """Unknown is never a pass."""
    with _environment(None) as client, pytest.raises(Refused, match="nothing that could be read"):
        check_expected(client, DECLARED, "contoso")


@contextmanager
def _environment(current: dict[str, object] | None) -> Iterator[DataverseClient]:
    origin = "https://contoso-test.crm.dynamics.com"
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        denied = {"error": {"code": "0x80040220", "message": "Denied."}}
        mocked.get(
            re.compile(re.escape(f"{origin}/api/data/v9.2/RetrieveCurrentOrganization")),
            json=current or denied,
            status=200 if current else 403,
        )
        mocked.get(re.compile(r".*(WhoAmI|organizations).*"), json=denied, status=403)
        with DataverseClient(origin, FixedTokens()) as client:
            yield client
