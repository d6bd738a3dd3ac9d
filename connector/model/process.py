"""workflow: a process. A definition (type 1) is what people see and start; its activation (type 2) runs."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import field

from connector.model.table import Record, Table

PROCESS_RUN_CALLER = "ProcessRunCaller"
PROCESS_RUNNER = "ProcessRunner"
UPDATE_ROLE_UTILIZATION = "UpdateRoleUtilization"
INVOICE_WORKFLOWS = (PROCESS_RUN_CALLER, PROCESS_RUNNER)
WORKFLOWS_OF_THE_JOB = (*INVOICE_WORKFLOWS, UPDATE_ROLE_UTILIZATION)
"""What Run Workflow offers on a batch job (rule J3)."""

APPROVAL_FLOW = "Project Service - Recurrently Schedule Project Approval Sets"
"""The cloud flow without which nothing that was handed in is approved."""


class ProcessType(IntEnum):
    DEFINITION = 1
    ACTIVATION = 2
    TEMPLATE = 3


class ProcessState(IntEnum):
    DRAFT = 0
    ACTIVATED = 1
    SUSPENDED = 2


class ProcessCategory(IntEnum):
    WORKFLOW = 0
    MODERN_FLOW = 5


class ProcessMode(IntEnum):
    BACKGROUND = 0
    REAL_TIME = 1


class Process(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="workflowid")
    name: str | None = field(name="name", default=None)
    type: int | None = field(name="type", default=None)
    category: int | None = field(name="category", default=None)
    state: int | None = field(name="statecode", default=None)
    status: int | None = field(name="statuscode", default=None)
    mode: int | None = field(name="mode", default=None)
    scope: int | None = field(name="scope", default=None)
    run_as: int | None = field(name="runas", default=None)
    is_on_demand: bool | None = field(name="ondemand", default=None)
    is_subprocess: bool | None = field(name="subprocess", default=None)
    is_job_deleted_on_success: bool | None = field(name="asyncautodelete", default=None)
    primary_table: str | None = field(name="primaryentity", default=None)
    definition: str | None = field(name="_parentworkflowid_value", default=None)
    activation: str | None = field(name="_activeworkflowid_value", default=None)
    owner: str | None = field(name="_ownerid_value", default=None)
    is_managed: bool | None = field(name="ismanaged", default=None)
    modified_on: datetime | None = field(name="modifiedon", default=None)


PROCESS = Table(Process, logical_name="workflow", entity_set="workflows", key="workflowid")
