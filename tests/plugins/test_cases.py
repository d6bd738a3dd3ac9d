"""Hand-written cases, given -> expected: the files in tests/cases/runner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.model.reason import Reason
from projops_plugins.process_runner import ProcessRunner
from tests.plugins.aftermath import after
from tests.plugins.contracts import contract_of, outcome_of, run_of

CASES = sorted((Path(__file__).parents[1] / "cases" / "runner").glob("*.json"))
NOT_DECIDED_BY_A_PLUGIN = {
    Reason.AWAITING_APPROVAL,
    Reason.NEEDS_SCHEDULE_ROW,
    Reason.TOO_LARGE,
    Reason.CONFLICT,
}
"""Reasons that only the runner can give: they need the environment or a way of applying."""


def case(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """Each file states given contracts and runs, and what must come of them, day by day."""
    given = case(path)
    run_words = given.get("run", {})
    contract = contract_of(given["contract"], run_of({"day": "2020-01-01", **run_words}).zone)
    for day in given["days"]:
        run = run_of({**run_words, **day["run"]})
        decisions = list(ProcessRunner().decide(contract, run))
        found = outcome_of(decisions)
        expected = day["expected"]
        for kind in ("invoices", "marked", "skipped"):
            wanted = expected.get(kind, [])
            assert only_named(found[kind], wanted) == wanted, f"{path.stem}, {day['run']}, {kind}"
        if given.get("is_applied", False):
            contract = after(contract, decisions)


def only_named(found: list[Any], wanted: list[Any]) -> list[Any]:
    """What was found, reduced to the words that the case mentions; other items than wanted stay."""
    if len(found) != len(wanted):
        return found
    return [
        reduced(one, told) if isinstance(told, dict) else one for one, told in zip(found, wanted, strict=True)
    ]


def reduced(found: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    return {word: _reduced_value(word, found[word], told[word]) for word in told}


def _reduced_value(word: str, found: Any, told: Any) -> Any:
    if word == "lines":
        return {line: reduced(parts, told.get(line, {})) for line, parts in found.items()}
    if word == "message" and told in found:
        return told
    return found


def test_there_are_enough_cases() -> None:
    """A folder that was not found would pass without testing anything."""
    assert len(CASES) >= 25


def test_every_reason_has_a_case() -> None:
    """Each reason that a plug-in can give is expected by at least one case."""
    expected = {
        skipped["reason"]
        for path in CASES
        for day in case(path)["days"]
        for skipped in day["expected"].get("skipped", ())
    }
    assert {str(reason) for reason in set(Reason) - NOT_DECIDED_BY_A_PLUGIN} <= expected


def test_every_rule_of_lines_and_transactions_has_a_case() -> None:
    """Each numbered rule that a plug-in carries out is named by at least one case."""
    named_rules = {rule for path in CASES for rule in case(path)["rules"]}
    wanted = {"L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8"}
    wanted |= {f"T{number}" for number in range(1, 10)} | {"G1", "G2", "G3", "G4", "G6", "G8"}
    assert wanted <= named_rules
