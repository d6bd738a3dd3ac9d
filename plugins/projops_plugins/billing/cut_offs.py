"""Which run date a transaction belongs to, by the cut-offs of the rows (rules T3 and T7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from connector.model.invoicing_rules import CutOff
from connector.workflow import Run
from projops_plugins.billing.schedule_rows import DueDate


def earliest_covering(day: date, due: Iterable[DueDate], run: Run) -> DueDate | None:
    """Rules T3 and T7: the earliest run date whose cut-off covers the day, and no other."""
    return next((one for one in due if is_covered(day, one.cut_off, run)), None)


def is_covered(day: date, cut_off: date, run: Run) -> bool:
    """Rule T3."""
    return day < cut_off or (day == cut_off and run.rules.cut_off is CutOff.INCLUSIVE)
