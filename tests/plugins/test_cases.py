"""Hand-written cases, given -> expected: the files in tests/cases/runner."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.model.reason import Reason
from connector.runner.plan import ContractPlan, plan_contract
from connector.workflow import ContractDecision, Run
from projops_plugins.process_runner import ProcessRunner
from tests.plugins.aftermath import after
from tests.plugins.applied import drafted, failed_by_action, failed_by_records, not_asked_for
from tests.plugins.contracts import contract_of, judged_of, outcome_of, run_of

CASES = sorted((Path(__file__).parents[1] / "cases" / "runner").glob("*.json"))


def case(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """Each file states given contracts and runs, and what must come of them, day by day."""
    hold(path, {})


@pytest.mark.parametrize(
    ("rule", "setting", "other"),
    [
        ("L1", "contract_states", "confirmed"),
        ("L5", "retry_failed", True),
        ("L6", "milestones_need_project", False),
        ("T2", "ready_rule", "ready_or_unset"),
        ("T3", "cut_off", "exclusive"),
        ("T8", "products", "never"),
        ("G2", "inactive_customers", "billed"),
        ("G4", "empty_lines", "all"),
        ("G6", "nothing_to_bill", "not_run"),
    ],
)
def test_a_rule_that_is_changed_breaks_a_case_that_names_it(rule: str, setting: str, other: Any) -> None:
    """The comparison goes red when a rule is broken on purpose."""
    naming = [path for path in CASES if rule in case(path)["rules"]]
    with pytest.raises(AssertionError):
        hold_all(naming, {setting: other})


def hold_all(paths: list[Path], changed: dict[str, Any]) -> None:
    for path in paths:
        hold(path, changed)


def hold(path: Path, changed: dict[str, Any]) -> None:
    """The case against the plug-ins; `changed` are defaults that it does not know of."""
    given = case(path)
    run_words = given.get("run", {})
    run_words = {**run_words, "rules": {**changed, **run_words.get("rules", {})}}
    contract = contract_of(given["contract"], run_of({"day": "2020-01-01", **run_words}).zone)
    for day in given["days"]:
        rules = {**run_words["rules"], **day["run"].get("rules", {})}
        run = run_of({**run_words, **day["run"], "rules": rules})
        plan = plan_contract(contract, ProcessRunner(), run)
        decisions: list[ContractDecision] = [*plan.invoices, *plan.marks, *plan.skips]
        found = {**outcome_of(decisions), **applied(plan, day, run)}
        expected = day["expected"]
        for kind in ("invoices", "marked", "skipped", *applied(plan, day, run)):
            wanted = expected.get(kind, [])
            assert only_named(found[kind], wanted) == wanted, f"{path.stem}, {day['run']}, {kind}"
        if "judged" in expected:
            explained = plan_contract(contract, ProcessRunner(), replace(run, is_explaining=True))
            assert judged_of(explained.judgements) == expected["judged"]
        if given.get("is_applied", False):
            contract = after(contract, decisions)


def applied(plan: ContractPlan, day: dict[str, Any], run: Run) -> dict[str, Any]:
    """What a case says of the ways of applying; only that is worked out."""
    expected = day["expected"]
    found: dict[str, Any] = {}
    if "without_rows" in expected:
        found["without_rows"] = not_asked_for(plan)
    if "failed_by_records" in expected:
        found["failed_by_records"] = failed_by_records(plan)
    if "failed_by_action" in expected:
        found["failed_by_action"] = failed_by_action(plan, run, day["created"])
    if "drafted" in expected:
        values = drafted(plan)
        found["drafted"] = {word: values.get(word) for word in expected["drafted"]}
    if "row_count" in expected:
        found["row_count"] = sum(len(invoice.schedule_rows) for invoice in plan.invoices)
    return found


def only_named(found: Any, wanted: Any) -> Any:
    """What was found, reduced to the words that the case mentions; other items than wanted stay."""
    if not isinstance(found, list) or not isinstance(wanted, list):
        return found
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
    assert len(CASES) >= 60


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_says_how_its_figures_come_about(path: Path) -> None:
    """Expected values are worked out by hand from the rules that the file names."""
    given = case(path)
    assert len(given["how"]) > 20
    assert given["rules"]


def test_every_reason_has_a_case() -> None:
    """Each reason of the closed list is expected by at least one case."""
    expected = {
        told["reason"]
        for path in CASES
        for day in case(path)["days"]
        for kind in ("skipped", "without_rows", "failed_by_records", "failed_by_action")
        for told in day["expected"].get(kind, ())
    }
    assert {str(reason) for reason in Reason} == expected


def test_every_rule_of_lines_and_transactions_has_a_case() -> None:
    """Each numbered rule on lines, transactions and invoices is named by at least one case."""
    named_rules = {rule for path in CASES for rule in case(path)["rules"]}
    wanted = {f"L{number}" for number in range(1, 9)}
    wanted |= {f"T{number}" for number in range(1, 10)} | {f"G{number}" for number in range(1, 9)}
    assert wanted <= named_rules
