"""Why a line is not on an invoice: one closed list."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    NOT_YET_DUE = "not_yet_due"
    NO_SCHEDULE = "no_schedule"
    SCHEDULE_ENDED = "schedule_ended"
    CONTRACT_NOT_OPEN = "contract_not_open"
    MILESTONE_NOT_READY = "milestone_not_ready"
    NOTHING_TO_BILL = "nothing_to_bill"
    AWAITING_APPROVAL = "awaiting_approval"
    NOT_READY_TO_INVOICE = "not_ready_to_invoice"
    NOT_TO_EXCEED_FAILED = "not_to_exceed_failed"
    ADJUSTED = "adjusted"
    AFTER_CUT_OFF = "after_cut_off"
    ALREADY_ON_INVOICE = "already_on_invoice"
    ALREADY_RUN = "already_run"
    RUN_FAILED_BEFORE = "run_failed_before"
    PAST_DUE_UNCERTAIN = "past_due_uncertain"
    CLASS_NOT_INCLUDED = "class_not_included"
    NO_CUSTOMER = "no_customer"
    SPLIT_NOT_100 = "split_not_100"
    NEEDS_SCHEDULE_ROW = "needs_schedule_row"
    TOO_LARGE = "too_large"
    CONFLICT = "conflict"
    BLOCKED = "blocked"
