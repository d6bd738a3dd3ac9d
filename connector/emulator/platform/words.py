"""The platform's numbers that the job writes and reads; the schema's JSON files say what each means."""

from __future__ import annotations

from enum import IntEnum

BATCH_JOB = "msdyn_batchjob"
CONTRACT = "salesorder"
CONTRACT_LINE = "salesorderdetail"
SCHEDULE_ROW = "msdyn_contractlineinvoiceschedule"
MILESTONE = "msdyn_contractlinescheduleofvalue"
ACTUAL = "msdyn_actual"
INVOICE = "invoice"
INVOICE_LINE = "invoicedetail"
INVOICE_LINE_DETAIL = "msdyn_invoicelinetransaction"
CONNECTION = "msdyn_transactionconnection"
SYSTEM_JOB = "asyncoperation"
STEP = "workflowlog"
PROCESS = "workflow"

WORK_BASED = 192350001
UNBILLED_SALES = 192350005
BILLED_SALES = 192350006
TIME = 192350000
OPERATION_WORKFLOW = 10


class JobState(IntEnum):
    READY = 0
    SUSPENDED = 1
    LOCKED = 2
    COMPLETED = 3


class JobStatus(IntEnum):
    WAITING_FOR_RESOURCES = 0
    WAITING = 10
    IN_PROGRESS = 20
    SUCCEEDED = 30
    FAILED = 31
    CANCELED = 32


class StepStatus(IntEnum):
    IN_PROGRESS = 1
    SUCCEEDED = 2
    FAILED = 3
    CANCELED = 4
    WAITING = 5


class ProcessType(IntEnum):
    DEFINITION = 1
    ACTIVATION = 2


PROCESS_ACTIVATED = 1


class BillingStatus(IntEnum):
    UNBILLED_SALES_CREATED = 192350000
    CUSTOMER_INVOICE_CREATED = 192350001
    CUSTOMER_INVOICE_POSTED = 192350002
    READY_TO_INVOICE = 192350004


class MilestoneStatus(IntEnum):
    NOT_READY = 192350000
    READY = 192350001
    CUSTOMER_INVOICE_CREATED = 192350002
    CUSTOMER_INVOICE_POSTED = 192350003


class RunStatus(IntEnum):
    NOT_RUN = 192350000
    RUN_SUCCESSFUL = 192350001
    RUN_FAILED = 192350002


class InvoiceStatus(IntEnum):
    DRAFT = 192350000
    IN_REVIEW = 192350001
    CONFIRMED = 192350002
    PAID = 192350003


class ContractState(IntEnum):
    DRAFT = 192350000
    ON_HOLD = 192350001
    ACTIVE = 192350002
    CLOSED = 192350003


def signed(code: int) -> int:
    """A service code such as 0x80044182 as the signed number that errorcode columns hold."""
    return code - (1 << 32) if code >= 1 << 31 else code
