"""The next run and the weeks after it, planned from one reading of the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.dataverse import DataverseClient
from connector.hooks import Plugins
from connector.model.column_date import day_in
from connector.model.invoicing_rules import InvoicingRules
from connector.model.process import PROCESS_RUNNER
from connector.model.tables import Tables
from connector.runner.invoicing import RunRequest, start_run
from connector.runner.look_ahead import Outlook, Period, outlook_of
from connector.runner.outcome import ContractOutcome, Header
from connector.runner.plan import plan_contract, previewed
from connector.runner.read import stream_contracts
from connector.workflow import ContractSnapshot, Run


@dataclass(frozen=True, slots=True)
class Overlooked:
    """One contract: as it is, in the next run, and over the period."""

    snapshot: ContractSnapshot
    outcome: ContractOutcome
    outlook: Outlook


@dataclass(frozen=True)
class Overview:
    """`header.on` is the day of the next run; `contracts` reads and decides while it is iterated."""

    header: Header
    period: Period
    contracts: Iterator[Overlooked]


def start_overview(
    client: DataverseClient,
    tables: Tables,
    plugins: Plugins,
    rules: InvoicingRules,
    *,
    user: str | None,
    next_run: datetime | None,
    length: timedelta,
) -> Overview:
    """The header at once, the contracts while they are iterated.

    `user` is the id of the user under whom the job runs. `next_run` is when it is expected next; without
    it, and when it is overdue, the next run is today's. The period is `length` long and begins with it.
    Raises what `start_run` and `start_look_ahead` raise.
    """
    header = start_run(client, tables, None, plugins, rules, RunRequest(user=user)).header
    zone = header.zone.zone
    day = header.today if next_run is None else max(header.today, day_in(zone, next_run))
    period = Period(day, day + length)
    run = Run(
        day=day,
        today=header.today,
        zone=zone,
        rules=rules,
        billing_methods=plugins.billing_methods,
        takes_missed=header.takes_missed,
    )
    # What is dated before the first run has been missed by all that are still to come (rule L4).
    ahead = replace(run, today=day)
    workflow = plugins.workflow(PROCESS_RUNNER)

    def contracts() -> Iterator[Overlooked]:
        for snapshot in stream_contracts(client, tables):
            outcome = previewed(plan_contract(snapshot, workflow, run))
            yield Overlooked(snapshot, outcome, outlook_of(snapshot, workflow, ahead, period))

    return Overview(replace(header, on=day), period, contracts())
