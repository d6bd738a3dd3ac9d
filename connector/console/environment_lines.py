"""Lines that set environment variables, as the user's shell takes them."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum


class Shell(StrEnum):
    BASH = "bash"
    POWERSHELL = "powershell"
    CMD = "cmd"
    PLAIN = "plain"
    """NAME=value, as `docker --env-file` and the like read it."""


def usual_shell(platform: str = sys.platform) -> Shell:
    return Shell.POWERSHELL if platform == "win32" else Shell.BASH


def line_for(shell: Shell, name: str, value: str) -> str:
    """One line to paste; values with spaces or quotes arrive as they are."""
    if shell is Shell.BASH:
        return f"export {name}={shlex.quote(value)}"
    if shell is Shell.POWERSHELL:
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    if shell is Shell.CMD:
        return f'set "{name}={value}"'
    return f"{name}={value}"
