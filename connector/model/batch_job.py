"""msdyn_batchjob: the record in Recurring Invoice Setup that the job runs on."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import field

from connector.model.table import Record, Table


class JobType(IntEnum):
    NONE = 867380000
    TRAINING = 867380001
    WAITING = 867380005
    IDLE = 867380006


class Frequency(IntEnum):
    DAILY = 0
    MONTHLY = 1


class BatchJob(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_batchjobid")
    name: str | None = field(name="msdyn_name", default=None)
    job_type: int | None = field(name="msdyn_jobtype", default=None)
    frequency: int | None = field(name="msdyn_frequency", default=None)
    is_active: bool | None = field(name="msdyn_isactive", default=None)
    last_run_date: datetime | None = field(name="msdyn_lastrundate", default=None)
    state: int | None = field(name="statecode", default=None)
    created_on: datetime | None = field(name="createdon", default=None)
    modified_on: datetime | None = field(name="modifiedon", default=None)
    created_by: str | None = field(name="_createdby_value", default=None)
    modified_by: str | None = field(name="_modifiedby_value", default=None)


BATCH_JOB = Table(
    BatchJob,
    logical_name="msdyn_batchjob",
    entity_set="msdyn_batchjobs",
    key="msdyn_batchjobid",
)
