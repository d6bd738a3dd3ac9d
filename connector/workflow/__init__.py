"""The contract of plug-ins: what a workflow and a billing method are given, and what they decide.

A plug-in only thinks. It receives values, returns decisions and makes no request, so that the same
plug-in can be previewed, replayed by a durable engine, tested with values, and run by the emulator
on the server's side. Rule numbers are those of docs/invoicing-rules.md.

This is the public door: import from here. `snapshot` holds what is given, `decisions` what is decided,
`deciding` who decides.
"""

from connector.workflow.deciding import BillingMethod, Call, Run, Workflow
from connector.workflow.decisions import (
    Bill,
    Charge,
    ContractDecision,
    CreateInvoice,
    InvoiceDetail,
    InvoiceLine,
    Judgement,
    MarkScheduleRow,
    Skip,
    StartWorkflow,
    StepDecision,
    WaitUntil,
)
from connector.workflow.snapshot import (
    ACTUAL,
    CONTRACT_LINE_CUSTOMER_OF_ACTUAL,
    CUSTOMERS_OF_CONTRACT,
    CUSTOMERS_OF_LINE,
    EXPENSES,
    HEADER_OF_MILESTONE,
    MILESTONE,
    NOT_TO_EXCEED_STATUS_OF_ACTUAL,
    PRODUCT_LINE,
    ROLES,
    SCHEDULE_ROW,
    TIME_ENTRIES,
    ContractSnapshot,
    LineSnapshot,
    UnapprovedEntry,
)

__all__ = [
    "ACTUAL",
    "CONTRACT_LINE_CUSTOMER_OF_ACTUAL",
    "CUSTOMERS_OF_CONTRACT",
    "CUSTOMERS_OF_LINE",
    "EXPENSES",
    "HEADER_OF_MILESTONE",
    "MILESTONE",
    "NOT_TO_EXCEED_STATUS_OF_ACTUAL",
    "PRODUCT_LINE",
    "ROLES",
    "SCHEDULE_ROW",
    "TIME_ENTRIES",
    "Bill",
    "BillingMethod",
    "Call",
    "Charge",
    "ContractDecision",
    "ContractSnapshot",
    "CreateInvoice",
    "InvoiceDetail",
    "InvoiceLine",
    "Judgement",
    "LineSnapshot",
    "MarkScheduleRow",
    "Run",
    "Skip",
    "StartWorkflow",
    "StepDecision",
    "UnapprovedEntry",
    "WaitUntil",
    "Workflow",
]
