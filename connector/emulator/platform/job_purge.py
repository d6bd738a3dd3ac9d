"""The built-in bulk deletion: succeeded workflow jobs go thirty days after their end, others stay.

Source: Microsoft's page on the clean-up of the AsyncOperationBase table. When it runs is not
documented; here it is whenever the clock moves.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from connector.emulator.platform.switches import read_switches
from connector.emulator.platform.system_jobs import delete_job_row
from connector.emulator.platform.words import OPERATION_WORKFLOW, SYSTEM_JOB, JobState, JobStatus
from connector.emulator.store import Transaction
from connector.emulator.store.values import instant_text


def purge_jobs(tx: Transaction) -> None:
    days = read_switches(tx).purges_after_days
    if not days:
        return
    jobs = tx.sql(SYSTEM_JOB)
    old = select(jobs.c.asyncoperationid).where(
        jobs.c.operationtype == OPERATION_WORKFLOW,
        jobs.c.statecode == JobState.COMPLETED.value,
        jobs.c.statuscode == JobStatus.SUCCEEDED.value,
        jobs.c.completedon <= instant_text(tx.now - timedelta(days=days)),
    )
    for id in tx.execute(old).scalars().all():
        delete_job_row(tx, id)
