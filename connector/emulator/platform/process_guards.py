"""Activating and deactivating workflows: the owner's right, and for definitions only.

Deactivating a workflow cancels its jobs that wait; no public page says so in these words, so it is
a reading of ours. A job that is at work goes on, and the next one fails (0x80045055).
"""

from __future__ import annotations

from connector.emulator.platform.system_jobs import cancel_waiting
from connector.emulator.platform.words import PROCESS_ACTIVATED, ProcessType
from connector.emulator.problems import ODataError
from connector.emulator.registry import Change
from connector.emulator.store import Transaction

NOT_THE_OWNER = "0x8004500b"
ONLY_DEFINITIONS_ARE_PUBLISHED = "0x8004500d"
ONLY_DEFINITIONS_ARE_UNPUBLISHED = "0x8004500e"


def guard_activation(tx: Transaction, change: Change) -> None:  # noqa: ARG001 - the shape of a guard
    """Before a workflow is updated; the codes are those of Microsoft's list of web service errors."""
    before = change.before
    wanted = change.values.get("statecode")
    if change.kind != "update" or before is None or wanted is None or wanted == before["statecode"]:
        return
    is_publishing = wanted == PROCESS_ACTIVATED
    if before["type"] == ProcessType.ACTIVATION:
        code = ONLY_DEFINITIONS_ARE_PUBLISHED if is_publishing else ONLY_DEFINITIONS_ARE_UNPUBLISHED
        raise ODataError(400, code, "Only a definition can be activated or deactivated.")
    if change.caller != before["ownerid"]:
        message = f"Only its owner can activate or deactivate the workflow {before['name']}."
        raise ODataError(403, NOT_THE_OWNER, message)


def follow_activation(tx: Transaction, change: Change) -> None:
    """After a workflow was updated: a deactivated one has no jobs that wait."""
    if change.kind != "update" or change.before is None or "statecode" not in change.values:
        return
    is_deactivated = (
        change.before["statecode"] == PROCESS_ACTIVATED and change.values["statecode"] != PROCESS_ACTIVATED
    )
    if is_deactivated:
        cancel_waiting(tx, str(change.before["name"]), change.caller)
