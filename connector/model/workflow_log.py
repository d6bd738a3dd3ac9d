"""workflowlog: the steps of a system job, and the link from a job to the child job that it started."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import field

from connector.model.table import Record, Table


class StepStatus(IntEnum):
    IN_PROGRESS = 1
    SUCCEEDED = 2
    FAILED = 3
    CANCELED = 4
    WAITING = 5


class WorkflowLog(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="workflowlogid")
    stage_name: str | None = field(name="stagename", default=None)
    step_name: str | None = field(name="stepname", default=None)
    activity_name: str | None = field(name="activityname", default=None)
    status: int | None = field(name="status", default=None)
    message: str | None = field(name="message", default=None)
    error_code: int | None = field(name="errorcode", default=None)
    started_on: datetime | None = field(name="startedon", default=None)
    completed_on: datetime | None = field(name="completedon", default=None)
    system_job: str | None = field(name="_asyncoperationid_value", default=None)
    child_job: str | None = field(name="_childworkflowinstanceid_value", default=None)


WORKFLOW_LOG = Table(
    WorkflowLog,
    logical_name="workflowlog",
    entity_set="workflowlogs",
    key="workflowlogid",
)
