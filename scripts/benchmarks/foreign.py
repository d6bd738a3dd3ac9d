"""The folder `.bench`: an environment with what the benchmarks compare with, made once and git-ignored."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import installation
from exclusive import exclusively

FOLDER = ".bench"


def ensure(root: Path, packages: Path) -> Path:
    """The Python of an environment that has the packages of that list. Raises InstallationFailed.

    A changed list, another Python or an installation that was cut off makes it anew.
    """
    venv = root / FOLDER
    venv.mkdir(exist_ok=True)
    wanted = {**installation.place_of(root), "packages": hashlib.sha256(packages.read_bytes()).hexdigest()}
    with exclusively(venv / installation.LOCK, on_wait=lambda: None):
        if installation.read_stamp(venv) != {"state": "installed", **wanted}:
            _make(venv, packages)
            installation.write_stamp(venv, {"state": "installed", **wanted})
    return installation.python_of(venv)


def _make(venv: Path, packages: Path) -> None:
    installation.tell(f"Installing what is compared with into {FOLDER}: once, for about a minute.")
    installation.empty(venv)
    base = getattr(sys, "_base_executable", None) or sys.executable
    installation.run([base, "-m", "venv", str(venv)], "The virtual environment could not be made.")
    pip = [
        str(installation.python_of(venv)),
        "-m",
        "pip",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]
    installation.run(
        [*pip, "install", "--requirement", str(packages)],
        "The packages could not be installed: see pip's lines above. The first call needs a package index.",
    )
