"""What `scripts/test.py` makes of its arguments."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def script(repository: Path) -> ModuleType:
    """The script by its path: its name is that of a package of the standard library."""
    spec = importlib.util.spec_from_file_location("run_tests", repository / "scripts" / "test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("given", "more"), [([], []), (["--all"], ["--dist", "worksteal", "--all"])])
def test_all_tests_run_when_none_are_named(script: ModuleType, given: list[str], more: list[str]) -> None:
    """On several cores; --all alone names none, and its long tests go to whichever core is free."""
    arguments = script.pytest_arguments(given)
    assert arguments[:2] == ["tests", "-n"]
    assert arguments[3:] == more


@pytest.mark.parametrize("given", [["-x", "tests/console"], ["--all", "tests/dataverse"]])
def test_what_is_named_goes_to_pytest_as_it_is(script: ModuleType, given: list[str]) -> None:
    """`--all tests/dataverse` runs those, whole."""
    assert script.pytest_arguments(given) == given


def test_clients_are_required_where_they_were_asked_for(script: ModuleType) -> None:
    """`--clients` runs the tests that drive foreign clients, and none of them may be skipped."""
    assert script.pytest_arguments(["--clients", "-x"]) == ["tests/clients", "--require-clients", "-x"]
