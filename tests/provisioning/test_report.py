"""The plan as people and programs see it."""

from __future__ import annotations

import json

from connector.job.refusal import Refusal
from connector.provisioning.apply import Applied
from connector.provisioning.change import Change, ChangeAction, FieldChange, Plan
from connector.provisioning.report import as_json, as_text

UPDATE = Change(
    ChangeAction.UPDATE,
    "msdyn_batchjob",
    "b1",
    "Create Invoices",
    (FieldChange("msdyn_frequency", 1, 0), FieldChange("msdyn_isactive", None, True)),
)
START = Change(ChangeAction.START, "workflow", "w1", "ProcessRunCaller")


def _plan(*changes: Change, refusals: tuple[Refusal, ...] = ()) -> Plan:
    return Plan(changes, refusals, "ProcessRunCaller", "d1", notes=("As Ada.",))


def test_an_update_shows_old_and_new() -> None:
    """A reader sees what changes from what into what, in Dataverse's words and in people's."""
    text = "\n".join(as_text(_plan(UPDATE, START)))
    assert "~ update" in text
    assert "msdyn_frequency  Monthly (1) -> Daily (0)" in text
    assert "msdyn_isactive   (none) -> Yes" in text
    assert "> start     workflow  'ProcessRunCaller'" in text
    assert "1 to update, 1 to start" in text


def test_an_empty_plan_says_no_changes() -> None:
    """Nothing to do is said in two words."""
    assert list(as_text(_plan()))[-1] == "No changes."


def test_a_refusal_shows_the_way_out() -> None:
    """Who is refused is told what to do."""
    text = "\n".join(as_text(_plan(refusals=(Refusal("Two records match.", "Deactivate one."),))))
    assert "Refused" in text
    assert "Deactivate one." in text


def test_json_has_the_documented_members() -> None:
    """Programs find changes, digest, applied and refused."""
    result = as_json(_plan(UPDATE), Applied((UPDATE,)))
    assert json.loads(json.dumps(result)) == {
        "changes": [
            {
                "action": "update",
                "table": "msdyn_batchjob",
                "id": "b1",
                "name": "Create Invoices",
                "fields": {
                    "msdyn_frequency": {"old": 1, "new": 0},
                    "msdyn_isactive": {"old": None, "new": True},
                },
            }
        ],
        "digest": "d1",
        "applied": True,
        "refused": [],
    }


def test_what_was_stopped_on_its_way_is_not_applied() -> None:
    """A start that somebody else took is refused, not applied."""
    result = as_json(_plan(START), Applied(refused=(Refusal("Somebody else.", "Again."),)))
    assert result["applied"] is False
    assert result["refused"] == [{"message": "Somebody else.", "hint": "Again."}]
