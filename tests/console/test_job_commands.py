"""provision, status, rerun and verify against the emulator, over real HTTP."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops, check, lines_of, schema_of

pytestmark = pytest.mark.usefixtures("emulator")
DAY = timedelta(days=1)


def test_a_plan_alone_changes_nothing(projops: Projops) -> None:
    """Without --apply provision shows its plan twice alike; --detailed-exitcode then says 3."""
    first = projops("provision")
    assert first.code == 0
    assert "msdyn_batchjob" in first.out
    assert "--apply" in first.err
    second = projops("provision", "--detailed-exitcode")
    assert second.code == 3
    assert second.out == first.out


def test_apply_then_apply_again(projops: Projops) -> None:
    """The first --apply creates and starts, the second finds nothing to do."""
    first = projops("provision", "--apply", "-o", "json")
    assert first.code == 0
    assert first.json["applied"] is True
    assert [change["action"] for change in first.json["changes"]] == ["create", "start"]
    second = projops("provision", "--apply", "-o", "json", "--detailed-exitcode")
    assert second.code == 0
    assert second.json["changes"] == []


def test_another_plan_than_the_reviewed_one_is_refused(projops: Projops) -> None:
    """A digest that is not the plan's exits 4 and changes nothing; the plan's own digest goes through."""
    plan = projops("provision", "-o", "json").json
    stale = projops("provision", "--apply", "--digest", "0" * 64)
    assert stale.code == 4
    assert plan["digest"] in stale.err
    assert projops("status", "-o", "json").json["health"] == "never_provisioned"
    assert projops("provision", "--apply", "--digest", plan["digest"]).code == 0


def test_the_flag_chooses_the_workflow(projops: Projops) -> None:
    """--start-with wins over the default, and a workflow that starts no job is wrong usage."""
    plan = projops("provision", "--start-with", "ProcessRunner", "-o", "json").json
    assert plan["changes"][-1]["name"] == "ProcessRunner"
    wrong = projops("provision", "--start-with", "Runner")
    assert wrong.code == 2
    assert "ProcessRunCaller" in wrong.err


def test_status_says_3_only_when_it_is_asked_to_check(projops: Projops) -> None:
    """status exits 0 whenever it could tell; with --check an unhealthy job exits 3, a healthy one 0."""
    assert projops("status").code == 0
    assert projops("status", "--check").code == 3
    projops("provision", "--apply")
    healthy = projops("status", "--check")
    assert healthy.code == 0
    assert "2020-10-04 06:00" in healthy.out


def test_a_healthy_job_is_not_started_again(projops: Projops) -> None:
    """rerun beside a live chain exits 4, with or without --apply, and starts nothing."""
    projops("provision", "--apply")
    before = projops("status", "-o", "json").json["chain"]
    for options in ((), ("--apply",)):
        refused = projops("rerun", *options, "-o", "json")
        assert refused.code == 4
        assert refused.json["applied"] is False
        assert refused.json["refused"]
    assert projops("status", "-o", "json").json["chain"] == before


def test_a_canceled_job_is_started_once(projops: Projops, emulator: OpenEmulator) -> None:
    """rerun starts a job whose chain has ended, and refuses to start it a second time."""
    projops("provision", "--apply")
    (job,) = projops("status", "-o", "json").json["chain"]
    with emulator.store.transaction() as tx:
        tx.update("asyncoperation", job["id"], {"statecode": 3, "statuscode": 32})
    plan = projops("rerun", "-o", "json").json
    assert [step["action"] for step in plan["plan"]] == ["start"]
    done = projops("rerun", "--apply", "--digest", plan["digest"], "-o", "json")
    assert (done.code, done.json["applied"]) == (0, True)
    assert projops("rerun", "--apply").code == 4
    assert projops("rerun", "--apply", "--digest", plan["digest"]).code == 4


def test_what_is_no_job_cannot_be_canceled(projops: Projops) -> None:
    """--cancel with an id that is no open system job of the job is wrong usage."""
    projops("provision", "--apply")
    wrong = projops("rerun", "--cancel", "6f0b8c9e-0000-4000-8000-000000000000")
    assert wrong.code == 2
    assert "6f0b8c9e" in wrong.err


def test_verify_finds_the_missing_job_and_then_that_it_is_there(projops: Projops) -> None:
    """Before provisioning JOB01 fails and verify exits 3; afterwards the checks of the job pass."""
    before = projops("verify", "--only", "JOB01", "-o", "json")
    assert before.code == 3
    assert before.json["checks"][0]["outcome"] == "fail"
    projops("provision", "--apply")
    after = projops("verify", "--only", "job", "--skip", "JOB07", "-o", "json")
    assert after.code == 0
    codes = {one["code"] for one in after.json["checks"]}
    assert "JOB01" in codes
    assert all(code.startswith("JOB") for code in codes)
    assert "JOB07" not in codes


def test_an_unknown_check_is_wrong_usage(projops: Projops) -> None:
    """A code that names no check exits 2."""
    wrong = projops("verify", "--only", "JOB99")
    assert wrong.code == 2
    assert "JOB99" in wrong.err


def test_the_evidence_of_a_healthy_job_is_told_when_asked_for(projops: Projops) -> None:
    """Text shows the evidence of a job with trouble at once, of a healthy one with --verbose."""
    assert "Evidence" in projops("status").out
    projops("provision", "--apply")
    assert "Evidence" not in projops("status").out
    assert "Evidence" in projops("status", "--verbose").out
    assert projops("status", "-o", "json").json["evidence"]


@pytest.mark.parametrize("command", ["provision", "status", "verify", "rerun", "destroy"])
def test_every_output_fits_its_schema(command: str, projops: Projops, emulator: OpenEmulator) -> None:
    """JSON fits the schema that is shipped, before the job is there, after it was made, and after a run."""
    schema = schema_of(command)
    for _ in range(3):
        found = projops(command, "-o", "json").json
        check(found, schema)
        assert found["environment"] == emulator.url
        projops("provision", "--apply")
        emulator.advance_clock(DAY)


@pytest.mark.parametrize("command", ["provision", "status", "verify", "rerun", "destroy"])
def test_json_lines_say_the_same_as_json(command: str, projops: Projops) -> None:
    """The lines of jsonl carry the envelope, the fields and the items of the json output, and no more."""
    whole = projops(command, "-o", "json").json
    lines = lines_of(projops(command, "-o", "jsonl").out)
    assert lines[0]["kind"] == "envelope"
    assert lines[0]["schema"] == whole["schema"]
    items = [item for value in whole.values() if isinstance(value, list) for item in value]
    found = [{name: one for name, one in line.items() if name != "kind"} for line in lines[1:]]
    lists_in_fields = [value for line in found for value in line.values() if isinstance(value, list)]
    for item in (item for item in items if isinstance(item, dict) and set(item) != {"message", "hint"}):
        assert item in found or any(item in one for one in lists_in_fields)


@pytest.mark.parametrize("command", ["provision", "status", "verify"])
def test_csv_has_rows(command: str, projops: Projops) -> None:
    """CSV is a table with one header, and a row for each item."""
    rows = list(csv.DictReader(io.StringIO(projops(command, "-o", "csv").out)))
    assert rows
    assert all(None not in row for row in rows)


@pytest.mark.parametrize("command", ["provision", "status", "verify"])
def test_quiet_leaves_stderr_empty(command: str, projops: Projops) -> None:
    """With --quiet nothing but the result is said."""
    assert projops(command, "--quiet").err == ""


def test_verbose_shows_the_requests_and_no_secret(projops: Projops, emulator: OpenEmulator) -> None:
    """--verbose logs each request on stderr, keeps stdout to the result, and shows no secret or token."""
    done = projops("status", "--verbose", "-o", "json")
    assert done.json["health"] == "never_provisioned"
    assert "EntityDefinitions" in done.err
    assert emulator.client_secret not in done.err
    assert "Bearer" not in done.err


def test_a_refusal_says_how_the_job_is_once(projops: Projops) -> None:
    """The sentence on the job stands above the refusal, which adds why and what to do instead."""
    projops("provision", "--apply")
    refused = projops("rerun", "--apply")
    assert refused.code == 4
    assert refused.out.count("Healthy: sleeping") == 1
    assert "  - The job goes on by itself: a second start would invoice twice." in refused.out
