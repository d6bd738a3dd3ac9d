"""Each privilege taken away in turn: what verify says of it, and that ENV04 knows every table read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from connector.job.privileges import read_needed_to_read
from connector.verification.checks import ALL_CHECKS
from connector.verification.finding import Outcome, Severity
from connector.verification.formats.azure_devops import as_azure_devops
from connector.verification.formats.github import as_github
from connector.verification.formats.junit import as_junit
from connector.verification.formats.markdown import as_markdown
from connector.verification.formats.sarif import as_sarif
from connector.verification.lack import Lack, lack_in
from connector.verification.read import read_evidence
from connector.verification.report import as_json, as_text
from connector.verification.tables_read import TABLES_READ, tables_read
from connector.verification.verify import Report, verify
from tests.matrix import Matrix
from tests.verification.conftest import World, world_of
from tests.verification.test_planted_trouble import RULES, plant

PARENTS = {"salesorderdetail": "salesorder", "invoicedetail": "invoice"}
"""Tables without privileges of their own, and whose count there."""
SPARED = {
    "role": {"ENV05"},
    "workflowlog": {"RUN01", "RUN02", "RUN03", "RUN04", "RUN05", "RUN06", "RUN08", "RUN09", "RUN10"}
    | {"WF05", "ENV05"},
}
"""What reads a table and can do without it: of the starter ENV05 wants privileges, not roles; steps in the
log of a system job decide nothing where each has a job of its own."""


@dataclass
class Troubled:
    """A job that has run, and trouble in every table, so that all of them are read."""

    world: World
    needed: dict[str, str]
    unknown: set[str]
    """The checks that are unknown with all privileges: roles that nobody names."""

    def report(self) -> Report:
        evidence = read_evidence(self.world.client, self.world.tables, sleep=lambda _: None, rules=RULES)
        return verify(evidence)

    def without(self, *privileges: str) -> Report:
        self.world.emulator.change_privileges({"take": list(privileges)})
        try:
            return self.report()
        finally:
            self.world.emulator.change_privileges({"give": list(privileges)})


def unknown_in(report: Report) -> set[str]:
    return {check.code for check, outcome, _ in report.by_check() if outcome is Outcome.UNKNOWN}


@pytest.fixture(scope="module")
def troubled(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troubled]:
    path = tmp_path_factory.mktemp("privileges") / "world.db"
    with world_of(Path(copyfile(sample, path))) as world:
        world.provision()
        with world.emulator.store.transaction() as tx:
            plant(tx)
        needed = dict(read_needed_to_read(world.client, tables_read(world.tables)))
        found = Troubled(world, needed, set())
        found.unknown = unknown_in(found.report())
        yield found


def reading(world: World, table: str) -> set[str]:
    """The checks that look at evidence which is read from a table, or from one that goes by its rights."""
    fields = {
        name
        for names in TABLES_READ.values()
        for name in names
        if PARENTS.get(logical := getattr(world.tables, name).logical_name, logical) == table
    }
    needs = {need for need, names in TABLES_READ.items() if fields & set(names)}
    return {check.code for check in ALL_CHECKS if needs & set(check.needs)}


def test_each_missing_privilege_is_told_with_its_table_and_its_checks(
    troubled: Troubled, matrix: Matrix
) -> None:
    """Without one privilege exactly the checks that read its table are unknown; it is named once, with the
    table and with them, and ENV04 has found it beforehand."""
    names = list(troubled.needed.items())
    for table, privilege in names if matrix.is_whole else matrix.sample(names):
        report = troubled.without(privilege)
        assert [(one.privilege, one.table) for one in report.missing_privileges] == [(privilege, table)]
        told = set(report.missing_privileges[0].checks)
        assert told == unknown_in(report) - troubled.unknown, privilege
        looking = reading(troubled.world, table)
        assert told <= looking, privilege
        assert looking - SPARED.get(table, set()) <= told | troubled.unknown, privilege
        found = [item.finding for item in report.results if item.check.code == "ENV04"]
        outcome = Outcome.UNKNOWN if table == "systemuser" else Outcome.FAIL
        assert [(one.outcome, one.lacks) for one in found] == [(outcome, (Lack(privilege, table),))]


def test_every_table_of_the_checks_has_a_privilege_or_a_parent(troubled: Troubled) -> None:
    """ENV04 covers every table that the checks read: each has a privilege, but for those of a parent."""
    tables = set(tables_read(troubled.world.tables))
    assert tables - set(troubled.needed) == set(PARENTS)
    assert troubled.needed["invoice"] == "prvReadInvoice"
    assert troubled.needed["systemuser"] == "prvReadUser"


def test_tables_of_the_job_are_errors_and_others_are_warnings(troubled: Troubled) -> None:
    """What the job itself stands on has to be readable; without accounts or currencies some checks are
    unknown, each with the weight of its own."""
    report = troubled.without("prvReadInvoice", "prvReadAccount")
    found = {
        item.finding.lacks[0].table: item.severity for item in report.results if item.check.code == "ENV04"
    }
    assert found == {"invoice": Severity.ERROR, "account": Severity.WARNING}


@pytest.fixture(scope="module")
def without_invoices(troubled: Troubled) -> Report:
    return troubled.without("prvReadInvoice")


SENTENCE = "The privilege prvReadInvoice on the table invoice is missing. "


def test_text_says_it_once_and_first(without_invoices: Report) -> None:
    """A person reads the privilege, the table, what is unknown because of it, and what to do; once."""
    lines = list(as_text(without_invoices))
    assert lines[:2] == ["Missing privileges", "  prvReadInvoice on the table invoice"]
    text = " ".join(" ".join(lines).split())
    assert text.count("prvReadInvoice") == 2
    assert "INV01, INV02, INV03 are unknown because of it. Do: Give the signed-in identity a" in text


def test_json_lists_privileges_with_their_checks(without_invoices: Report) -> None:
    """Programs get the privilege, the table and the codes, and each unknown check names the privilege."""
    found: dict[str, Any] = as_json(without_invoices)
    (missing,) = found["missing_privileges"]
    assert (missing["privilege"], missing["table"]) == ("prvReadInvoice", "invoice")
    assert {"TRX09", "INV01", "INV02", "INV03"} <= set(missing["checks"])
    for item in found["checks"]:
        if item["code"] in missing["checks"]:
            assert item["evidence"]["privilege"] == "prvReadInvoice"


def test_build_services_get_one_annotation(without_invoices: Report) -> None:
    """GitHub shows ten annotations of a kind: one privilege takes one of them, in Azure Pipelines too."""
    for lines in (list(as_github(without_invoices)), list(as_azure_devops(without_invoices))):
        assert sum("prvReadInvoice" in line for line in lines) == 1
        assert "INV03 are unknown because of it." in lines[0]
        assert "error" in lines[0].partition("prvRead")[0]


def test_files_for_build_services_hold_it(without_invoices: Report) -> None:
    """Markdown, SARIF and JUnit name the privilege, the table and the checks in one sentence."""
    assert any(line.startswith(f"- {SENTENCE}") for line in as_markdown(without_invoices))
    log = json.loads("".join(as_sarif(without_invoices, "1.0.0")))
    told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]
    assert told["message"]["text"].startswith(SENTENCE)
    assert told["properties"]["table"] == "invoice"
    assert f'name="missing privilege" value="{SENTENCE}' in "".join(as_junit(without_invoices))


@pytest.mark.parametrize(
    ("text", "lack"),
    [
        (
            "Principal user (Id=1) is missing prvReadmsdyn_actual privilege.",
            Lack("prvReadmsdyn_actual", "msdyn_actual"),
        ),
        (
            "Principal user (Id=1, type=8, roleCount=1) is missing prvReadOrder privilege (Id=2) on OTC=1088 "
            "for entity 'salesorderdetail'. Context.Caller=1.",
            Lack("prvReadOrder", "salesorderdetail"),
        ),
        ("SecLib::AccessCheckEx failed. Returned hr = -2147187962", None),
    ],
)
def test_the_platforms_words_name_the_privilege(text: str, lack: Lack | None) -> None:
    """The privilege is taken from the platform's message, and the table too where that names it."""
    assert lack_in(text) == lack
