"""What else decides about a contract: approvals to come, deactivated customers, headers and their parts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from connector.emulator.store import Transaction, Value
from connector.model.actual import TransactionClass
from connector.model.entry import ExpenseStatus, TimeEntryStatus
from connector.model.milestone import InvoiceStatus
from connector.model.reason import Reason
from connector.runner.invoicing import RunRequest
from connector.runner.read import stream_contracts
from connector.workflow import ContractSnapshot, LineSnapshot
from tests.runner.conftest import FIRST_RUN_DATE
from tests.runner.emulated import EXAMPLE, Emulated

OCTOBER_3 = datetime(2020, 10, 3, tzinfo=UTC)


def project_of(tx: Transaction, contract: str) -> Value:
    return tx.find("salesorderdetail", {"salesorderid": contract})[0]["msdyn_project"]


def line_of(snapshot: ContractSnapshot, title: str) -> LineSnapshot:
    return next(line for line in snapshot.lines if line.line.title == title)


def read(world: Emulated, name: str) -> ContractSnapshot:
    [found] = stream_contracts(world.client, world.tables, [world.contract(name).id])
    return found


def test_what_was_handed_in_comes_with_the_lines_of_its_project(world: Emulated) -> None:
    """T1: time goes to lines that include time, expenses to those that include expenses, drafts nowhere."""
    contract = world.contract(EXAMPLE).id
    with world.emulator.store.transaction() as tx:
        project = project_of(tx, contract)
        for status in TimeEntryStatus:
            time = {"msdyn_project": project, "msdyn_date": OCTOBER_3, "msdyn_entrystatus": int(status)}
            tx.insert("msdyn_timeentry", time)
        for spent in ExpenseStatus:
            tx.insert(
                "msdyn_expense",
                {
                    "msdyn_project": project,
                    "msdyn_transactiondate": OCTOBER_3,
                    "msdyn_expensestatus": int(spent),
                },
            )
    found = read(world, EXAMPLE)
    work, expenses = line_of(found, "Implementation work"), line_of(found, "Expenses incurred")
    assert [one.transaction_class for one in work.unapproved] == [TransactionClass.TIME] * 2
    assert [one.transaction_class for one in expenses.unapproved] == [TransactionClass.EXPENSE]
    assert line_of(found, "Prototype work").unapproved == ()
    [outcome] = world.preview(FIRST_RUN_DATE, contract)
    told = {(one.name, one.reason, one.count) for one in outcome.skips}
    assert ("Implementation work", Reason.AWAITING_APPROVAL, 2) in told
    assert ("Expenses incurred", Reason.AWAITING_APPROVAL, 1) in told


def test_a_deactivated_customer_is_known(world: Emulated) -> None:
    """G2: the accounts of transactions and shares are looked at, and the preview leaves the inactive out."""
    with world.emulator.store.transaction() as tx:
        [account] = tx.find("account", {"name": "Litware, Inc."})
        tx.update("account", str(account["accountid"]), {"statecode": 1, "statuscode": 2})
    found = read(world, "Fabrikam and Litware")
    assert found.inactive_customers == {str(account["accountid"])}
    [outcome] = world.preview(FIRST_RUN_DATE, found.contract.id)
    assert [one.invoice.total for one in outcome.invoices] == [Decimal("813.33")]
    [told] = [one for one in outcome.skips if one.reason is Reason.NO_CUSTOMER]
    assert told.amount == Decimal("542.22")
    assert "Litware, Inc. is deactivated" in told.message


def test_the_parts_of_a_header_are_billed_and_the_header_is_not(world: Emulated) -> None:
    """G7: names that only the environment knows are found by their labels; the money is billed once."""
    contract = world.contract("Proseware").id
    with world.emulator.store.transaction() as tx:
        [ready] = [
            row
            for row in tx.find("msdyn_contractlinescheduleofvalue", {"msdyn_contract": contract})
            if row["msdyn_invoicestatus"] == InvoiceStatus.READY_FOR_INVOICING
        ]
        header = str(ready["msdyn_contractlinescheduleofvalueid"])
        part = {name: value for name, value in ready.items() if name.startswith(("msdyn_", "trans"))}
        part |= {
            "msdyn_contractlinescheduleofvalueid": None,
            "msdyn_amount": Decimal(1000),
            "msdyn_tax": Decimal(0),
            "emu_headermilestone": header,
        }
        tx.insert(
            "msdyn_contractlinescheduleofvalue",
            {name: value for name, value in part.items() if value is not None},
        )
    found = read(world, "Proseware")
    parts = [one for line in found.lines for one in line.milestones if one.header]
    assert [(one.header, one.amount) for one in parts] == [(header, Decimal(1000))]
    [outcome] = world.run(RunRequest(on=FIRST_RUN_DATE, contracts=(contract,)))
    assert [one.invoice.total for one in outcome.invoices] == [Decimal(1000)]
