"""The action ExecuteWorkflow: start a background workflow on a batch job, as the caller."""

from __future__ import annotations

import re

from connector.emulator.platform.instance import workflow_of
from connector.emulator.platform.privileges import EXECUTE_WORKFLOW, privilege, require
from connector.emulator.platform.service import AsynchronousService
from connector.emulator.platform.system_jobs import create_job
from connector.emulator.platform.words import BATCH_JOB, PROCESS, PROCESS_ACTIVATED, SYSTEM_JOB, ProcessType
from connector.emulator.problems import (
    INVALID_ARGUMENT,
    ODataError,
    bad_request,
    not_implemented,
    row_not_found,
)
from connector.emulator.registry import Call, RowAnswer
from connector.emulator.store import Transaction, Value
from connector.errors import PluginError

WORKFLOW_DOES_NOT_EXIST = "0x8006040b"
NOT_ACTIVE = "0x80045055"
NOT_ON_DEMAND = "0x80045059"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class ExecuteWorkflow:
    """POST workflows(id)/Microsoft.Dynamics.CRM.ExecuteWorkflow {"EntityId": guid}.

    Answers with the new asyncoperation, Ready; the asynchronous service takes it up right after the
    commit. Not idempotent: every call starts an instance.
    """

    def __init__(self, service: AsynchronousService) -> None:
        self._service = service

    def __call__(self, tx: Transaction, call: Call) -> RowAnswer:
        batch_job = _entity_id(call)
        require(tx, call.caller, EXECUTE_WORKFLOW, privilege("Read", PROCESS), privilege("Read", BATCH_JOB))
        assert call.id is not None
        name = self._startable(tx, call.id)
        if tx.get(BATCH_JOB, batch_job) is None:
            raise row_not_found(BATCH_JOB, batch_job)
        job = create_job(tx, name, batch_job, call.caller)
        self._service.wake(tx)
        return RowAnswer(SYSTEM_JOB, job)

    def _startable(self, tx: Transaction, id: str) -> str:
        """The name of the workflow, when it is one that can be started here."""
        process = tx.get(PROCESS, id)
        if process is None:
            raise row_not_found(PROCESS, id)
        name = str(process["name"])
        _check(process, name)
        try:
            workflow_of(self._service.plugins, name)
        except PluginError as error:
            raise not_implemented(f"the workflow {name}") from error
        return name


def _check(process: dict[str, Value], name: str) -> None:
    if process["type"] != ProcessType.DEFINITION:
        raise bad_request(
            f"The process {name} is not a definition: pass the definition's id.", WORKFLOW_DOES_NOT_EXIST
        )
    if process["statecode"] != PROCESS_ACTIVATED:
        raise bad_request(f"The workflow {name} must be active.", NOT_ACTIVE)
    if not process["ondemand"]:
        raise bad_request(f"The workflow {name} must be marked as on demand.", NOT_ON_DEMAND)
    if process["primaryentity"] != BATCH_JOB:
        raise not_implemented(f"the workflow {name} on the table {process['primaryentity']}")


def _entity_id(call: Call) -> str:
    unknown = set(call.body) - {"EntityId"}
    if "InputArguments" in unknown:
        raise not_implemented("the parameter InputArguments of ExecuteWorkflow")
    if unknown:
        raise bad_request(f"The parameter '{min(unknown)}' in the request payload is not a valid parameter.")
    given = call.body.get("EntityId")
    if not isinstance(given, str) or not _GUID.fullmatch(given):
        raise ODataError(400, INVALID_ARGUMENT, f"EntityId: {given!r} is not the id of a record.")
    return given.lower()
