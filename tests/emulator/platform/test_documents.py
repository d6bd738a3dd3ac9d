"""docs/emulator.md says of every table and every switch what it does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from connector.emulator.platform.switches import Switches
from connector.emulator.schema import load_schema


def section(repository: Path, title: str) -> str:
    text = (repository / "docs" / "emulator.md").read_text("utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_table_is_described_once(repository: Path) -> None:
    """A table that is added to the schema wants its line; sdk… are the protocol's own."""
    named = re.findall(r"^\| `(\w+)` \|", section(repository, "Tables"), re.MULTILINE)
    assert sorted(named) == sorted(name for name in load_schema().tables if not name.startswith("sdk"))


def test_every_switch_is_described_with_its_default(repository: Path) -> None:
    """A switch that is added wants its line; booleans and numbers say how they stand at first."""
    text = section(repository, "The control endpoint")
    for field in msgspec.structs.fields(Switches):
        line = next((one for one in text.splitlines() if one.startswith(f"| `{field.name}` |")), "")
        assert line, field.name
        if isinstance(field.default, bool | int):
            assert f"| {str(field.default).lower()} |" in line
