"""The privileges that whoever runs the job needs, each with its reason.

The job runs as the one who starts it, so they are the starter's. Names follow the platform's pattern
prv<Right><Table>; Order stands for salesorder. Contract lines and invoice lines have none of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Privilege:
    """`is_billing`: without it a started job could not invoice, so that a start is refused."""

    name: str
    reason: str
    is_billing: bool


def _job(name: str, reason: str) -> Privilege:
    return Privilege(name, reason, is_billing=False)


def _billing(name: str, reason: str) -> Privilege:
    return Privilege(name, reason, is_billing=True)


NEEDED = (
    _job("prvCreatemsdyn_batchjob", "to create the record of the job"),
    _job("prvReadmsdyn_batchjob", "to see the record, and for ExecuteWorkflow"),
    _job("prvWritemsdyn_batchjob", "to change the record, with every start"),
    _job("prvReadWorkflow", "for ExecuteWorkflow"),
    _job("prvWorkflowExecution", "for ExecuteWorkflow; unconfirmed by Microsoft"),
    _job("prvReadAsyncOperation", "to see the system jobs of the chain"),
    _job("prvWriteAsyncOperation", "to cancel a system job"),
    _billing("prvReadOrder", "to read project contracts and their lines"),
    _billing("prvReadmsdyn_contractlineinvoiceschedule", "to find the schedule rows that are due"),
    _billing("prvWritemsdyn_contractlineinvoiceschedule", "to set their run status"),
    _billing("prvReadmsdyn_contractlinescheduleofvalue", "to find the milestones that are ready"),
    _billing("prvWritemsdyn_contractlinescheduleofvalue", "to set their invoice status"),
    _billing("prvReadmsdyn_actual", "to find what can be invoiced"),
    _billing("prvWritemsdyn_actual", "to set the billing status"),
    _billing("prvCreateInvoice", "to create draft invoices"),
    _billing("prvWriteInvoice", "to add their lines"),
    _billing("prvCreatemsdyn_invoicelinetransaction", "to add their details"),
    _billing("prvCreatemsdyn_transactionconnection", "to connect details with actuals"),
)


READING = tuple(item for item in NEEDED if item.name.startswith("prvRead"))
"""What whoever only looks needs."""


_RIGHTS = ("prvRead", "prvWrite", "prvCreate")
_TABLES = {"Order": "salesorder", "User": "systemuser", "WorkflowExecution": "workflow"}


def table_of(privilege: str) -> str:
    """The logical name of the table that a privilege is about, by the platform's pattern."""
    rest = privilege
    for right in _RIGHTS:
        rest = rest.removeprefix(right)
    rest = rest.removeprefix("prv")
    return _TABLES.get(rest, rest.lower())


def missing_of(granted: Iterable[str], needed: Iterable[Privilege] = NEEDED) -> tuple[Privilege, ...]:
    """Those that are needed and not granted; the case of a name means nothing."""
    present = {name.casefold() for name in granted}
    return tuple(item for item in needed if item.name.casefold() not in present)
