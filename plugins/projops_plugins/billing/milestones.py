"""A milestone, its day, and the schedule rows that stand for it (rules L6, L7 and T6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from connector.model.actual import BillingType, TransactionClass
from connector.model.column_date import day_without_zone
from connector.model.invoice_schedule import InvoiceSchedule
from connector.model.milestone import Milestone
from connector.workflow import MILESTONE, InvoiceDetail, LineSnapshot, Run
from projops_plugins.billing.schedule_rows import in_order, is_active


def milestone_day(milestone: Milestone, run: Run) -> date | None:
    """Rule L7: the day without a time zone where there is one, else the user-local day."""
    if milestone.zone_independent_date is not None:
        return day_without_zone(milestone.zone_independent_date)
    if milestone.milestone_date is not None:
        return run.day_of(milestone.milestone_date)
    return None


def rows_by_milestone(
    milestones: Sequence[Milestone], line: LineSnapshot, run: Run
) -> tuple[dict[str, list[InvoiceSchedule]], list[InvoiceSchedule]]:
    """Rule L6: the rows that stand for each milestone, and the rows that stand for none.

    A row that names no milestone stands for those of the same day that no row names.
    """
    known = {milestone.id for milestone in milestones}
    rows: dict[str, list[InvoiceSchedule]] = {}
    spare: list[InvoiceSchedule] = []
    unnamed: list[InvoiceSchedule] = []
    for row in in_order((row for row in line.schedule if is_active(row.state)), run):
        if row.milestone in known:
            rows.setdefault(row.milestone or "", []).append(row)
        else:
            (spare if row.milestone else unnamed).append(row)
    named = set(rows)
    for row in unnamed:
        day = run.day_of(row.invoice_run_date) if row.invoice_run_date else None
        same_day = [
            milestone.id
            for milestone in milestones
            if milestone.id not in named and day is not None and milestone_day(milestone, run) == day
        ]
        for milestone_id in same_day:
            rows.setdefault(milestone_id, []).append(row)
        if not same_day:
            spare.append(row)
    return rows, spare


def title_of(milestone: Milestone, article: str = "The") -> str:
    return f"{article} milestone {milestone.name or milestone.description or milestone.id}"


def detail_of(milestone: Milestone, amount: Decimal, tax: Decimal, run: Run) -> InvoiceDetail:
    """Rule T6: always chargeable, price and amount are the milestone's, it starts on its date."""
    day = milestone.milestone_date or milestone.zone_independent_date
    return InvoiceDetail(
        source=MILESTONE,
        source_id=milestone.id,
        transaction_class=TransactionClass.MILESTONE,
        billing_type=BillingType.CHARGEABLE,
        amount=amount,
        tax=tax,
        quantity=Decimal(1),
        price=amount,
        starts_at=run.start_of(day) if day is not None else None,
        description=milestone.name or milestone.description or "",
    )
