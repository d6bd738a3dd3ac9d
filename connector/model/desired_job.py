"""The job as it should be: what provisioning works towards and verification compares with."""

from __future__ import annotations

import msgspec

from connector.model.batch_job import Frequency, JobType
from connector.model.process import PROCESS_RUN_CALLER

NAME_MUST_CONTAIN = "create invoices"
"""How the platform recognises the invoice job (rule J1)."""
USUAL_NAMES = ("Project Operations Create Invoices", "PSA Create Invoices")


class DesiredJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str = USUAL_NAMES[0]
    job_type: JobType = JobType.NONE
    frequency: Frequency = Frequency.DAILY
    is_active: bool = True
    start_with: str = PROCESS_RUN_CALLER


def is_invoice_job_name(name: str | None, *, is_case_sensitive: bool = False) -> bool:
    """Whether a batch job of this name is the invoice job (rule J1)."""
    if name is None:
        return False
    if is_case_sensitive:
        return NAME_MUST_CONTAIN in name
    return NAME_MUST_CONTAIN in name.casefold()
