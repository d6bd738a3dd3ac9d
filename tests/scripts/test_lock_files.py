from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


@pytest.fixture(params=["demo", "dev"])
def text(request: pytest.FixtureRequest, repository: Path) -> str:
    return (repository / "requirements" / f"{request.param}.txt").read_text(encoding="utf-8")


def pins(repository: Path, name: str) -> dict[str, str]:
    return dict(PIN.findall((repository / "requirements" / f"{name}.txt").read_text(encoding="utf-8")))


def test_every_package_has_one_version_and_hashes(text: str) -> None:
    """Every package of a lock file has one exact version and at least one hash."""
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert blocks
    for block in blocks:
        assert PIN.match(block), block
        assert "--hash=sha256:" in block, block


def test_no_lock_file_names_an_address(text: str) -> None:
    """Where packages come from is the machine's business, never a lock file's."""
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host|/\w+/", text)


def test_the_development_lock_serves_the_demo(repository: Path) -> None:
    """All that the demo's lock names stands in the development lock in the same version."""
    assert pins(repository, "demo").items() <= pins(repository, "dev").items()


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("demo", ["emulator", "console"]), ("dev", ["emulator", "console", "interactive", "otel", "dev"])],
)
def test_a_lock_has_all_that_the_project_asks_for(repository: Path, lock: str, extras: list[str]) -> None:
    """A dependency that is added to pyproject.toml without making the locks anew is noticed."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for name in extras for one in project["optional-dependencies"][name]),
    ]
    names = {re.split(r"[\[>=<;! ]", one)[0].lower() for one in wanted} - {"projops-connector"}
    assert names <= pins(repository, lock).keys()
