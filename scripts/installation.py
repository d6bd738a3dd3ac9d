"""The folder `.venv`: what it was made from, whether that still holds, and how it is made.

`.venv/installed.json` says which lock files are installed, for which Python and which checkout. It says
"installing" while pip is at work: whoever finds that with the lock in hand knows that an installation
was cut off, and starts from nothing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from exclusive import exclusively

FOLDER = ".venv"
STAMP = "installed.json"
LOCK = "installing.lock"
# Which lock files serve a program: the development one names all that the demo's does.
LOCKS = {"demo": ("demo", "dev"), "dev": ("dev",)}


class InstallationFailed(Exception):
    """One sentence: what did not work and what to do."""


def ensure(root: Path, lock: str) -> None:
    """Install what `requirements/LOCK.txt` names and the project itself, unless that is there already.

    Raises InstallationFailed.
    """
    venv = root / FOLDER
    if is_ready(root, lock):
        return
    venv.mkdir(exist_ok=True)
    with exclusively(venv / LOCK, on_wait=lambda: tell("Waiting for another installation to end.")):
        if is_ready(root, lock):
            return
        # Whoever has developed here keeps what that needs, whichever script notices a change.
        fullest = "dev" if "dev" in read_stamp(venv) else lock
        if not is_sound(root):
            make(venv)
        write_stamp(venv, {"state": "installing"})
        install(root, fullest)
        write_stamp(venv, {"state": "installed", **place_of(root), fullest: fingerprint(root, fullest)})


def is_ready(root: Path, lock: str) -> bool:
    """Whether a program that wants this lock file can start at once."""
    stamp = read_stamp(root / FOLDER)
    return is_sound(root) and any(
        stamp.get(name) == fingerprint(root, name) for name in LOCKS[lock] if name in stamp
    )


def is_sound(root: Path) -> bool:
    """Whether .venv can be built upon: made here, by this Python, and no installation was cut off."""
    venv = root / FOLDER
    stamp = read_stamp(venv)
    if not python_of(venv).exists() or not is_base_there(venv):
        return False
    if not stamp:
        return version_of(venv) == minor_version()
    return stamp["state"] == "installed" and {name: stamp.get(name) for name in place_of(root)} == place_of(
        root
    )


def place_of(root: Path) -> dict[str, str]:
    """What a virtual environment is bound to: the Python's minor version and the checkout's folder."""
    return {"python": minor_version(), "folder": str(root)}


def minor_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def fingerprint(root: Path, lock: str) -> str:
    """SHA-256 over the lock file and the project's own metadata."""
    digest = hashlib.sha256()
    for path in (root / "requirements" / f"{lock}.txt", root / "pyproject.toml"):
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def python_of(venv: Path) -> Path:
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def read_configuration(venv: Path) -> dict[str, str]:
    try:
        lines = (venv / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def is_base_there(venv: Path) -> bool:
    """Whether the Python that .venv was made from still exists."""
    home = read_configuration(venv).get("home")
    return home is not None and Path(home).is_dir()


def version_of(venv: Path) -> str:
    """The minor version of the Python that .venv was made from; uv writes it under another name."""
    configuration = read_configuration(venv)
    full = configuration.get("version") or configuration.get("version_info") or ""
    return ".".join(full.split(".")[:2])


def read_stamp(venv: Path) -> dict[str, str]:
    """Return the stamp, an empty dictionary where there is none, "installing" where it cannot be read."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return {"state": "installing"}
    return stamp if isinstance(stamp, dict) and "state" in stamp else {"state": "installing"}


def write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    unfinished = venv / f"{STAMP}.new"
    unfinished.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(venv / STAMP)


def make(venv: Path) -> None:
    """Make .venv from nothing, with pip. Raises InstallationFailed."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise InstallationFailed(
                f"This Python ({sys.executable}) comes without {module}: install it first, on Debian and "
                "Ubuntu with `apt-get install python3-venv`."
            )
    tell(f"Making {FOLDER} with Python {minor_version()}.")
    empty(venv)
    # From inside the very .venv that is made anew, the Python that it was made from does it.
    base = getattr(sys, "_base_executable", None) or sys.executable
    run([base, "-m", "venv", str(venv)], "The virtual environment could not be made.")


def empty(venv: Path) -> None:
    """Remove what is in .venv, except the file whose lock is held."""
    for entry in venv.iterdir():
        if entry.name == LOCK:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def install(root: Path, lock: str) -> None:
    """Let pip install the locked packages, then the project itself without asking anybody."""
    venv = root / FOLDER
    requirements = root / "requirements" / f"{lock}.txt"
    if not has_pip(venv):
        run(
            [str(python_of(venv)), "-m", "ensurepip"],
            f"{FOLDER} has no pip: delete the folder and start again.",
        )
    tell(f"Installing the packages of requirements/{lock}.txt: once, for about a minute.")
    pip = [
        str(python_of(venv)),
        "-m",
        "pip",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "install",
    ]
    run(
        [*pip, "--no-deps", "--require-hashes", "--requirement", str(requirements)],
        "The packages could not be installed: see pip's lines above. The first call needs a package index.",
    )
    run(
        [*pip, "--no-deps", "--no-index", "--no-build-isolation", "--editable", str(root)],
        "The project could not be installed: see pip's lines above.",
    )
    make_paths_relative(root, venv)


def has_pip(venv: Path) -> bool:
    return any(site_packages.joinpath("pip").is_dir() for site_packages in all_site_packages(venv))


def all_site_packages(venv: Path) -> list[Path]:
    return [*venv.glob("lib/python*/site-packages"), *venv.glob("Lib/site-packages")]


def make_paths_relative(root: Path, venv: Path) -> None:
    """Write the .pth file of the editable project without the folder's name.

    Up to Python 3.12 these files are read in the locale's encoding and written in UTF-8: a user's name
    with an accent on Windows would otherwise keep every Python of .venv from starting.
    """
    for site_packages in all_site_packages(venv):
        for file in site_packages.glob("*projops_connector*.pth"):
            folders = (root, root / "plugins")
            lines = [Path(os.path.relpath(folder, site_packages)).as_posix() for folder in folders]
            file.write_text("\n".join(lines) + "\n", encoding="ascii")


def run(command: list[str], complaint: str) -> None:
    """Run a program of the installation, its output on stderr. Raises InstallationFailed."""
    environment = {
        **os.environ,
        "PIP_USER": "0",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_REQUIRE_VIRTUALENV": "0",
    }
    environment.pop("PYTHONHOME", None)
    done = subprocess.run(command, env=environment, stdout=sys.stderr, check=False)  # noqa: S603
    if done.returncode:
        raise InstallationFailed(complaint)


def tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
