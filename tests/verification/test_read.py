"""Reading the evidence over real HTTP, and what the checks make of the emulator's sample data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import responses

from connector.errors import SettingsError
from connector.model.invoicing_rules import ContractStates, InvoicingRules
from connector.verification.checks import ALL_CHECKS, needs_of, select
from connector.verification.evidence import Backlog, Evidence, Need, Starter, known
from connector.verification.finding import Outcome
from connector.verification.read import OF_CONTRACTS, read_evidence
from connector.verification.tally import MOST_NAMED
from connector.verification.verify import Report, verify
from tests.verification.conftest import World

GROUPS_OF_THE_JOB = ("ENV", "JOB", "WF", "RUN")


def never(seconds: float) -> None:
    raise AssertionError(f"slept {seconds} s")


def evidence_of(world: World, rules: InvoicingRules | None = None) -> Evidence:
    return read_evidence(world.client, world.tables, sleep=never, rules=rules)


def outcomes(report: Report) -> dict[str, Outcome]:
    return {check.code: outcome for check, outcome, _ in report.by_check()}


def messages(report: Report, code: str) -> list[str]:
    return [item.finding.message for item in report.results if item.check.code == code]


@contextmanager
def answered(world: World, path: str, status: int) -> Iterator[None]:
    """Everything goes to the emulator, but the tables whose set matches `path` are answered with an error."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        mocked.add_passthru("https://127.0.0.1")
        body = {"error": {"code": "0x80040220", "message": f"Principal user is missing prvRead: {path}"}}
        mocked.add(
            "GET", re.compile(rf"{world.client.url}/api/data/v9\.2/{path}\b.*"), json=body, status=status
        )
        yield


def test_before_provisioning_the_missing_job_is_what_fails(world: World) -> None:
    """In a fresh environment JOB01 fails, the checks of the job do not apply, and nothing is unknown."""
    found = outcomes(verify(evidence_of(world)))
    assert found["JOB01"] is Outcome.FAIL
    assert {found[f"JOB0{number}"] for number in range(2, 8)} == {Outcome.NOT_APPLICABLE}
    assert {found[f"RUN0{number}"] for number in range(1, 6)} == {Outcome.NOT_APPLICABLE}
    unknown = [code for code, outcome in found.items() if outcome is Outcome.UNKNOWN]
    assert unknown == ["MIL06"], "which lines are billed by progress only a setting tells"


def test_after_provisioning_the_checks_of_job_workflows_and_run_pass(world: World) -> None:
    """Once the job is there and sleeps, no check of the job, its workflows or its run finds anything."""
    world.provision()
    report = verify(evidence_of(world), select(only=GROUPS_OF_THE_JOB))
    assert set(outcomes(report).values()) == {Outcome.PASS, Outcome.NOT_APPLICABLE}
    assert report.exit_code == 0


def test_a_day_later_nothing_is_left_out(world: World) -> None:
    """After its first run every check of the job applies and passes."""
    world.provision()
    world.emulator.move_clock(datetime(2020, 10, 5, 7, tzinfo=UTC))
    report = verify(evidence_of(world), select(only=GROUPS_OF_THE_JOB))
    assert set(outcomes(report).values()) == {Outcome.PASS}


def test_what_the_sample_has_wrong_on_purpose_is_named(world: World) -> None:
    """The line without a schedule, the missed run date and the milestone that is not ready are found."""
    world.emulator.move_clock(datetime(2020, 10, 5, 7, tzinfo=UTC))
    report = verify(evidence_of(world))
    assert ["Tailspin" in text for text in messages(report, "SCH02")] == [True]
    assert ["2020-09-28" in text and "Proseware" in text for text in messages(report, "SCH05")] == [True]
    assert ["Portal accepted" in text for text in messages(report, "MIL03")] == [True]
    assert outcomes(report)["MIL01"] is Outcome.PASS


def missed(world: World, rules: InvoicingRules | None = None) -> list[str]:
    return messages(verify(evidence_of(world, rules), select(only=["SCH05"])), "SCH05")


def test_missed_run_dates_are_those_of_contracts_that_the_job_takes(world: World) -> None:
    """After the run date without a run, rows of lost contracts and of those on hold are not called missed."""
    world.emulator.move_clock(datetime(2020, 10, 6, 1, tzinfo=UTC))
    text = " ".join(missed(world))
    assert "Adatum" in text
    assert "draft" in text
    assert "lost" not in text
    assert "on hold" not in text


def test_draft_contracts_count_only_where_the_rules_take_them(world: World) -> None:
    """With contract_states = confirmed a draft's run date is not missed."""
    world.emulator.move_clock(datetime(2020, 10, 6, 1, tzinfo=UTC))
    rules = InvoicingRules(contract_states=ContractStates.CONFIRMED)
    assert not any("draft" in text for text in missed(world, rules))


def test_what_is_wrong_many_times_is_counted_exactly_and_named_in_part(world: World) -> None:
    """Of more lines than are named each is counted, and nobody can accept the unnamed ones beforehand."""
    extra = 200
    with world.emulator.store.transaction() as tx:
        contract = next(row for row in tx.find("salesorder", {}) if "Adatum" in str(row["name"]))
        for number in range(MOST_NAMED + extra):
            values = {
                "salesorderid": contract["salesorderid"],
                "salesorderdetailname": f"Line {number}",
                "producttypecode": 5,
                "msdyn_billingmethod": 192350000,
            }
            tx.insert("salesorderdetail", values)
    report = verify(evidence_of(world), select(only=["SCH02"]))
    *named, rest = [item.finding for item in report.results]
    assert len(named) == MOST_NAMED
    assert rest.more == extra + 1, "with the line that the sample has"
    assert rest.record is None


def test_a_run_date_counts_as_missed_only_when_its_day_is_over(world: World) -> None:
    """On the run date itself nothing is missed; in a zone where it is still yesterday even a day later."""
    world.emulator.move_clock(datetime(2020, 10, 5, 23, tzinfo=UTC))
    assert not any("2020-10-05" in text for text in missed(world))
    world.emulator.move_clock(datetime(2020, 10, 6, 1, tzinfo=UTC))
    assert any("2020-10-05" in text for text in missed(world))
    evidence = evidence_of(world, InvoicingRules(time_zone="America/New_York"))
    assert known(evidence.today).day == date(2020, 10, 5)


def test_a_milestone_that_is_not_ready_is_no_missed_run(world: World) -> None:
    """A past row that stands for a milestone which is not ready is MIL03's business alone."""
    world.emulator.move_clock(datetime(2020, 10, 7, 1, tzinfo=UTC))
    report = verify(evidence_of(world), select(only=["SCH05", "MIL03"]))
    assert not any("milestone not ready" in text for text in messages(report, "SCH05"))
    assert ["Portal accepted" in text for text in messages(report, "MIL03")] == [True]


@pytest.mark.parametrize("kept", ["msdyn_invoicedate", "msdyn_milestonedate"])
def test_a_milestone_with_one_of_its_two_dates_is_due_by_that(world: World, kept: str) -> None:
    """The day may stand in either column; a milestone without the other is not passed over."""
    world.emulator.move_clock(datetime(2020, 10, 7, 1, tzinfo=UTC))
    with world.emulator.store.transaction() as tx:
        (row,) = tx.find("msdyn_contractlinescheduleofvalue", {"msdyn_name": "Portal accepted"})
        dropped = {"msdyn_invoicedate", "msdyn_milestonedate"} - {kept}
        id = str(row["msdyn_contractlinescheduleofvalueid"])
        tx.update("msdyn_contractlinescheduleofvalue", id, dict.fromkeys(dropped))
    report = verify(evidence_of(world), select(only=["MIL03"]))
    assert ["Portal accepted" in text for text in messages(report, "MIL03")] == [True]


@pytest.mark.parametrize("shape", ["jobs", "steps"])
def test_a_stalled_chain_is_found_in_either_shape(world: World, shape: str) -> None:
    """A timer that passes without waking fails RUN03, whichever way Sleep and Process are shown."""
    world.emulator.change_switches(job_shape=shape)
    world.provision()
    world.emulator.change_switches(stalls_timers=True)
    world.emulator.advance_clock(timedelta(days=3))
    found = outcomes(verify(evidence_of(world), select(only=["RUN"])))
    assert (found["RUN01"], found["RUN02"]) == (Outcome.PASS, Outcome.PASS)
    assert found["RUN03"] is Outcome.FAIL


def test_the_starter_is_judged_with_roles_and_privileges(running_world: World) -> None:
    """As whom the job runs, with which roles and privileges, is read from the live chain."""
    starter = evidence_of(running_world).starter
    assert isinstance(starter, Starter)
    assert starter.is_live
    assert starter.owner.id == running_world.client.who_am_i().user_id
    assert starter.owner.roles
    assert isinstance(starter.privileges, frozenset)
    assert "prvCreateInvoice" in starter.privileges


def test_a_privilege_that_was_taken_away_is_named(world: World) -> None:
    """Without a privilege to read ENV04 names it, and the table that it opens."""
    world.emulator.change_privileges({"take": ["prvReadmsdyn_actual"]})
    found = verify(evidence_of(world), select(only=["ENV04"]))
    assert [item.finding.evidence for item in found.results] == [
        {"privilege": "prvReadmsdyn_actual", "table": "msdyn_actual"}
    ]


def test_system_jobs_that_wait_for_a_worker_are_a_backlog(world: World) -> None:
    """Ready jobs count once they have waited longer than usual, the oldest first."""
    with world.emulator.store.transaction() as tx:
        for hours in (3, 5, 0):
            at = tx.now - timedelta(hours=hours)
            tx.insert("asyncoperation", {"name": "x", "statecode": 0, "statuscode": 0, "createdon": at})
    assert evidence_of(world).backlog == Backlog(
        2, is_more=False, oldest=world.client.now - timedelta(hours=5)
    )


def test_two_chains_are_several_after_a_second_look(world: World) -> None:
    """Two live chains fail RUN01, each named, once a second look has seen them too (rule J8)."""
    pauses: list[float] = []
    world.provision()
    world.emulator.advance_clock(timedelta(hours=2))
    world.emulator.duplicate_chain()
    checks = select(only=["RUN01"])
    evidence = read_evidence(world.client, world.tables, sleep=pauses.append, needs=needs_of(checks))
    report = verify(evidence, checks)
    assert [item.finding.outcome for item in report.results] == [Outcome.FAIL, Outcome.FAIL]
    assert pauses == [InvoicingRules().settle_s]


def test_a_workflow_in_draft_is_named(world: World) -> None:
    """A deactivated workflow fails WF01 with its name and its state."""
    with world.emulator.store.transaction() as tx:
        for item in tx.find("workflow", {"name": "ProcessRunner"}):
            tx.update("workflow", str(item["workflowid"]), {"statecode": 0, "statuscode": 1})
    report = verify(evidence_of(world), select(only=["WF01"]))
    assert any("ProcessRunner" in text and "Draft" in text for text in messages(report, "WF01"))


OF_PROGRESS = {Need.PROGRESS}
"""Unknown until the setting progress_schedule_type is given."""
OF_THE_CHAIN = {Need.CHAIN, Need.STARTER, Need.UTILIZATION_JOBS}


@pytest.mark.parametrize(
    ("path", "unread"),
    [
        ("solutions", {Need.SOLUTIONS}),
        ("msdyn_batchjobs", {Need.BATCH_JOBS, *OF_THE_CHAIN}),
        ("asyncoperations", {Need.BACKLOG, *OF_THE_CHAIN}),
        ("workflows", {Need.WORKFLOWS, Need.OWNERS, Need.APPROVAL_FLOWS, *OF_THE_CHAIN}),
        ("salesorderdetails", {*OF_CONTRACTS}),
        ("msdyn_contractlineinvoiceschedules", {Need.SCHEDULE_ROWS}),
        ("msdyn_contractlinescheduleofvalues", {Need.MILESTONES}),
        ("msdyn_actuals", {Need.ACTUALS}),
        ("invoices", {Need.INVOICES, Need.INVOICE_SOURCES}),
        ("msdyn_transactionconnections", {Need.INVOICE_SOURCES}),
        ("pricelevels", {Need.PRICE_LISTS}),
        ("msdyn_timeentries", {Need.WAITING}),
        ("timezonedefinitions", {Need.TODAY}),
    ],
)
def test_a_table_that_may_not_be_read_makes_exactly_its_checks_unknown(
    running_world: World, path: str, unread: set[Need]
) -> None:
    """A 403 on one table leaves the others read, and its checks are unknown with the platform's words."""
    with answered(running_world, path, 403):
        evidence = evidence_of(running_world)
    assert {need for need in Need if evidence.unread(need)} == unread | OF_PROGRESS
    found = outcomes(verify(evidence))
    unknown = {code for code, outcome in found.items() if outcome is Outcome.UNKNOWN}
    assert unknown == {check.code for check in ALL_CHECKS if (unread | OF_PROGRESS) & set(check.needs)}


def test_a_missing_table_is_said_without_asking_for_it(running_world: World) -> None:
    """A table that the environment does not have makes its checks unknown by name."""
    tables = replace(running_world.tables, absent=running_world.tables.absent | {"milestone"})
    evidence = read_evidence(running_world.client, tables, sleep=never)
    reason = evidence.unread(Need.MILESTONES)
    assert reason is not None
    assert "msdyn_contractlinescheduleofvalue" in reason.reason


def test_only_what_is_needed_is_asked_for(running_world: World) -> None:
    """The checks of the environment read neither the job nor contract lines."""
    checks = select(only=["ENV"])
    evidence = read_evidence(running_world.client, running_world.tables, sleep=never, needs=needs_of(checks))
    assert evidence.unread(Need.CONTRACTS) is not None
    assert evidence.unread(Need.CHAIN) is not None
    assert verify(evidence, checks).exit_code == 0


def test_the_setting_of_the_zone_outranks_the_user(running_world: World) -> None:
    """time_zone decides which day it is, whatever the user's settings say (rule L7)."""
    today = known(evidence_of(running_world, InvoicingRules(time_zone="Pacific/Kiritimati")).today)
    assert (today.day, today.zone) == (date(2020, 10, 6), ZoneInfo("Pacific/Kiritimati"))
    today = known(evidence_of(running_world, InvoicingRules(time_zone="Pacific/Pago_Pago")).today)
    assert today.day == date(2020, 10, 5)


def test_a_zone_that_is_none_is_an_error_with_the_value(running_world: World) -> None:
    """A wrong time_zone is one clear error, not an unknown check."""
    with pytest.raises(SettingsError, match="Europe/Atlantis"):
        evidence_of(running_world, InvoicingRules(time_zone="Europe/Atlantis"))
