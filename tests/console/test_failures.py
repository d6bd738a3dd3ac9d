from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connector import errors
from connector.console.failures import FaultLog, exit_code_of


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SettingsError("m", "h"), 1),
        (errors.SignInError("m", "h"), 1),
        (errors.UsageError("m", "h"), 2),
        (errors.Refused("m", "h"), 4),
        (errors.PartlyDone("m", "h"), 5),
    ],
)
def test_an_expected_error_is_its_message_and_hint(
    error: errors.ProjopsError, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An expected error gives the exit code of its class, message and hint on stderr, nothing else."""
    assert exit_code_of(raising(error), FaultLog(tmp_path)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Error: m\nh\n"
    assert list(tmp_path.iterdir()) == []


def test_a_fault_is_logged_and_its_path_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else exits 70, shows no traceback, and writes one that the shown path leads to."""
    log = FaultLog(tmp_path / "logs")
    assert exit_code_of(raising(ZeroDivisionError("by zero")), log) == 70
    (path,) = log.folder.iterdir()
    captured = capsys.readouterr()
    assert str(path) in captured.err
    assert "Traceback" not in captured.err
    text = path.read_text(encoding="utf-8")
    assert "ZeroDivisionError: by zero" in text
    assert "Traceback" in text


def test_a_log_holds_no_secret(tmp_path: Path) -> None:
    """Known secrets, tokens and what looks like either are not in the log of a fault."""
    log = FaultLog(tmp_path, secrets={"pa55-word"})
    said = "pa55-word, Bearer eyJ0.abc, client_secret=hunter2, password: 'swordfish'"
    exit_code_of(raising(RuntimeError(said)), log)
    (path,) = tmp_path.iterdir()
    text = path.read_text(encoding="utf-8")
    for secret in ("pa55-word", "eyJ0", "hunter2", "swordfish"):
        assert secret not in text


CUSTOMERS = ("Adatum", "O'Brien & Sons", "Fabrikam")


def _failing_like_a_library() -> None:
    try:
        dict[str, int]()[CUSTOMERS[0]]
    except KeyError:
        raise RuntimeError(f"The contract '{CUSTOMERS[1]}' of \"{CUSTOMERS[2]}\" has 4711") from None


def _failing_on_the_way() -> None:
    try:
        int(CUSTOMERS[0])
    except ValueError as error:
        raise LookupError(f"GET https://x/y?$filter=name eq %27{CUSTOMERS[0]}%27 failed") from error


def test_a_log_holds_nothing_of_a_customer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in quotation marks and the values of options are left out; places and kinds are there."""
    said = ["rerun", "--reason", "Adatum called", "--cancel=Fabrikam", "contoso.toml", "-o", "json"]
    monkeypatch.setattr("sys.argv", ["projops", *said])
    for work in (_failing_like_a_library, _failing_on_the_way):
        log = FaultLog(tmp_path / work.__name__)
        assert exit_code_of(work, log) == 70
        (path,) = log.folder.iterdir()
        text = path.read_text(encoding="utf-8")
        for name in ("Adatum", "Brien", "Sons", "Fabrikam", "contoso"):
            assert name not in text
        assert f"in {work.__name__}" in text
        assert "arguments: rerun --reason … --cancel=… … -o json" in text
    assert "ValueError: invalid literal for int() with base 10: '…'" in text
    assert "LookupError" in text


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_a_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Others on the machine cannot read a log."""
    exit_code_of(raising(RuntimeError("x")), FaultLog(tmp_path))
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is none does not hide the fault behind another."""
    (tmp_path / "file").touch()
    assert exit_code_of(raising(RuntimeError("x")), FaultLog(tmp_path / "file" / "logs")) == 70
    assert "RuntimeError" in capsys.readouterr().err


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(130)])
def test_an_interruption_is_130(interruption: BaseException, tmp_path: Path) -> None:
    """Ctrl-C exits 130, whether it comes raw or through the command line's own handling."""
    assert exit_code_of(raising(interruption), FaultLog(tmp_path)) == 130


@pytest.mark.parametrize(("ended", "code"), [(SystemExit(3), 3), (SystemExit(None), 0), (SystemExit("x"), 1)])
def test_an_exit_code_passes(ended: SystemExit, code: int, tmp_path: Path) -> None:
    """An exit that a command chose is the exit of the program."""
    assert exit_code_of(raising(ended), FaultLog(tmp_path)) == code


def test_work_that_ends_well_is_0(tmp_path: Path) -> None:
    """No exception is exit 0."""
    assert exit_code_of(lambda: None, FaultLog(tmp_path)) == 0
