"""The emulator's reader of pulled snapshots, on lines written by hand from docs/snapshot.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.emulator.ownership import open_emulator
from connector.emulator.seed.snapshot_file import SnapshotError, parse_snapshot
from tests.emulator.platform.world import World

ID = "6f2d2f3e-0f0b-4d0e-9a0b-1d8f3c1f7a1{}"
USER, BATCH_JOB, DEFINITION, ACTIVATION, JOB, CONTRACT, LINE, ACTUAL = (ID.format(n) for n in range(8))
HEADER: dict[str, Any] = {
    "projops_snapshot": 1,
    "now": "2026-03-01T12:00:00Z",
    "caller": USER,
    "has_values": False,
    "rules": {},
}
ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("systemuser", {"systemuserid": USER, "fullname": "User 1", "isdisabled": False}),
    ("usersettings", {"systemuserid": USER, "timezonecode": 4}),  # Pacific: eight hours behind
    ("workflow", {"workflowid": DEFINITION, "name": "ProcessRunCaller", "type": 1, "statecode": 1}),
    ("workflow", {"workflowid": ACTIVATION, "name": "ProcessRunCaller", "type": 2, "statecode": 1}),
    ("msdyn_batchjob", {"msdyn_batchjobid": BATCH_JOB, "msdyn_name": "create invoices"}),
    (
        "asyncoperation",
        {
            "asyncoperationid": JOB,
            "name": "ProcessRunCaller",
            "operationtype": 10,
            "statecode": 1,
            "statuscode": 10,
            "postponeuntil": "2026-02-28T06:00:00Z",
            "workflowactivationid": ACTIVATION,
            "regardingobjectid": BATCH_JOB,
            "ownerid": USER,
        },
    ),
    ("salesorder", {"salesorderid": CONTRACT, "name": "Contract 1", "msdyn_ordertype": 192350001}),
    ("salesorderdetail", {"salesorderdetailid": LINE, "salesorderid": CONTRACT}),
    (
        "msdyn_actual",
        {
            "msdyn_actualid": ACTUAL,
            "msdyn_amount": "1234.5600",
            "msdyn_documentdate": "2026-02-27",
            "?not_to_exceed_status": 192350001,
        },
    ),
)


def lines(*rows: tuple[str, dict[str, Any]], header: dict[str, Any] | None = None) -> list[bytes]:
    content: list[dict[str, Any]] = [header or HEADER]
    content += [{"table": table, "row": row} for table, row in rows]
    content.append({"end": True, "rows": len(rows), "unread": {}})
    return [json.dumps(one).encode() + b"\n" for one in content]


def test_rows_written_by_hand_are_played() -> None:
    """Clock, rows, exact amounts, roles; a plain day is a day in the zone of whoever pulled."""
    with open_emulator(None, played=parse_snapshot("x", lines(*ROWS))) as emulator:
        world = World(emulator)
        assert world.now.isoformat() == "2026-03-01T12:00:00+00:00"
        actual = world.row("msdyn_actuals", ACTUAL)
        assert str(actual["msdyn_amount"]) == "1234.5600"
        assert actual["msdyn_documentdate"] == "2026-02-27T08:00:00Z"
        assert actual["emu_nottoexceedstatus"] == 192350001
        assert {row["name"] for row in world.rows("workflows")} == {"ProcessRunCaller"}
        world.session.close()


def test_a_timer_that_had_not_fired_does_not_fire_here() -> None:
    """It waits however long the clock moves; resumed by hand it goes on."""
    with open_emulator(None, played=parse_snapshot("x", lines(*ROWS))) as emulator:
        world = World(emulator)
        world.advance(days=2)
        assert world.row("asyncoperations", JOB)["statecode"] == 1
        world.patch("asyncoperations", JOB, {"statecode": 0, "statuscode": 0})
        assert world.row("asyncoperations", JOB)["statecode"] == 3
        world.session.close()


def test_a_timer_that_is_running_goes_on() -> None:
    """What was to wake up after the snapshot wakes up here, at its own time."""
    rows = [(table, dict(row)) for table, row in ROWS]
    rows[5][1]["postponeuntil"] = "2026-03-01T18:00:00Z"
    with open_emulator(None, played=parse_snapshot("x", lines(*rows))) as emulator:
        world = World(emulator)
        world.advance(hours=5)
        assert world.row("asyncoperations", JOB)["statecode"] == 1
        world.advance(hours=2)
        assert world.row("asyncoperations", JOB)["completedon"] == "2026-03-01T18:00:00Z"
        world.session.close()


WRONG: tuple[tuple[list[bytes], str], ...] = (
    ([], "its last line is missing"),
    ([b"{}\n"], "is no snapshot of an environment"),
    ([b"no JSON\n"], "line 1: it is not JSON"),
    ([b"[]\n"], "line 1: it is no object"),
    (lines(*ROWS)[:-1], "its last line is missing"),
    ([*lines(*ROWS)[:3], lines(*ROWS)[-1]], "9 rows were written, 2 are there"),
    (lines(header=HEADER | {"projops_snapshot": 2}), "has the format 2"),
    (lines(header=HEADER | {"now": "yesterday"}), "line 1: a header needs"),
    (lines(header=HEADER | {"rules": {"x": "y"}}), "line 1: a header needs"),
    ([lines()[0], b'{"table": 1}\n', lines()[-1]], "line 2: a row needs"),
    (lines(("nosuchtable", {"id": ID})), "line 2: the emulator has no table nosuchtable"),
    (lines(("account", {"nosuchcolumn": 1})), "line 2: the emulator's account has no column nosuchcolumn"),
    (lines(("account", {"?nosuchrole": 1})), "line 2: the emulator's account has no column ?nosuchrole"),
    (lines(("?nosuchtable", {"?id": ID})), "line 2: the emulator has no table ?nosuchtable"),
    (lines(("account", {"name": 5})), "line 2: name: 5 is no str"),
    (lines(("msdyn_actual", {"msdyn_amount": 1.5})), "line 2: msdyn_amount: 1.5 is no str"),
    (lines(("msdyn_actual", {"msdyn_amount": "NaN"})), "line 2: msdyn_amount: 'NaN' is no number"),
    (lines(("msdyn_actual", {"msdyn_documentdate": "soon"})), "line 2: msdyn_documentdate"),
)


@pytest.mark.parametrize(("content", "sentence"), WRONG)
def test_what_is_no_snapshot_is_refused_with_its_line(
    tmp_path: Path, content: list[bytes], sentence: str
) -> None:
    """Each has its sentence and, where there is one, its line; no state file is made."""
    path = tmp_path / "state.db"
    with pytest.raises(SnapshotError) as error:
        open_emulator(path, played=parse_snapshot("x", content))
    assert sentence in str(error.value)
    assert list(tmp_path.iterdir()) == []
