from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import installation
from bootstrap import exit_code_of
from exclusive import exclusively


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with lock files and a .venv as venv leaves it, with nothing installed."""
    (tmp_path / "requirements").mkdir()
    for name in ("demo", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    venv = tmp_path / installation.FOLDER
    python = installation.python_of(venv)
    python.parent.mkdir(parents=True)
    python.write_text("", encoding="utf-8")
    home = Path(sys.executable).parent
    version = ".".join(str(part) for part in sys.version_info[:3])
    (venv / "pyvenv.cfg").write_text(f"home = {home}\nversion = {version}\n", encoding="utf-8")
    return tmp_path


def finish(root: Path, lock: str, **changes: str) -> None:
    stamp = {"state": "installed", **installation.place_of(root), lock: installation.fingerprint(root, lock)}
    installation.write_stamp(root / installation.FOLDER, {**stamp, **changes})


def test_a_finished_installation_is_not_repeated(checkout: Path) -> None:
    """After an installation has ended, the next call starts at once."""
    assert not installation.is_ready(checkout, "demo")
    finish(checkout, "demo")
    assert installation.is_ready(checkout, "demo")
    installation.ensure(checkout, "demo")


def test_development_serves_the_demo_and_not_the_other_way_round(checkout: Path) -> None:
    """One .venv serves both: what development needs contains what the demo needs."""
    finish(checkout, "dev")
    assert installation.is_ready(checkout, "demo")
    finish(checkout, "demo")
    assert not installation.is_ready(checkout, "dev")


@pytest.mark.parametrize("changed", ["requirements/demo.txt", "pyproject.toml"])
def test_a_change_of_what_is_needed_installs_again(checkout: Path, changed: str) -> None:
    """A changed lock file or a changed pyproject.toml asks for a new installation, on top of the old one."""
    finish(checkout, "demo")
    (checkout / changed).write_text("something else\n", encoding="utf-8")
    assert not installation.is_ready(checkout, "demo")
    assert installation.is_sound(checkout)


def cut_off(root: Path) -> None:
    installation.write_stamp(root / installation.FOLDER, {"state": "installing"})


def garble(root: Path) -> None:
    (root / ".venv" / "installed.json").write_text("{", encoding="utf-8")


def lose_python(root: Path) -> None:
    installation.python_of(root / ".venv").unlink()


def lose_home(root: Path) -> None:
    (root / ".venv" / "pyvenv.cfg").write_text("home = /nowhere/at/all\n", encoding="utf-8")


def move(root: Path) -> None:
    finish(root, "demo", folder="/somewhere/else")


def change_python(root: Path) -> None:
    finish(root, "demo", python="3.9")


@pytest.mark.parametrize("damage", [cut_off, garble, lose_python, lose_home, move, change_python])
def test_what_cannot_be_built_upon_is_noticed(checkout: Path, damage: Callable[[Path], None]) -> None:
    """A .venv that was cut off, moved, damaged or made by another Python is neither ready nor sound."""
    finish(checkout, "demo")
    damage(checkout)
    assert not installation.is_ready(checkout, "demo")
    assert not installation.is_sound(checkout)


def test_emptying_keeps_the_lock_that_is_held(checkout: Path) -> None:
    """Making .venv anew removes all of it but the file whose lock keeps others out."""
    venv = checkout / installation.FOLDER
    (venv / installation.LOCK).touch()
    installation.empty(venv)
    assert [entry.name for entry in venv.iterdir()] == [installation.LOCK]


def test_the_editable_project_is_found_by_relative_paths(checkout: Path) -> None:
    """The .pth file names no folder of the machine, so that an accent in one cannot break Python's start."""
    venv = checkout / installation.FOLDER
    site_packages = venv / "lib" / "python3.11" / "site-packages"
    site_packages.mkdir(parents=True)
    file = site_packages / "_projops_connector.pth"
    file.write_text("/home/Müller/x\n", encoding="utf-8")
    installation.make_paths_relative(checkout, venv)
    lines = file.read_text(encoding="ascii").splitlines()
    assert [(site_packages / line).resolve() for line in lines] == [
        checkout.resolve(),
        (checkout / "plugins").resolve(),
    ]


def test_the_second_of_two_waits_for_the_first(tmp_path: Path) -> None:
    """Whoever finds the lock taken says so once and goes on when it is free."""
    path = tmp_path / "lock"
    told = threading.Event()
    order: list[str] = []

    def second() -> None:
        with exclusively(path, on_wait=told.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with exclusively(path, on_wait=lambda: pytest.fail("nobody has the lock")):
        thread.start()
        assert told.wait(timeout=30)
        order.append("first")
    thread.join(timeout=30)
    assert order == ["first", "second"]


@pytest.mark.parametrize("code", [0, 1, 3, 70])
def test_the_programs_exit_code_is_handed_over(code: int) -> None:
    """The exit code of the real program is the exit code of the script."""
    assert exit_code_of([sys.executable, "-c", f"raise SystemExit({code})"]) == code


def test_an_unknown_lock_is_wrong_usage(repository: Path) -> None:
    """bootstrap.py with a word that is no lock file exits 2 and names the words that are."""
    done = subprocess.run(
        [sys.executable, str(repository / "scripts" / "bootstrap.py"), "production"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "demo|dev" in done.stderr
