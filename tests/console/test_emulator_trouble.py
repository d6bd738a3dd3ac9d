"""`projops emulator fault`, `limits` and `requests`, and the control endpoint below them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from connector.emulator.ownership import OpenEmulator
from connector.emulator.trouble import Cut, Rule, Slow, Sql, Status, Throttle
from tests.console.outputs import Projops


def control(emulator: OpenEmulator, method: str, path: str, body: Any = None) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{emulator.control_url}/{path}", json=body)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (
            "cut --moment after --method PATCH --nth 3",
            Rule(fault=Cut(moment="after"), method="PATCH", start=3, times=1),
        ),
        ("cut --reset", Rule(fault=Cut(is_reset=True))),
        (
            "throttle --limit time --retry-after date:-10 --decimal --probability 0.5 --seed 7",
            Rule(
                fault=Throttle(limit="time", retry_after_s=-10, retry_after_form="date", is_decimal=True),
                probability=0.5,
                seed=7,
            ),
        ),
        (
            "throttle --retry-after none --place batch-item",
            Rule(fault=Throttle(retry_after_s=None), place="batch_item"),
        ),
        (
            "status --status 504 --body json --code 0x8005F104 --after-effect --path accounts* --every 2",
            Rule(
                fault=Status(status=504, body="json", code="0x8005F104", is_after=True),
                path="accounts*",
                every=2,
            ),
        ),
        ("sql --problem lock --status 503 --start 2", Rule(fault=Sql(problem="lock", status=503), start=2)),
        (
            "status --status 429 --retry-after 4 --place token",
            Rule(fault=Status(status=429, retry_after_s=4), place="token"),
        ),
    ],
)
def test_options_become_a_rule(projops: Projops, emulator: OpenEmulator, options: str, rule: Rule) -> None:
    """What is not said has the rule's own default."""
    done = projops("emulator", "fault", "add", *options.split())
    assert done.code == 0, done.err
    assert [one.rule for one in emulator.trouble.standing()] == [rule]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("cut --status 503", "status"),
        ("throttle --retry-after soon", "--retry-after"),
        ("throttle --retry-after day:1", "--retry-after"),
        ("throttle --retry-after -5", "retry_after_form"),
        ("cut --nth 3 --times 2", "--nth"),
        ("cut --place token --probability 2", "probability"),
        ("sql --place token", "place token"),
    ],
)
def test_a_fault_that_cannot_be_is_wrong_usage(
    projops: Projops, emulator: OpenEmulator, options: str, said: str
) -> None:
    """Exit 2, a sentence that names what is wrong, and no rule."""
    refused = projops("emulator", "fault", "add", *options.split())
    assert refused.code == 2
    assert said in refused.err
    assert emulator.trouble.standing() == ()


def test_faults_are_listed_and_cleared(projops: Projops, emulator: OpenEmulator) -> None:
    """list shows each rule with its counts, clear ends one or all; -o json is what the endpoint says."""
    assert projops("emulator", "fault", "list").out == "No faults.\n"
    projops("emulator", "fault", "add", "cut", "--times", "1")
    done = projops("emulator", "fault", "add", "slow", "--body-s", "0.5", "-o", "json")
    assert done.json == control(emulator, "GET", "faults").json()
    first, second = (one["id"] for one in done.json["faults"])
    listed = projops("emulator", "fault", "list").out
    assert f"{first}: cut moment=before" in listed
    assert "matched 0, struck 0" in listed
    assert projops("emulator", "fault", "clear", first).out.startswith(f"{second}: slow")
    assert projops("emulator", "fault", "clear", first).code == 2
    assert projops("emulator", "fault", "clear").out == "No faults.\n"


def test_limits_are_shown_and_changed(projops: Projops, emulator: OpenEmulator) -> None:
    """Without options nothing changes; a hint of none is no header; nonsense exits 2."""
    assert projops("emulator", "limits", "-o", "json").json["is_on"] is False
    changed = projops(
        "emulator", "limits", "--on", "--requests", "5", "--window-s", "2.5", "--dop-hint", "none"
    )
    assert "is_on=true" in changed.out
    limits = emulator.trouble.limits
    assert (limits.is_on, limits.requests, limits.window_s, limits.dop_hint) == (True, 5, 2.5, None)
    assert projops("emulator", "limits", "--off").code == 0
    assert not emulator.trouble.limits.is_on
    assert projops("emulator", "limits", "--requests", "0").code == 2
    assert projops("emulator", "limits", "--dop-hint", "many").code == 2


def test_what_was_received_is_shown(projops: Projops, emulator: OpenEmulator) -> None:
    """In order, with what became of each request and what struck it; --forget begins anew."""
    emulator.trouble.add(Rule(fault=Slow(), start=2, times=1))
    assert projops("status").code == 0
    shown = projops("emulator", "requests").out
    assert "POST" in shown
    assert "(token): 200, took effect\n" in shown
    assert "(web_api): 200, took effect, slow\n" in shown
    found = projops("emulator", "requests", "-o", "json").json["requests"]
    assert [one["number"] for one in found] == list(range(1, len(found) + 1))
    assert projops("emulator", "requests", "--forget").out == "Nothing was received.\n"


def test_trouble_wants_an_emulator_that_runs(projops: Projops, tmp_path: Path) -> None:
    """A file that nobody serves cannot have faults: exit 1, and how to serve it."""
    projops("emulator", "seed", "s.db", "--seed", "none")
    refused = projops("emulator", "fault", "add", "cut", "--at", "s.db")
    assert refused.code == 1
    assert "projops emulator serve s.db" in refused.err
    assert projops("emulator", "fault", "list").code == 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "faults", {"fault": {"kind": "rain"}}),
        ("POST", "faults", []),
        ("POST", "limits", {"requests": -1}),
        ("POST", "limits", {"request": 1}),
        ("DELETE", "faults/7", None),
        ("DELETE", "faults/x", None),
    ],
)
def test_the_endpoint_refuses_what_cannot_be(
    emulator: OpenEmulator, method: str, path: str, body: object
) -> None:
    """400 with one sentence, and nothing changes."""
    before = emulator.trouble.limits
    answer = control(emulator, method, path, body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert (emulator.trouble.limits, emulator.trouble.standing()) == (before, ())


def test_the_endpoint_knows_its_methods(emulator: OpenEmulator) -> None:
    """What a path does not do is 405, an unknown path 404."""
    assert control(emulator, "DELETE", "limits").status_code == 405
    assert control(emulator, "POST", "requests", {}).status_code == 405
    assert control(emulator, "GET", "fault").status_code == 404
