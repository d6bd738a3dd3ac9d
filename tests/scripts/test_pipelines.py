"""The pipelines of docs/ci: held against the published schemas, their lines run against the emulator."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from connector.emulator.ownership import open_emulator
from tests.matrix import Matrix

GITHUB = ("github-oidc.yml", "github-secret.yml", "github-drift.yml")
AZURE = ("azure-devops.yml", "azure-devops-drift.yml")
PROFILES = """
[profiles.test]
dataverse_url = "emulator:prod.db"
[profiles.prod]
dataverse_url = "emulator:prod.db"
expect_environment = "Contoso (emulator)"
"""
BASH = shutil.which("bash")


@pytest.fixture(scope="session")
def folder(repository: Path) -> Path:
    return repository / "docs" / "ci"


def test_every_pipeline_is_tested_and_described(folder: Path) -> None:
    """No file lies there that no test knows and the page does not name."""
    found = {path.name for path in folder.glob("*.yml")}
    assert found == {*GITHUB, *AZURE}
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"({name})" in page for name in found)


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (GITHUB, ["--builtin-schema", "vendor.github-workflows"]),
        (
            AZURE,
            [
                *("--builtin-schema", "vendor.azure-pipelines"),
                *("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"),
            ],
        ),
    ],
)
def test_a_pipeline_fits_the_published_schema(
    folder: Path, names: tuple[str, ...], options: list[str]
) -> None:
    """As check-jsonschema brings the schemas along."""
    files = [str(folder / name) for name in names]
    command = [sys.executable, "-m", "check_jsonschema", *options, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    open_emulator(path).stop()
    return path


@pytest.mark.skipif(BASH is None, reason="the pipelines' steps are for bash")
def test_the_lines_of_a_pipeline_do_what_they_are_for(
    folder: Path, tmp_path: Path, sample_file: Path, matrix: Matrix
) -> None:
    """Deployments leave a job that sleeps; a drift check fails before that and passes after it."""
    for name in matrix.sample([*GITHUB, *AZURE]):
        project = tmp_path / name
        project.mkdir()
        shutil.copyfile(sample_file, project / "prod.db")
        (project / "projops.toml").write_text(PROFILES)
        steps = list(_scripts(YAML(typ="safe").load(folder / name)))
        assert steps
        # GitHub's shell ends at the first line that fails, Azure's does not.
        play = _drift if "drift" in name else _deployment
        play(project, steps, [] if name in AZURE else ["-e"])
        assert _projops(project, "status", "--check", "--profile", "prod") == 0


def _drift(project: Path, steps: list[str], options: list[str]) -> None:
    assert _run(project, steps, options)[0] == 3
    assert _projops(project, "provision", "--apply", "--profile", "prod") == 0
    _write_baseline(project)
    code, out = _run(project, steps, options)
    assert code == 0, out


def _deployment(project: Path, steps: list[str], options: list[str]) -> None:
    assert _projops(project, "provision", "--apply", "--profile", "prod") == 0
    _write_baseline(project)
    assert _projops(project, "destroy", "--apply", "--delete", "--profile", "prod") == 0
    code, out = _run(project, steps, options)
    assert code == 0, out
    assert "to create" in (project / "plan.md").read_text(encoding="utf-8")
    assert (project / "verify.xml").is_file()


def _write_baseline(project: Path) -> None:
    """What the sample is known to have."""
    accepted = ("--write-baseline", "known.toml", "--reason", "x", "--until", "2020-12-31")
    assert _projops(project, "verify", "--profile", "prod", *accepted) == 0


def _scripts(tree: Any) -> Iterator[str]:
    """The script of each step, in their order; installing is none of the test's business."""
    if isinstance(tree, list):
        for one in tree:
            yield from _scripts(one)
    elif isinstance(tree, dict):
        script = tree.get("run") or tree.get("script") or (tree.get("inputs") or {}).get("inlineScript")
        if isinstance(script, str):
            if "pip install" not in script:
                yield script
        else:
            for one in tree.values():
                yield from _scripts(one)


def _run(project: Path, steps: list[str], options: list[str]) -> tuple[int, str]:
    """Steps as the service runs them, until one fails; what a step hands on reaches the next ones."""
    environment = _environment(project)
    outputs = project / "outputs"
    told = ""
    for step in steps:
        script = re.sub(r"\$\(digest\)", environment.get("DIGEST", ""), step)
        done = subprocess.run(
            [str(BASH), *options, "-c", script],
            cwd=project, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        told += done.stdout + done.stderr
        if done.returncode:
            return done.returncode, told
        handed = outputs.read_text() if outputs.exists() else ""
        for digest in re.findall(r"digest(?:=|;isOutput=true\])([0-9a-f]{64})", handed + done.stdout):
            environment["DIGEST"] = digest
    return 0, told


def _environment(project: Path) -> dict[str, str]:
    scripts = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": os.pathsep.join((scripts, os.environ.get("PATH", ""))),
        "GITHUB_STEP_SUMMARY": str(project / "summary.md"),
        "GITHUB_OUTPUT": str(project / "outputs"),
        "PROJOPS_PROFILE": "prod",
    }


def _projops(project: Path, *arguments: str) -> int:
    command = [sys.executable, "-m", "connector.console", *arguments]
    return subprocess.run(
        command, cwd=project, env=_environment(project), capture_output=True, check=False
    ).returncode
