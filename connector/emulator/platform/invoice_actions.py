"""The action by which the job invoices one contract; new_invoice.py has the one of the button."""

from __future__ import annotations

from typing import Any

from connector.emulator.platform.privileges import missing_for_invoicing, require
from connector.emulator.platform.runs import InvoicingFailed, invoice_contract, make_run
from connector.emulator.platform.switches import read_switches
from connector.emulator.platform.words import CONTRACT, CONTRACT_LINE, SCHEDULE_ROW
from connector.emulator.problems import (
    BUSINESS_ERROR,
    INVALID_ARGUMENT,
    ODataError,
    bad_request,
    row_not_found,
)
from connector.emulator.registry import Call
from connector.emulator.store import Transaction
from connector.hooks import Plugins

PROCESS_RUNNER = "ProcessRunner"
PARAMETER = "InvoiceSchedules"


class CreateInvoiceFromInvoiceSchedule:
    """POST salesorders(id)/Microsoft.Dynamics.CRM.msdyn_createinvoicefrominvoiceschedule

    {"InvoiceSchedules": [{"@odata.type": "Microsoft.Dynamics.CRM.msdyn_contractlineinvoiceschedule",
    "msdyn_contractlineinvoicescheduleid": guid}, …]}: invoices exactly these rows of the contract,
    whatever their dates, as ProcessRunner would. Returns nothing (204). A row that has run already is
    passed over, so a second call finds nothing left, as long as the switch `is_action_serialising` is on.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def __call__(self, tx: Transaction, call: Call) -> None:
        contract = contract_of(tx, call)
        require(tx, call.caller, *missing_for_invoicing(tx, call.caller))
        rows = frozenset(_row(tx, call, item, contract) for item in _items(call))
        run = make_run(tx, self._plugins, call.caller, takes_missed=True, only_rows=rows)
        workflow = self._plugins.workflow(PROCESS_RUNNER)
        is_blind = not read_switches(tx).is_action_serialising
        try:
            invoice_contract(tx, workflow, contract, run, call.caller, is_blind=is_blind)
        except InvoicingFailed as error:
            raise ODataError(400, BUSINESS_ERROR, str(error)) from error


def contract_of(tx: Transaction, call: Call) -> str:
    """The contract that an action is called on; 404 when there is none."""
    assert call.id is not None
    if tx.get(CONTRACT, call.id) is None:
        raise row_not_found(CONTRACT, call.id)
    return call.id


def _items(call: Call) -> list[Any]:
    if unknown := set(call.body) - {PARAMETER}:
        raise bad_request(f"The parameter '{min(unknown)}' in the request payload is not a valid parameter.")
    items = call.body.get(PARAMETER)
    if not isinstance(items, list) or not items:
        message = f"{PARAMETER}: a collection of at least one {SCHEDULE_ROW} is expected."
        raise bad_request(message, INVALID_ARGUMENT)
    return items


def _row(tx: Transaction, call: Call, item: Any, contract: str) -> str:
    """The id of one schedule row, which must belong to a line of the contract."""
    reference = call.resolve(item)
    if reference.table != SCHEDULE_ROW:
        message = f"{PARAMETER} takes {SCHEDULE_ROW} records, not {reference.table}."
        raise bad_request(message, INVALID_ARGUMENT)
    row = tx.get(SCHEDULE_ROW, reference.id)
    if row is None:
        raise row_not_found(SCHEDULE_ROW, reference.id)
    line = tx.get(CONTRACT_LINE, str(row["msdyn_contractlineid"]))
    if line is None or line["salesorderid"] != contract:
        message = f"The schedule row {reference.id} does not belong to the contract {contract}."
        raise bad_request(message, BUSINESS_ERROR)
    return reference.id
