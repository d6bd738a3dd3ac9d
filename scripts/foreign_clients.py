"""Other people's Dataverse clients, installed into environments of their own: a preparation for tests.

`.clients/python` is a virtual environment with what tests/clients/foreign/requirements.txt names,
`.clients/node` a folder with what package.json beside it names. Nothing of it comes near `.venv`.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import installation
from exclusive import exclusively

FOLDER = ".clients"
NAMED_IN = Path("tests") / "clients" / "foreign"
STAMP = "installed.txt"


def ensure(root: Path) -> None:
    """Install what is not there yet. Raises InstallationFailed, which says what is missing."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    with exclusively(folder / "installing.lock", lambda: installation.tell("Waiting for another to end.")):
        _ensure(folder / "python", root / NAMED_IN / "requirements.txt", _install_python)
        _ensure(folder / "node", root / NAMED_IN / "package.json", _install_node)


def _ensure(folder: Path, names: Path, install: Callable[[Path, Path], None]) -> None:
    """The stamp is written last: an installation that was cut off begins anew."""
    wanted = hashlib.sha256(names.read_bytes() + installation.minor_version().encode()).hexdigest()
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    installation.tell(f"Installing the clients that {names.name} names: once, for about a minute.")
    install(folder, names)
    stamp.write_text(wanted, encoding="ascii")


def _install_python(folder: Path, names: Path) -> None:
    base = getattr(sys, "_base_executable", None) or sys.executable
    installation.run([base, "-m", "venv", str(folder)], "The virtual environment could not be made.")
    pip = [str(installation.python_of(folder)), "-m", "pip", "--quiet", "--no-input"]
    installation.run(
        [*pip, "--disable-pip-version-check", "install", "--requirement", str(names)],
        "The Python clients could not be installed: see pip's lines above.",
    )


def _install_node(folder: Path, names: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise installation.InstallationFailed(
            "The JavaScript client needs node and npm: on Debian and Ubuntu `apt-get install nodejs npm`."
        )
    folder.mkdir()
    shutil.copy(names, folder / names.name)
    installation.run(
        [npm, "install", "--prefix", str(folder), "--silent", "--no-package-lock", "--no-audit", "--no-fund"],
        "The JavaScript client could not be installed: see npm's lines above.",
    )
