from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from connector.console.environment_lines import Shell, line_for, usual_shell

AWKWARD = "C:/Users/O'Neil & Co/$HOME/ca.pem"


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        (Shell.BASH, "export NAME=https://127.0.0.1:1"),
        (Shell.POWERSHELL, "$env:NAME = 'https://127.0.0.1:1'"),
        (Shell.CMD, 'set "NAME=https://127.0.0.1:1"'),
        (Shell.PLAIN, "NAME=https://127.0.0.1:1"),
    ],
)
def test_each_shell_has_its_line(shell: Shell, line: str) -> None:
    """A line can be pasted into the shell that it is for, and reaches the programs started there."""
    assert line_for(shell, "NAME", "https://127.0.0.1:1") == line


def test_a_quote_in_a_value_is_doubled_for_powershell() -> None:
    """A value with a quote arrives as it is, and commands nothing."""
    assert line_for(Shell.POWERSHELL, "N", "it's $x") == "$env:N = 'it''s $x'"


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="bash reads the line")
def test_bash_exports_what_the_line_says() -> None:
    """What bash hands to a program is the value, spaces, quotes and dollar signs included."""
    script = f"{line_for(Shell.BASH, 'NAME', AWKWARD)}\nprintenv NAME"
    done = subprocess.run(["bash", "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == f"{AWKWARD}\n"


@pytest.mark.parametrize(
    ("platform", "shell"), [("win32", Shell.POWERSHELL), ("linux", Shell.BASH), ("darwin", Shell.BASH)]
)
def test_the_usual_shell_is_the_platforms(platform: str, shell: Shell) -> None:
    """Without --shell the lines are for PowerShell on Windows and for bash elsewhere."""
    assert usual_shell(platform) is shell
