"""asyncoperation: a system job. Clients may change only its state, its status and postponeuntil."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import field

from connector.model.table import Record, Table

OPERATION_TYPE_WORKFLOW = 10


class JobState(IntEnum):
    READY = 0
    SUSPENDED = 1
    LOCKED = 2
    COMPLETED = 3


class JobStatus(IntEnum):
    WAITING_FOR_RESOURCES = 0
    WAITING = 10
    IN_PROGRESS = 20
    PAUSING = 21
    CANCELING = 22
    SUCCEEDED = 30
    FAILED = 31
    CANCELED = 32


class SystemJob(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="asyncoperationid")
    name: str | None = field(name="name", default=None)
    operation_type: int | None = field(name="operationtype", default=None)
    state: int | None = field(name="statecode", default=None)
    status: int | None = field(name="statuscode", default=None)
    postpone_until: datetime | None = field(name="postponeuntil", default=None)
    started_on: datetime | None = field(name="startedon", default=None)
    completed_on: datetime | None = field(name="completedon", default=None)
    created_on: datetime | None = field(name="createdon", default=None)
    modified_on: datetime | None = field(name="modifiedon", default=None)
    error_code: int | None = field(name="errorcode", default=None)
    message: str | None = field(name="message", default=None)
    friendly_message: str | None = field(name="friendlymessage", default=None)
    retry_count: int | None = field(name="retrycount", default=None)
    depth: int | None = field(name="depth", default=None)
    correlation_id: str | None = field(name="correlationid", default=None)
    is_waiting_for_event: bool | None = field(name="iswaitingforevent", default=None)
    stage_name: str | None = field(name="workflowstagename", default=None)
    workflow_activation: str | None = field(name="_workflowactivationid_value", default=None)
    regarding: str | None = field(name="_regardingobjectid_value", default=None)
    owner: str | None = field(name="_ownerid_value", default=None)


SYSTEM_JOB = Table(
    SystemJob,
    logical_name="asyncoperation",
    entity_set="asyncoperations",
    key="asyncoperationid",
)
