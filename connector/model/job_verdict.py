"""What the judges of the job's health share: the case before them, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Chain, Health
from connector.model.job_grouping import Grouping
from connector.model.job_snapshot import JobSnapshot
from connector.model.time_text import moment


@dataclass(frozen=True)
class Case:
    snapshot: JobSnapshot
    grouping: Grouping
    rules: InvoicingRules
    zone: tzinfo

    @property
    def now(self) -> datetime:
        return self.snapshot.now

    @property
    def tolerance(self) -> timedelta:
        """How late a sleeping job may be before it counts as stalled."""
        return timedelta(minutes=self.rules.overdue_min)

    def at(self, instant: datetime | None) -> str:
        return "an unknown time" if instant is None else moment(instant, self.zone)


@dataclass(frozen=True)
class Verdict:
    health: Health
    sentence: str
    next_run: datetime | None = None
    chain: Chain | None = None
    several_roots: tuple[str, ...] = ()
    way_out: str = ""
