from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

import pytest

ENTRIES = ["demo", "provision", "rerun", "run", "test", "verify"]


def test_an_older_python_is_told_in_one_sentence(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python older than 3.11 ends with one sentence that names its version and what to do."""
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(repository / "scripts" / "needs_python.py"))
    sentence = str(ended.value.code)
    assert "needs Python 3.11 or later" in sentence
    assert "this is Python 3.10" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("name", [*ENTRIES, "needs_python"])
def test_what_is_read_before_the_check_parses_on_old_pythons(repository: Path, name: str) -> None:
    """The check itself and what stands before it in each script is syntax of Python 3.4."""
    text = (repository / "scripts" / f"{name}.py").read_text(encoding="ascii")
    ast.parse(text, feature_version=(3, 4))


@pytest.mark.parametrize("name", ENTRIES)
def test_the_check_comes_before_everything_of_ours(repository: Path, name: str) -> None:
    """Every script imports the version check before any other module of ours."""
    tree = ast.parse((repository / "scripts" / f"{name}.py").read_text(encoding="utf-8"))
    names = [
        node.names[0].name if isinstance(node, ast.Import) else node.module
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    ours = [one for one in names if one in {"needs_python", "bootstrap", "installation"}]
    assert ours[0] == "needs_python"
