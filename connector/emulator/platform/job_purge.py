"""The built-in bulk deletion: succeeded workflow jobs go thirty days after their end, others stay.

Source: Microsoft's page on the clean-up of the AsyncOperationBase table. When it runs is not
documented; here it is whenever the clock moves.
"""

from __future__ import annotations

from datetime import timedelta

from connector.emulator.platform.switches import read_switches
from connector.emulator.platform.system_jobs import delete_job_row
from connector.emulator.platform.words import OPERATION_WORKFLOW, JobState, JobStatus
from connector.emulator.store import Transaction
from connector.emulator.store.values import instant_text

_OLD = """
SELECT asyncoperationid FROM asyncoperation
WHERE operationtype = ? AND statecode = ? AND statuscode = ? AND completedon <= ?
"""


def purge_jobs(tx: Transaction) -> None:
    days = read_switches(tx).purges_after_days
    if not days:
        return
    before = instant_text(tx.now - timedelta(days=days))
    ended = (OPERATION_WORKFLOW, JobState.COMPLETED.value, JobStatus.SUCCEEDED.value, before)
    for (id,) in tx.raw.execute(_OLD, ended).fetchall():
        delete_job_row(tx, id)
