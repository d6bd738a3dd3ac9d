"""verify in a pipeline: what counts, report files, and what build services are told."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops, check, schema_of

VARIABLES = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "TF_BUILD", "AGENT_TEMPDIRECTORY")


@pytest.fixture(autouse=True)
def _no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_a_baseline_is_written_and_makes_the_next_call_pass(emulator: OpenEmulator, projops: Projops) -> None:
    """What fails today is written with reason and last day; with that file only new findings exit 3."""
    assert projops("verify", "--only", "SCH").code == 3
    made = projops(
        "verify", "--only", "SCH",
        "--write-baseline", "known.toml", "--reason", "By hand", "--until", "2099-12-31",
    )  # fmt: skip
    assert made.code == 0
    assert "2 known findings until 2099-12-31" in made.err
    after = projops("verify", "--only", "SCH", "--baseline", "known.toml", "-o", "json")
    assert after.code == 0
    failed = [item for item in json.loads(after.out)["checks"] if item["outcome"] == "fail"]
    assert {str(item["accepted"]["reason"]) for item in failed} == {"By hand"}
    assert projops("verify", "--only", "SCH,JOB01", "--baseline", "known.toml").code == 3


def test_no_baseline_is_written_that_is_over_already(
    emulator: OpenEmulator, projops: Projops, tmp_path: Path
) -> None:
    """A last day before the environment's today is wrong usage, and no file is made; today itself holds."""
    options = ("verify", "--only", "SCH", "--write-baseline", "known.toml", "--reason", "x", "--until")
    over = projops(*options, "2020-10-02")
    assert over.code == 2
    assert "it is 2020-10-03 in the environment" in over.err
    assert not (tmp_path / "known.toml").exists()
    assert projops(*options, "2020-10-03").code == 0


def test_reports_are_written_beside_the_result(
    emulator: OpenEmulator, projops: Projops, tmp_path: Path
) -> None:
    """--report writes each format to its file, and stdout has what -o asks for."""
    done = projops(
        "verify", "--only", "SCH02", "-o", "json",
        "--report", "junit=v.xml", "--report", "sarif=v.sarif",
        "--report", "markdown=v.md", "--report", "json=v.json",
    )  # fmt: skip
    assert json.loads(done.out)["summary"] == json.loads((tmp_path / "v.json").read_text("utf-8"))["summary"]
    assert ET.parse(tmp_path / "v.xml").getroot().tag == "testsuites"
    assert json.loads((tmp_path / "v.sarif").read_text("utf-8"))["version"] == "2.1.0"
    assert (tmp_path / "v.md").read_text("utf-8").startswith("### ❌")


def test_github_gets_annotations_and_a_summary(
    emulator: OpenEmulator, projops: Projops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a step of GitHub Actions findings become annotations, and the summary is appended to."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    done = projops("verify", "--only", "SCH02")
    assert "\n::error title=SCH02 " in done.out
    assert summary.read_text("utf-8").startswith("before\n### ❌ Invoice job")


def test_azure_pipelines_get_issues_and_a_summary(
    emulator: OpenEmulator, projops: Projops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a task of Azure Pipelines findings become issues, and the summary is uploaded."""
    monkeypatch.setenv("TF_BUILD", "True")
    monkeypatch.setenv("AGENT_TEMPDIRECTORY", str(tmp_path))
    done = projops("verify", "--only", "SCH02")
    assert "\n##vso[task.logissue type=error;code=SCH02]" in done.out
    assert f"##vso[task.uploadsummary]{tmp_path.resolve() / 'projops-verify.md'}" in done.out
    assert (tmp_path / "projops-verify.md").read_text("utf-8").startswith("### ❌")


@pytest.mark.parametrize(
    ("service", "place"), [("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"), ("TF_BUILD", "AGENT_TEMPDIRECTORY")]
)
def test_a_summary_that_cannot_be_written_is_one_clear_error(
    emulator: OpenEmulator,
    projops: Projops,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    place: str,
) -> None:
    """A build service whose folder is missing is an error that names it, and no fault in the program."""
    monkeypatch.setenv(service, "true")
    monkeypatch.setenv(place, str(tmp_path / "nowhere" / "x"))
    done = projops("verify", "--only", "ENV01")
    assert done.code == 1
    assert "nowhere" in done.err


def test_a_build_service_never_breaks_json_on_stdout(
    emulator: OpenEmulator, projops: Projops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With -o json stdout stays JSON in a build; asking for both in words is wrong usage."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert json.loads(projops("verify", "--only", "SCH02", "-o", "json").out)["checks"]
    both = projops("verify", "--only", "SCH02", "-o", "json", "--ci", "github")
    assert both.code == 2
    assert "--report json=FILE" in both.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fail-on", "fatal"], "'fatal' is no severity"),
        (["--report", "html=x"], "'html=x' is not FORMAT=FILE"),
        (["--report", "junit=x", "--report", "sarif=x"], "names x twice"),
        (["--ci", "jenkins"], "'jenkins' is no build service"),
        (["--write-baseline", "x"], "needs --reason and --until"),
        (["--reason", "x"], "belong to --write-baseline"),
        (["--allow-unknown", "WF03"], "gives no reason"),
    ],
)
def test_wrong_options_are_told_before_anything_is_read(
    projops: Projops, options: list[str], told: str
) -> None:
    """Wrong usage exits 2 with what to write instead, without asking any environment."""
    done = projops("verify", "--url", "https://nowhere.invalid", *options)
    assert done.code == 2
    assert told in done.err


def test_a_report_that_cannot_be_written_is_one_clear_error(emulator: OpenEmulator, projops: Projops) -> None:
    """A folder that is not there is named, exit code 1."""
    done = projops("verify", "--only", "SCH02", "--report", "junit=nowhere/v.xml")
    assert done.code == 1
    assert "v.xml cannot be written" in done.err


def test_the_checks_are_listed_without_an_environment(projops: Projops) -> None:
    """--list tells every check and the three that have no answer, and connects to nothing."""
    done = projops("verify", "--list", "-o", "json")
    assert done.code == 0, done.err
    check(done.json, schema_of("checks"))
    codes = {one["code"] for one in done.json["checks"]}
    unanswered = {one["code"] for one in done.json["unanswered"]}
    assert len(codes) == 71
    assert unanswered == {"TRX12", "INV04", "INV05"}
    assert not codes & unanswered
    text = projops("verify", "--list", "--only", "SCH")
    assert "SCH10" in text.out
    assert "JOB01" not in text.out
    assert "INV05" in text.out
