"""Evidence with one thing wrong, as often as a test wants it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from msgspec import structs

from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.verification.evidence import Evidence
from connector.verification.example_contract import CONTRACT, ROWS, WORK, WORK_ID
from connector.verification.examples import with_case, with_work


def missed(*ids: str, day: date = date(2020, 9, 7)) -> Evidence:
    """Rows that are Not Run although their day has passed, a day later each: SCH05 fails for each of them."""
    rows = (
        InvoiceSchedule(
            id=id,
            contract_line=WORK_ID,
            invoice_run_date=day + timedelta(days=number),
            transaction_cutoff_date=day + timedelta(days=number - 1),
            run_status=RunStatus.NOT_RUN,
        )
        for number, id in enumerate(ids)
    )
    return with_work(schedule=(*ROWS, *rows))


def unscheduled(lines: Iterable[tuple[str, str]]) -> Evidence:
    """Lines, as id and name, without a schedule: SCH02 fails for each of them."""
    more = (
        replace(WORK, line=structs.replace(WORK.line, id=id, name=name), schedule=(), actuals=())
        for id, name in lines
    )
    return with_case(lines=(*CONTRACT.lines, *more))
