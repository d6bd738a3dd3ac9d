"""What the documents leave open about the job, each as a named choice with a default.

Every output that depends on one of them prints the value that was used. Rule numbers are those of
docs/invoicing-rules.md.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ReadyRule(StrEnum):
    READY = "ready"
    READY_OR_UNSET = "ready_or_unset"


class CutOff(StrEnum):
    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class Products(StrEnum):
    WITH_DUE_ROW = "with_due_row"
    NEVER = "never"


class EmptyLines(StrEnum):
    DUE = "due"
    ALL = "all"


class NothingToBill(StrEnum):
    SUCCESSFUL = "successful"
    NOT_RUN = "not_run"


class ContractStates(StrEnum):
    DRAFT_AND_CONFIRMED = "draft_and_confirmed"
    CONFIRMED = "confirmed"


class InactiveCustomers(StrEnum):
    SKIPPED = "skipped"
    BILLED = "billed"


class InvoicingRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    is_job_name_case_sensitive: bool = False
    """J1: whether "create invoices" must be written just so."""
    first_sleep_h: int = 24
    """J6: how long ProcessRunCaller sleeps when it was started by hand, without an end time."""
    handover_min: int = 10
    """J7: the longest pause between two system jobs of one chain."""
    overdue_min: int = 60
    """J7: how long past the end of its timer a sleeping job is late; after that it is stalled."""
    settle_s: int = 60
    """J8: how far apart two looks must be before two starts count as several chains."""
    most_starts_a_day: int = 5
    """J8: how many chains may begin within 24 hours before another start is refused (loop guard: 16 runs)."""
    week_capacity_h: int = 40
    """J9: how many hours a week a resource can work, for the estimate of utilization."""
    contract_states: ContractStates = ContractStates.DRAFT_AND_CONFIRMED
    """L1: which open contracts the job takes."""
    catch_up: bool = True
    """L4: whether our own run takes a run date that was missed."""
    platform_catches_up: bool = False
    """L4: whether a preview expects the platform to take a run date that was missed."""
    retry_failed: bool = False
    """L5: whether a row with Run Failed is tried again."""
    time_zone: str | None = None
    """L7: the IANA zone of "the day", instead of the zone of the user who runs the job."""
    milestones_need_project: bool = True
    """L6: whether a milestone without a project, its own or its line's, is left out and reported."""
    ready_rule: ReadyRule = ReadyRule.READY
    """T2: whether an actual without a billing status counts as ready."""
    cut_off: CutOff = CutOff.INCLUSIVE
    """T3: whether the cut-off day itself is taken."""
    not_to_exceed_failed: int | None = None
    """T4: the choice value of the not-to-exceed status that means Failed; no document gives it."""
    progress_schedule_type: int | None = None
    """G7: the choice value of Invoice Schedule Type that means progress based; no document gives it."""
    products: Products = Products.WITH_DUE_ROW
    """T8: when a product line that is ready is invoiced."""
    inactive_customers: InactiveCustomers = InactiveCustomers.SKIPPED
    """G2: whether a customer whose account is deactivated gets an invoice."""
    empty_lines: EmptyLines = EmptyLines.DUE
    """G4: which contract lines without transactions get an invoice line."""
    nothing_to_bill: NothingToBill = NothingToBill.SUCCESSFUL
    """G6: the run status of a row that was due with nothing to bill."""
