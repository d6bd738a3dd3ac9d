"""The model against what Microsoft has published of each table, as the emulator packages it."""

from __future__ import annotations

import json
import re
import types
import typing
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import pytest

from connector.model.actual import AdjustmentStatus, BillingType, TransactionClass, TransactionType
from connector.model.batch_job import Frequency, JobType
from connector.model.column_date import ColumnDate
from connector.model.contract_line import BillingMethodChoice, BillingStatus, LineType, ProductType
from connector.model.entry import ExpenseStatus, TimeEntryStatus
from connector.model.invoice import InvoiceState, ProjectInvoiceStatus
from connector.model.invoice_frequency import DaysOfRun, Period
from connector.model.invoice_schedule import RunStatus
from connector.model.milestone import InvoiceStatus
from connector.model.price_list import PriceContext
from connector.model.process import ProcessCategory, ProcessMode, ProcessState, ProcessType
from connector.model.progress import HeaderStatus
from connector.model.project_contract import ContractState, ContractStatusReason, OrderType
from connector.model.system_job import OPERATION_TYPE_WORKFLOW, JobState, JobStatus
from connector.model.table import UNRESOLVED, Table, logical_name_of
from connector.model.tables import DECLARED
from connector.model.user import AccessMode
from connector.model.workflow_log import StepStatus

NOT_AMONG_THE_PUBLISHED_FILES = {
    "timezonedefinition": "a platform table; its published reference is not among the files",
    "msdyn_projectcontractsplitbillingrule": "public pages give its name and a label for each column",
    "msdyn_timeentry": "named by CDM and the pages on time; its published reference is not among the files",
    "msdyn_expense": "published in 2017; its reference is not among the files",
    "": "the contract line's customers: no public page names the table",
}
PYTHON_TYPES: dict[str, type] = {
    "Uniqueidentifier": str,
    "String": str,
    "Memo": str,
    "EntityName": str,
    "Lookup": str,
    "Customer": str,
    "Owner": str,
    "Integer": int,
    "BigInt": int,
    "Picklist": int,
    "State": int,
    "Status": int,
    "Boolean": bool,
    "Money": Decimal,
    "Decimal": Decimal,
    "DateTime": datetime,
    # Managed properties come as a boolean where they are plain (`ismanaged`).
    "ManagedProperty": bool,
}
LOOKUPS = {"Lookup", "Customer", "Owner"}
CHOICES: dict[type[IntEnum], tuple[str, str]] = {
    AccessMode: ("systemuser", "accessmode"),
    AdjustmentStatus: ("msdyn_actual", "msdyn_adjustmentstatus"),
    BillingMethodChoice: ("salesorderdetail", "msdyn_billingmethod"),
    BillingStatus: ("msdyn_actual", "msdyn_billingstatus"),
    BillingType: ("msdyn_actual", "msdyn_billingtype"),
    ContractState: ("salesorder", "msdyn_psastate"),
    ContractStatusReason: ("salesorder", "msdyn_psastatusreason"),
    DaysOfRun: ("msdyn_invoicefrequency", "msdyn_daysofrun"),
    Frequency: ("msdyn_batchjob", "msdyn_frequency"),
    InvoiceState: ("invoice", "statecode"),
    InvoiceStatus: ("msdyn_contractlinescheduleofvalue", "msdyn_invoicestatus"),
    JobState: ("asyncoperation", "statecode"),
    JobStatus: ("asyncoperation", "statuscode"),
    JobType: ("msdyn_batchjob", "msdyn_jobtype"),
    LineType: ("salesorderdetail", "msdyn_linetype"),
    OrderType: ("salesorder", "msdyn_ordertype"),
    Period: ("msdyn_invoicefrequency", "msdyn_period"),
    ProcessCategory: ("workflow", "category"),
    ProcessMode: ("workflow", "mode"),
    ProcessState: ("workflow", "statecode"),
    ProcessType: ("workflow", "type"),
    ProductType: ("salesorderdetail", "producttypecode"),
    PriceContext: ("pricelevel", "msdyn_module"),
    ProjectInvoiceStatus: ("invoice", "msdyn_projectinvoicestatus"),
    RunStatus: ("msdyn_contractlineinvoiceschedule", "msdyn_invoicerunstatus"),
    StepStatus: ("workflowlog", "status"),
    TransactionClass: ("msdyn_actual", "msdyn_transactionclassification"),
    TransactionType: ("msdyn_actual", "msdyn_transactiontypecode"),
}
NOT_AMONG_THE_PUBLISHED_CHOICES = {
    TimeEntryStatus: "the pages on the time entry grid give the numbers; see connector.model.entry",
    ExpenseStatus: "the Web API reference of 2017 gives them; see connector.model.entry",
    HeaderStatus: "the words are documented, the numbers are the emulator's",
}
TAKEN_IN_PART = {ProcessCategory: "of the eight categories only workflows matter here"}

SHORTENED = {
    "PROJECT_SERVICE_LINE": "PROJECT_SERVICE",
    "FIELD_SERVICE_LINE": "FIELD_SERVICE",
    "REQUIRED_BUNDLE_PRODUCT": "REQUIRED_BUNDLE",
    "OPTIONAL_BUNDLE_PRODUCT": "OPTIONAL_BUNDLE",
    "INVOICE_PAID": "PAID",
}
"""Labels that repeat what the enum's own name says already."""


@cache
def published() -> dict[str, dict[str, Any]]:
    folder = files("connector.emulator") / "schema"
    tables = [json.loads(item.read_text("utf-8")) for item in folder.iterdir() if item.name.endswith(".json")]
    return {table["logical_name"]: table for table in tables}


def column_of(table: str, name: str) -> dict[str, Any] | None:
    return next((c for c in published()[table]["columns"] if c["name"] == name), None)


def tables() -> list[Table[Any]]:
    exempt = NOT_AMONG_THE_PUBLISHED_FILES
    return [table for _, table in DECLARED._items() if table.logical_name not in exempt]


def declared_fields() -> list[tuple[Table[Any], str, str]]:
    """Each table with the name of a field and its JSON name; roles have no column to compare with."""
    return [
        (table, item.name, item.encode_name)
        for table in tables()
        for item in msgspec.structs.fields(table.record)
        if not item.encode_name.startswith(("@", UNRESOLVED))
    ]


def python_type(table: Table[Any], name: str) -> type:
    hint = typing.get_type_hints(table.record)[name]
    if isinstance(hint, types.UnionType):
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    assert isinstance(hint, type)
    return hint


def enums_of_the_model() -> set[type[IntEnum]]:
    return {kind for kind in IntEnum.__subclasses__() if kind.__module__.startswith("connector.model.")}


def words(label: str) -> str:
    """A label as a member's name; remarks in brackets ("(deprecated)") are no part of it."""
    label = re.sub(r"\(.*?\)", "", label)
    name = re.sub(r"[^A-Z0-9]+", "_", label.upper()).strip("_")
    return SHORTENED.get(name, name)


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.logical_name)
def test_key_and_entity_set_are_the_published_ones(table: Table[Any]) -> None:
    """A table's key and entity set are those that its reference gives."""
    facts = published()[table.logical_name]
    assert (table.entity_set, table.key) == (facts["entity_set"], facts["primary_id"])


@pytest.mark.parametrize(
    ("table", "name", "property_name"),
    declared_fields(),
    ids=lambda value: value.logical_name if isinstance(value, Table) else str(value),
)
def test_each_declared_field_is_a_published_column_of_a_fitting_type(
    table: Table[Any], name: str, property_name: str
) -> None:
    """A declared field has a published column, the type that its values decode into, and a lookup's name."""
    column = column_of(table.logical_name, logical_name_of(property_name))
    assert column is not None, f"{table.logical_name} has no published column {property_name}"
    kind = python_type(table, name)
    if column.get("format") == "DateOnly":
        assert kind is ColumnDate
    assert (datetime if kind is ColumnDate else kind) is PYTHON_TYPES[column["type"]]
    is_written_as_lookup = property_name != logical_name_of(property_name)
    assert is_written_as_lookup is (column["type"] in LOOKUPS)
    assert column.get("read", True)


@pytest.mark.parametrize("logical_name", [name for name in NOT_AMONG_THE_PUBLISHED_FILES if name])
def test_an_exempt_table_is_one_that_is_really_not_published(logical_name: str) -> None:
    """A table is exempt from the comparison only as long as no published file holds it."""
    assert logical_name not in published()


def test_every_choice_of_the_model_is_held_against_its_column() -> None:
    """No enum of the model escapes the comparison with the published options."""
    assert enums_of_the_model() == set(CHOICES) | set(NOT_AMONG_THE_PUBLISHED_CHOICES)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.__name__)
def test_choices_have_the_published_values_and_labels(choice: type[IntEnum]) -> None:
    """An enum has the values of the published options, and its members carry their labels' words."""
    column = column_of(*CHOICES[choice])
    assert column is not None
    options = {int(value): words(label) for value, label in column["options"].items()}
    ours = {int(member): member.name for member in choice}
    if choice in TAKEN_IN_PART:
        options = {value: label for value, label in options.items() if value in ours}
    assert ours == options


def test_a_workflow_is_operation_type_10() -> None:
    """The operation type that marks a system job as a workflow is the published one."""
    column = column_of("asyncoperation", "operationtype")
    assert column is not None
    assert column["options"][str(OPERATION_TYPE_WORKFLOW)] == "Workflow"
