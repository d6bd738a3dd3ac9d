from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connector import __version__
from connector.console import command_line
from connector.console.main import run_command_line

COMMANDS = ["provision", "destroy", "verify", "status", "rerun", "run"]
PATIENCE_S = 120


def projops(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "connector.console", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE_S,
    )


def test_the_version_is_on_stdout(tmp_path: Path) -> None:
    """--version prints name and version to stdout, and exits 0."""
    done = projops("--version", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"projops {__version__}\n", "")


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_closed_stream_is_no_fault(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started with stdout or stderr closed, a command does its work and says nothing there."""
    monkeypatch.setattr(sys, name, None)
    assert run_command_line(["--version"]) == 0
    getattr(sys, name).close()


@pytest.mark.parametrize("command", [*COMMANDS, "history", "emulator"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself on stdout and exits 0."""
    assert run_command_line([command, "--help"]) == 0
    captured = capsys.readouterr()
    assert f"Usage: projops {command}" in captured.out
    assert captured.err == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_is_wrong_usage(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An option that does not exist exits 2, named on stderr, and prints nothing on stdout."""
    assert run_command_line([command, "--no-such-option"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--no-such-option" in captured.err


def test_an_unknown_format_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A format that does not exist exits 2 and the ones that do are named."""
    assert run_command_line(["status", "-o", "yaml"]) == 2
    assert "jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_no_environment_is_one_clear_error(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without DATAVERSE_URL a command exits 1 and names the real and the embedded way."""
    monkeypatch.chdir(tmp_path)
    options = ["--on", "2020-10-05"] if command == "run" else []
    assert run_command_line([command, *options]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "DATAVERSE_URL is not set" in captured.err
    assert "https://ORG.crm.dynamics.com" in captured.err
    assert "emulator:sandbox.db" in captured.err
    assert "Traceback" not in captured.err


def test_no_credentials_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real address without an application names the variables that are missing."""
    monkeypatch.chdir(tmp_path)
    assert run_command_line(["status", "--url", "https://org.crm.dynamics.com"]) == 1
    captured = capsys.readouterr()
    assert "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET are not set" in captured.err


@pytest.mark.parametrize("option", ["--client-secret", "--secret", "--password"])
def test_no_secret_is_ever_a_flag(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Secrets stand in no command line, where everybody on the machine could read them."""
    assert run_command_line(["status", option, "x"]) == 2
    assert option in capsys.readouterr().err


def test_the_command_line_starts_without_the_heavy_modules(tmp_path: Path) -> None:
    """Help and errors of usage need neither the client nor the emulator nor the settings."""
    heavy = ["msal", "requests", "pydantic_settings", "sqlalchemy", "starlette", "uvicorn"]
    code = (
        "import sys; from connector.console.main import run_command_line; run_command_line(['--help']); "
        f"sys.exit(','.join(name for name in {heavy} if name in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "light"),
    [
        (["--version"], ["typer", "json", "logging", "connector.console.command_line"]),
        (["verify", "--help"], ["connector.console.commands.run", "connector.console.commands.emulator"]),
        (["emulator", "--help"], ["connector.console.commands.verify"]),
    ],
)
def test_a_command_starts_with_what_it_needs(arguments: list[str], light: list[str], tmp_path: Path) -> None:
    """The version needs no parser, and a command none of the others."""
    code = (
        f"import sys; from connector.console.main import run_command_line; run_command_line({arguments}); "
        f"sys.exit(','.join(name for name in {light} if name in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_command_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """What is there is listed, by file and by name, and nothing else is."""
    files = {path.stem for path in (Path(command_line.__file__).parent / "commands").glob("*.py")}
    assert {*command_line.COMMANDS, *command_line.GROUPS} <= files
    assert run_command_line(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in (*command_line.COMMANDS, *command_line.GROUPS))
