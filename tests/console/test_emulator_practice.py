"""`projops emulator switches`, `duplicate-chain` and `privileges`, and the exercise of docs/support.md."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec
import pytest

from connector.emulator.ownership import OpenEmulator
from connector.emulator.platform.switches import JobShape, Switches, read_switches
from tests.console.outputs import Projops

SUPPORT = (Path(__file__).parents[2] / "docs" / "support.md").read_text("utf-8")


def switches_of(emulator: OpenEmulator) -> Switches:
    with emulator.store.snapshot() as tx:
        return read_switches(tx)


def test_every_switch_has_an_option(projops: Projops, emulator: OpenEmulator) -> None:
    """All switches can be turned, those that were not named stay, and without options all are shown."""
    contract = "3d7a0a52-0000-4000-8000-000000000001"
    done = projops(
        *("emulator", "switches", "--stalls-timers", "--doubles-same-run-date", "--no-catches-up"),
        *("--no-serialising-action", "--update-release-55", "--job-shape", "steps"),
        *("--run-duration-s", "90", "--purges-after-days", "0", "--failing-contract", contract),
    )
    assert done.code == 0, done.err
    assert switches_of(emulator) == Switches(
        job_shape=JobShape.STEPS,
        run_duration_s=90,
        is_action_serialising=False,
        catches_up=False,
        stalls_timers=True,
        doubles_same_run_date=True,
        is_update_release_55=True,
        purges_after_days=0,
        failing_contracts=(contract,),
    )
    projops("emulator", "switches", "--failing-contract", "none")
    shown = projops("emulator", "switches").out
    assert [line.partition("=")[0] for line in shown.splitlines()] == [
        item.name for item in msgspec.structs.fields(Switches)
    ]
    assert "failing_contracts=[]" in shown
    assert "stalls_timers=true" in shown
    assert projops("emulator", "switches", "-o", "json").json["run_duration_s"] == 90


def test_a_switch_that_cannot_be_is_wrong_usage(projops: Projops, emulator: OpenEmulator) -> None:
    """Exit 2 with the switch and the value, and nothing changes."""
    refused = projops("emulator", "switches", "--run-duration-s", "-1")
    assert refused.code == 2
    assert "run_duration_s = -1" in refused.err
    assert switches_of(emulator) == Switches()


def test_privileges_are_taken_and_given_back(projops: Projops, emulator: OpenEmulator) -> None:
    """What was taken makes checks unknown, which verify says; a name that is none exits 2."""
    assert projops("emulator", "privileges", "--take", "prvReadInvoice").out == "taken: prvReadInvoice\n"
    told = projops("verify", "--only", "INV", "-o", "json").json
    assert told["missing_privileges"] == [
        {"privilege": "prvReadInvoice", "table": "invoice", "checks": ["INV01", "INV02", "INV03"]}
    ]
    projops("emulator", "privileges", "--give", "prvReadInvoice")
    assert projops("verify", "--only", "INV", "-o", "json").json["missing_privileges"] == []
    assert "prvReadInvoice" in projops("emulator", "privileges").out.splitlines()
    refused = projops("emulator", "privileges", "--take", "prvReadNothing")
    assert refused.code == 2
    assert "prvReadNothing" in refused.err
    assert projops("emulator", "privileges", "--user", "nobody").code == 2


def exercise(heading: str) -> list[list[str]]:
    """The commands below a heading of docs/support.md, as words."""
    block = SUPPORT.partition(heading)[2].partition("```\n")[2].partition("```")[0]
    lines = (line.partition("  #")[0].strip() for line in block.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("projops ")]


def test_the_stall_of_the_manual_can_be_practised(projops: Projops, emulator: OpenEmulator) -> None:
    """The exercise leads from nothing to a job that stalls, and to one that runs again, as it says."""
    said = []
    for words in exercise("## 7. Practise it"):
        done = projops(*words)
        assert done.code == 0, (words, done.err)
        if words[0] == "status":
            said.append(done.out.partition(":")[0])
    assert said == ["Stalled", "Healthy"]


def test_a_second_chain_can_be_practised(projops: Projops, emulator: OpenEmulator) -> None:
    """A second chain makes several of them, and the one that --cancel names leaves one."""
    projops("provision", "--apply")
    begun = projops("emulator", "duplicate-chain")
    found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", begun.out)
    assert found is not None
    assert projops("status", "-o", "json").json["health"] == "several_chains"
    assert projops("rerun", "--apply", "--cancel", found.group()).code == 0
    assert projops("status", "-o", "json").json["health"] == "sleeping"


@pytest.mark.parametrize("heading", ["## 7. Practise it"])
def test_an_exercise_is_not_empty(heading: str) -> None:
    """The commands are found, so that the test above runs them."""
    assert len(exercise(heading)) > 5
