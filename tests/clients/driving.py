"""A foreign client's scenarios: found in the text of their file, run in the client's own environment.

A file under `foreign/` holds functions; each is one scenario, its first line of documentation says the
rule. Run by its own interpreter, the file carries all of them out and prints one JSON line for each:
{"name": …, "error": null or text}.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from connector.emulator.ownership import OpenEmulator

FOREIGN = Path(__file__).parent / "foreign"
_SCENARIO = re.compile(r"^(?:def|export async function) (\w+)\(.*\)(?: -> None:| \{)$", re.MULTILINE)
TIMEOUT_S = 300


@dataclass(frozen=True)
class Client:
    """One file of scenarios; `is_secure`: the client wants https."""

    file: str
    is_secure: bool

    @cached_property
    def scenarios(self) -> list[str]:
        found = _SCENARIO.findall((FOREIGN / self.file).read_text(encoding="utf-8"))
        return [name for name in found if not name.startswith("_")]


@dataclass(frozen=True)
class Place:
    """Where the clients are installed."""

    folder: Path

    def command(self, client: Client) -> list[str]:
        file = str(FOREIGN / client.file)
        if client.file.endswith(".mjs"):
            return ["node", str(FOREIGN / "scenarios.mjs"), file]
        bin_folder = "Scripts" if os.name == "nt" else "bin"
        return [str(self.folder / "python" / bin_folder / "python"), file]


@dataclass
class Driver:
    place: Place
    emulator: Callable[[bool], OpenEmulator]
    _outcomes: dict[str, Mapping[str, str | None]] = field(default_factory=dict)

    def outcome(self, client: Client, scenario: str) -> str | None:
        """None when the scenario went well, else what went wrong."""
        if client.file not in self._outcomes:
            self._outcomes[client.file] = self._run(client)
        return self._outcomes[client.file].get(scenario, "it did not run")

    def _run(self, client: Client) -> dict[str, str | None]:
        emulator = self.emulator(client.is_secure)
        done = subprocess.run(
            self.place.command(client),
            env={**os.environ, **_environment(emulator), "CLIENTS": str(self.place.folder)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"')]
        assert done.returncode == 0, done.stderr
        return {line["name"]: line["error"] for line in lines}


def _environment(emulator: OpenEmulator) -> dict[str, str]:
    assert emulator.running is not None
    return {
        "EMULATOR_URL": emulator.url,
        "EMULATOR_AUTHORITY": emulator.authority.rpartition("/")[0],
        "EMULATOR_TENANT": emulator.tenant_id,
        "EMULATOR_CLIENT": emulator.client_id,
        "EMULATOR_SECRET": emulator.client_secret,
        "EMULATOR_TOKEN": emulator.running.issuer.issue(emulator.client_id),
        "EMULATOR_CA": str(emulator.ca_file),
        "REQUESTS_CA_BUNDLE": str(emulator.ca_file),
        "PYTHONUTF8": "1",
    }
