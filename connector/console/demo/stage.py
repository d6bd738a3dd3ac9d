"""Where the demo plays: the real command line in processes of its own, each shown before it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.rule import Rule

from connector.emulator.ownership import OpenEmulator
from connector.errors import ProjopsError

NARROWEST = 110
INHERITED_PREFIXES = ("AZURE_", "POWER_PLATFORM_", "PROJOPS_", "DATAVERSE_")
"""What a visitor may have set for his own environment must not reach the demo's commands."""


class DemoFailed(ProjopsError):
    """A command of the demo ended otherwise than the story says."""


def environment_of(emulator: OpenEmulator, inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables with which the commands find the emulator: what a user would set by hand."""
    own = {
        "DATAVERSE_URL": emulator.url,
        "AZURE_TENANT_ID": emulator.tenant_id,
        "AZURE_CLIENT_ID": emulator.client_id,
        "AZURE_CLIENT_SECRET": emulator.client_secret,
        "AZURE_AUTHORITY_HOST": emulator.authority.rsplit("/", 1)[0],
        "PROJOPS_CA_FILE": str(emulator.ca_file),
        "PROJOPS_NAMES__CONTRACT_LINE_CUSTOMER": "emu_contractlinecustomer",
    }
    kept = {name: value for name, value in inherited.items() if not name.startswith(INHERITED_PREFIXES)}
    return {**kept, **own, "PYTHONUTF8": "1"}


@dataclass
class Stage:
    """Prints the acts and runs the commands in `folder`. `commands` counts what was run."""

    environment: Mapping[str, str]
    folder: Path
    console: Console = field(default_factory=lambda: Console(highlight=False, width=_width()))
    commands: int = 0

    def act(self, number: int, title: str) -> None:
        self.console.print()
        self.console.print(Rule(f"[bold]{number}. {title}[/bold]", align="left"))

    def say(self, text: str) -> None:
        for line in textwrap.wrap(text, min(self.console.width, 100)):
            self.console.print(line, style="italic", markup=False)

    def show(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.console.print(line, markup=False, soft_wrap=True)

    def projops(self, *arguments: str, expected: int = 0) -> None:
        """Run `projops` as a user would. Raises DemoFailed when the exit code is not the expected one."""
        self.console.print()
        self.console.print(f"$ projops {' '.join(arguments)}", style="bold cyan", markup=False)
        sys.stdout.flush()
        self.commands += 1
        code = subprocess.run(  # noqa: S603 - the interpreter that runs the demo, and words of our own
            [sys.executable, "-m", "connector.console", *arguments],
            env=dict(self.environment),
            cwd=self.folder,
            check=False,
        ).returncode
        self.console.print(f"(exit {code})", style="dim", markup=False)
        if code != expected:
            raise DemoFailed(
                f"`projops {' '.join(arguments)}` ended with exit {code}; the demo expects {expected}.",
                "Please report this with the output above.",
            )


def _width() -> int | None:
    """A log or a pipe has no width of its own; rich would take 80, too narrow for the table."""
    return None if sys.stdout.isatty() else NARROWEST


class Stopwatch:
    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began


def inherited_environment() -> Mapping[str, str]:
    return os.environ
