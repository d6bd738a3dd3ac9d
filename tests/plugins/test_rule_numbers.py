"""docs/invoicing-rules.md against code, tests and settings: every rule is named where it is carried out."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connector.model.invoicing_rules import InvoicingRules
from connector.model.reason import Reason
from connector.runner.rules_text import OF_THE_JOB

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "invoicing-rules.md").read_text(encoding="utf-8")
CODE = (
    "plugins/projops_plugins",
    "connector/runner",
    "connector/job",
    "connector/model",
    "connector/emulator",
)
ROW = re.compile(r"^\| ([JLTG]\d+) \|(.*)\|$", re.MULTILINE)
RULES = [match[1] for match in ROW.finditer(DOCUMENT)]
DEFAULT = re.compile(r"`([a-z_]+) = ([^`]+)`")
UNSET = re.compile(r"`([a-z_]+)` \([^)]*unset")


@cache
def text_of(*folders: str) -> str:
    suffixes = {".py", ".json"}
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    assert files
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(files))


def names(text: str, rule: str) -> bool:
    """`L3`, and `L3 to L5` for those between."""
    if re.search(rf"\b{rule}\b", text):
        return True
    kind, number = rule[0], int(rule[1:])
    spans = re.findall(rf"\b{kind}(\d+) to {kind}(\d+)\b", text)
    return any(int(first) <= number <= int(last) for first, last in spans)


def test_the_document_has_all_rules() -> None:
    """A table that was not found would pass without testing anything."""
    counts = {kind: sum(rule.startswith(kind) for rule in RULES) for kind in "JLTG"}
    assert counts == {"J": 10, "L": 8, "T": 9, "G": 8}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_named_in_the_code_that_carries_it_out(rule: str) -> None:
    """Whoever changes a rule finds its code by its number."""
    assert names(text_of(*CODE), rule)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_named_in_the_test_that_states_it(rule: str) -> None:
    """By a docstring or by a case file; this file's own mentions do not count."""
    own = Path(__file__).read_text(encoding="utf-8")
    assert names(text_of("tests").replace(own, ""), rule)


def test_a_rule_that_names_no_number_is_found_missing() -> None:
    """The comparison can fail: a number that nobody uses is not found."""
    assert not names(text_of(*CODE), "L9")
    assert names("rules T2 to T4", "T3")


def test_every_setting_stands_in_the_document_with_its_default() -> None:
    """What is marked S is a field of InvoicingRules: none is missing, none is told otherwise."""
    told: dict[str, str | None] = {}
    for name, value in DEFAULT.findall(DOCUMENT):
        told.setdefault(name, value.strip('"'))
    told.update(dict.fromkeys(UNSET.findall(DOCUMENT), None))
    defaults: dict[str, Any] = msgspec.to_builtins(InvoicingRules())
    for name, default in defaults.items():
        shown = {True: "true", False: "false", None: None}.get(default, str(default))
        assert told.get(name, "not told") == shown, name
    unknown = set(told) - set(defaults) - {"kind"}
    assert not unknown, f"the document has settings that are none: {unknown}"


def test_every_reason_stands_in_the_document() -> None:
    """The closed list is one list."""
    listed = re.findall(r"^\| `([a-z_0-9]+)` \|", DOCUMENT.split("## Reasons")[1], re.MULTILINE)
    assert listed == [str(reason) for reason in Reason]


def test_every_reason_names_a_rule_or_needs_none() -> None:
    """A reason points to the rules that decide about it, in the document as in the code."""
    section = DOCUMENT.split("## Reasons")[1]
    rows = dict(re.findall(r"^\| `([a-z_0-9]+)` \| (.*) \|$", section, re.MULTILINE))
    without = {reason for reason, meaning in rows.items() if not re.search(r"\b[JLTG]\d", meaning)}
    assert without == {
        "not_yet_due",
        "schedule_ended",
        "already_run",
        "needs_schedule_row",
        "too_large",
        "conflict",
        "blocked",
    }


CASES = ROOT / "tests" / "cases" / "runner"


def test_every_reason_has_a_case() -> None:
    """Given, expected: no reason of the closed list is without a file that brings it about."""
    text = text_of(str(CASES))
    assert [reason for reason in Reason if f'"reason": "{reason}"' not in text] == []


def test_every_setting_that_decides_what_is_invoiced_is_varied_in_a_case() -> None:
    """What is marked S and steers a plan is seen on more than its default value."""
    of_the_job = {*OF_THE_JOB, "week_capacity_h"}
    by_other_words = {
        "catch_up": '"takes_missed": true',
        "platform_catches_up": '"takes_missed": true',
        "time_zone": '"zone": ',
    }
    text = text_of(str(CASES))
    for name in set(msgspec.to_builtins(InvoicingRules())) - of_the_job:
        assert by_other_words.get(name, f'"{name}": ') in text, name
