"""The documents of docs/ hold what the code refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from connector.emulator.platform.switches import Switches
from connector.model.invoicing_rules import InvoicingRules
from connector.model.reason import Reason
from connector.verification.check import Check
from connector.verification.checks import ALL_CHECKS
from connector.verification.checks.unanswered import UNANSWERED

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RULES = (DOCS / "invoicing-rules.md").read_text("utf-8")
CHECKS = (DOCS / "checks.md").read_text("utf-8")


def sources() -> Iterator[Path]:
    yield from (ROOT / "connector").rglob("*.py")
    yield from (ROOT / "plugins").rglob("*.py")


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.code)
def test_the_table_of_checks_is_the_registry(check: Check) -> None:
    """docs/checks.md lists each check with its severity and what holds when it passes."""
    assert f"| {check.code} | {check.severity.value[0].upper()} | {check.title} |" in CHECKS


def test_the_table_of_checks_promises_none_that_is_not_there() -> None:
    """docs/checks.md has a row for no other code, but for those that have no answer, in their own table."""
    made, unanswered = CHECKS.split("### Without an answer")
    codes = r"^\| ([A-Z]{2,3}\d\d) \|"
    assert set(re.findall(codes, made, re.MULTILINE)) == {check.code for check in ALL_CHECKS}
    assert set(re.findall(codes, unanswered, re.MULTILINE)) == {one.code for one in UNANSWERED}


@pytest.mark.parametrize("item", msgspec.structs.fields(InvoicingRules), ids=lambda item: item.name)
def test_each_setting_stands_beside_a_rule_with_its_default(item: msgspec.structs.FieldInfo) -> None:
    """docs/invoicing-rules.md names every field of InvoicingRules, with its default where it has one."""
    default = item.default
    if default is None:
        assert f"`{item.name}` (" in RULES
    else:
        shown = f'"{default}"' if isinstance(default, str) else str(default).lower()
        assert f"{item.name} = {shown}" in RULES


def test_every_rule_that_the_code_names_is_written_down() -> None:
    """A rule number in a comment or docstring leads to a row of docs/invoicing-rules.md."""
    written = set(re.findall(r"^\| ([JLTG]\d+) \|", RULES, re.MULTILINE))
    named = {
        number
        for path in sources()
        for phrase in re.findall(
            r"[Rr]ules? ([JLTG]\d+(?:(?:, | and | to )[JLTG]\d+)*)", path.read_text("utf-8")
        )
        for number in re.findall(r"[JLTG]\d+", phrase)
    }
    assert named
    assert named <= written


def test_every_reason_is_explained() -> None:
    """docs/invoicing-rules.md explains the whole closed list of reasons, and no other."""
    section = RULES.split("## Reasons")[1].split("## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [reason.value for reason in Reason]


def test_every_switch_of_the_emulator_is_explained() -> None:
    """docs/emulator.md has a row for each switch, and for no other."""
    section = (DOCS / "emulator.md").read_text("utf-8").split("| switch |")[1].split("## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert listed == [item.name for item in msgspec.structs.fields(Switches)]
