"""The package of docs/plugins.md, built into a wheel and installed: what a third party does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "plugins" / "example_retainer"
PLAN = """
import json
from dataclasses import replace
from connector.hooks import load_plugins
from connector.runner.plan import plan_contract
from tests.plugins.contracts import contract_of, run_of

plugins = load_plugins()
run = replace(run_of({"day": "2020-10-05"}), billing_methods=plugins.billing_methods)
def rows(id):
    return [{"id": id, "run_date": "2020-10-05"}]
line = {"id": "care", "method": "retainer", "price": "1500.00", "rows": rows("r1")}
actuals = [{"id": "a1", "date": "2020-10-01", "amount": "10.00"}]
work = {"id": "work", "rows": rows("r2"), "actuals": actuals}
snapshot = contract_of({"lines": [line, work]}, run.zone)
care = next(one for one in snapshot.lines if one.line.id == "care")
import msgspec
claimed = replace(care, line=msgspec.structs.replace(care.line, billing_method=100000000))
snapshot = replace(snapshot, lines=tuple(claimed if one is care else one for one in snapshot.lines))
plan = plan_contract(snapshot, plugins.workflow("ProcessRunner"), run)
print(json.dumps({
    "methods": [method.name for method in plugins.billing_methods],
    "failures": [one.message for one in plan.failures],
    "invoices": [[str(one.total), sorted(one.schedule_rows), one.is_by_row] for one in plan.invoices],
    "lines": [
        [line.billing_method, [detail.source for detail in line.details]]
        for one in plan.invoices for line in one.lines
    ],
}))
"""


def python(*arguments: str, path: Path | None = None) -> str:
    """Another interpreter, offline; `path` is put in front of what it imports."""
    found = os.environ | {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    places = [str(ROOT), str(ROOT / "plugins"), found.get("PYTHONPATH", "")]
    if path is not None:
        places.insert(0, str(path))
    found["PYTHONPATH"] = os.pathsep.join(place for place in places if place)
    done = subprocess.run(
        [sys.executable, *arguments], env=found, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the package, installed into a folder of its own."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("installed")
    offline = ("--no-index", "--no-deps", "--quiet")
    python("-m", "pip", "wheel", "--no-build-isolation", *offline, "-w", str(wheels), str(PACKAGE))
    [wheel] = wheels.glob("example_retainer-*.whl")
    python("-m", "pip", "install", *offline, "--target", str(target), str(wheel))
    return target


def test_an_installed_billing_method_bills_beside_the_built_in_ones(installed: Path) -> None:
    """A fifth method arrives by its entry point, and a plan bills its line on the invoice of the others."""
    found = json.loads(python("-c", PLAN, path=installed))
    assert found["methods"] == ["fixed_price", "product", "progress", "retainer", "time_and_material"]
    assert found["failures"] == []
    assert found["invoices"] == [["1510.00", ["r1", "r2"], True]]
    assert found["lines"] == [
        ["retainer", ["msdyn_contractlineinvoiceschedule"]],
        ["time_and_material", ["msdyn_actual"]],
    ]


def test_the_packages_own_tests_pass(installed: Path) -> None:
    """What the walk-through shows is run as its reader would run it."""
    python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(PACKAGE / "tests"), path=installed)


def test_the_walk_through_shows_the_package_as_it_is() -> None:
    """docs/plugins.md quotes files of the package; none of its quotations is out of date."""
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    blocks = [part.split("```", 1)[0] for part in text.split("```python\n")[1:]]
    blocks += [part.split("```", 1)[0] for part in text.split("```toml\n")[1:]]
    files = [
        path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*") if path.suffix in {".py", ".toml"}
    ]
    assert len(blocks) >= 5
    for block in blocks:
        assert any(block.strip() in file for file in files), block
