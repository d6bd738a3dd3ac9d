"""The demo's days on the emulator: green as the rules are, red when one of them is broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from connector.console.connection import connected
from connector.console.demo.comparison import Agreement, Row, compare, documented_days
from connector.console.demo.days import Watcher
from connector.console.voice import Voice
from connector.dataverse import EVERYTHING
from connector.emulator.ownership import open_emulator
from connector.hooks import Plugins, load_plugins
from connector.model.desired_job import DesiredJob
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUNNER
from connector.settings import load
from connector.workflow import (
    Call,
    ContractDecision,
    ContractSnapshot,
    CreateInvoice,
    Run,
    StepDecision,
    Workflow,
)

FIRST, LAST = date(2020, 10, 4), date(2020, 10, 6)


class Changed:
    """ProcessRunner with one rule broken: each subclass breaks another."""

    name = PROCESS_RUNNER
    is_reading_contracts = True

    def __init__(self, real: Workflow) -> None:
        self.real = real

    def start(self, call: Call, rules: InvoicingRules) -> Sequence[StepDecision]:
        return self.real.start(call, rules)

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        raise NotImplementedError

    def end(self, call: Call, ended_at: datetime) -> Sequence[StepDecision]:
        return self.real.end(call, ended_at)


class ADayEarly(Changed):
    """Breaks L3: a run date has come a day before it has."""

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        return self.real.decide(contract, replace(run, day=run.day + timedelta(days=1)))


class AnInvoiceForEachLine(Changed):
    """Breaks G1: the lines of one contract do not share an invoice."""

    def decide(self, contract: ContractSnapshot, run: Run) -> Iterable[ContractDecision]:
        for decision in self.real.decide(contract, run):
            if isinstance(decision, CreateInvoice):
                for number, line in enumerate(decision.lines):
                    rows = decision.schedule_rows if number == 0 else ()
                    yield replace(decision, lines=(line,), schedule_rows=rows)
            else:
                yield decision


def with_broken(kind: type[Changed]) -> Plugins:
    plugins = load_plugins()
    workflows = tuple(kind(one) if one.name == PROCESS_RUNNER else one for one in plugins.workflows)
    return replace(plugins, workflows=workflows)


def first_days(plugins: Plugins) -> tuple[Row, ...]:
    with open_emulator(None, plugins=plugins) as emulator:
        flags = {
            "dataverse_url": emulator.url,
            "tenant_id": emulator.tenant_id,
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "authority_host": emulator.authority,
            "ca_file": emulator.ca_file,
        }
        with connected(load(flags), Voice(is_quiet=True)) as connection:
            process = next(
                one
                for one in connection.client.list(connection.tables.process, EVERYTHING)
                if one.name == DesiredJob().start_with and one.type == 1
            )
            job = "11111111-0000-4000-8000-000000000001"
            connection.client.create(
                connection.tables.batch_job.entity_set, job, {"msdyn_name": DesiredJob().name}
            )
            connection.client.action(
                "ExecuteWorkflow",
                {"EntityId": job},
                bound_to=(connection.tables.process.entity_set, process.id),
            )
            watcher = Watcher(connection, plugins, emulator.move_clock)
            days = watcher.watch(watcher.contract("Adatum"), FIRST, LAST, lambda _day: None)
    return compare(documented_days(), FIRST, LAST, days.created, days.previewed)


def test_the_first_days_are_as_the_page_says() -> None:
    """Nothing on 4 October, one invoice with three lines on 5 October, nothing on 6 October."""
    assert [row.agreement for row in first_days(load_plugins())] == [Agreement.AGREES] * 3


@pytest.mark.parametrize(
    ("kind", "red"),
    [
        (ADayEarly, [date(2020, 10, 4), date(2020, 10, 5)]),
        (AnInvoiceForEachLine, [date(2020, 10, 5)]),
    ],
)
def test_a_broken_rule_turns_the_table_red(kind: type[Changed], red: list[date]) -> None:
    """The job and the preview share the broken rule; the page finds them out all the same."""
    rows = first_days(with_broken(kind))
    assert [row.day for row in rows if row.agreement is Agreement.DIFFERS] == red
