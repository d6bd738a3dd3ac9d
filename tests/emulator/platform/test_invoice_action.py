"""The action msdyn_createinvoicefrominvoiceschedule, and the release of a draft's sources."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
import requests

from connector.emulator.seed.documented_example import NAME
from tests.emulator.platform.world import World

ROWS = "msdyn_contractlineinvoiceschedules"
ACTION = "msdyn_createinvoicefrominvoiceschedule"
NOT_RUN, RUN_SUCCESSFUL = 192350000, 192350001


def contract(world: World, name: str = NAME) -> str:
    return str(world.rows("salesorders", f"name eq '{name}'")[0]["salesorderid"])


def rows_of(world: World, line: str) -> list[str]:
    """The schedule rows of a line by its name, oldest run date first."""
    (found,) = world.rows("salesorderdetails", f"salesorderdetailname eq '{line}'")
    filter = f"_msdyn_contractlineid_value eq {found['salesorderdetailid']}"
    return [row[f"{ROWS[:-1]}id"] for row in world.rows(ROWS, filter, "msdyn_invoicerundate")]


def invoice(world: World, contract: str, rows: Sequence[str]) -> requests.Response:
    items = [
        {"@odata.type": "Microsoft.Dynamics.CRM.msdyn_contractlineinvoiceschedule", f"{ROWS[:-1]}id": id}
        for id in rows
    ]
    return world.action("salesorders", contract, ACTION, {"InvoiceSchedules": items})


def test_exactly_the_given_rows_are_invoiced_whatever_their_date(sample: World) -> None:
    """On 3 October the rows of 5 October of two lines make one invoice; 204, and the others stay."""
    first = [rows_of(sample, "Implementation work")[0], rows_of(sample, "Prototype work")[0]]
    answer = invoice(sample, contract(sample), first)
    assert (answer.status_code, answer.content) == (204, b"")
    (created,) = sample.rows("invoices")
    assert created["totalamount"] == Decimal("6200")  # 5,000 and the 1,200 of 3 October: the 4th is to come
    statuses = {row[f"{ROWS[:-1]}id"]: row["msdyn_invoicerunstatus"] for row in sample.rows(ROWS)}
    assert {id for id, status in statuses.items() if status == RUN_SUCCESSFUL} == set(first)


def test_a_second_call_finds_nothing_left(sample: World) -> None:
    """The action is not idempotent by itself, but a row that has run is passed over."""
    rows = rows_of(sample, "Prototype work")[:1]
    assert invoice(sample, contract(sample), rows).status_code == 204
    assert invoice(sample, contract(sample), rows).status_code == 204
    assert len(sample.rows("invoices")) == 1


def test_calls_at_the_same_time_make_one_invoice(sample: World) -> None:
    """While the action serialises on the contract, concurrent calls invoice a row once."""
    order, rows = contract(sample), rows_of(sample, "Prototype work")[:1]
    statuses: list[int] = []
    callers = [
        threading.Thread(target=lambda: statuses.append(invoice(sample, order, rows).status_code))
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert statuses == [204] * 4
    assert len(sample.rows("invoices")) == 1


def test_without_serialising_calls_at_one_instant_invoice_twice(sample: World) -> None:
    """The other reading: calls at the same time do not see each other's work; a later one does."""
    sample.emulator.change_switches(is_action_serialising=False)
    order = contract(sample)
    rows = [rows_of(sample, "Prototype work")[0], rows_of(sample, "Implementation work")[0]]
    invoice(sample, order, rows)
    invoice(sample, order, rows)
    assert [row["totalamount"] for row in sample.rows("invoices")] == [Decimal(6200), Decimal(6200)]
    sample.advance(seconds=1)
    invoice(sample, order, rows)
    assert len(sample.rows("invoices")) == 2


def test_rows_of_another_contract_are_refused(sample: World) -> None:
    """A row that belongs to no line of the contract is 400 and names it; nothing is written."""
    foreign = rows_of(sample, "Shop rollout")
    answer = invoice(sample, contract(sample), [*rows_of(sample, "Prototype work")[:1], *foreign])
    assert answer.status_code == 400
    assert foreign[0] in answer.text
    assert sample.rows("invoices") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"InvoiceSchedules": []},
        {"InvoiceSchedules": None},
        {"InvoiceSchedules": "x"},
        {"InvoiceSchedules": [1]},
        {"InvoiceSchedules": [{}]},
        {"InvoiceSchedules": [{"@odata.id": "salesorders(11111111-1111-1111-1111-111111111111)"}]},
        {"Other": []},
    ],
)
def test_bad_parameters_are_refused(sample: World, body: dict[str, Any]) -> None:
    """Anything but a collection of schedule rows is 400."""
    assert sample.action("salesorders", contract(sample), ACTION, body).status_code == 400


def test_the_action_wants_the_billing_privileges(sample: World) -> None:
    """Without prvCreateInvoice the caller gets 403."""
    order, rows = contract(sample), rows_of(sample, "Prototype work")[:1]
    sample.emulator.change_privileges({"take": ["prvCreateInvoice"]})
    assert invoice(sample, order, rows).status_code == 403


def test_a_contract_that_fails_is_an_error_of_the_action(sample: World) -> None:
    """What makes the job's run fail makes the action answer 400, and writes nothing."""
    order, rows = contract(sample), rows_of(sample, "Prototype work")[:1]
    sample.emulator.change_switches(failing_contracts=[order])
    assert invoice(sample, order, rows).status_code == 400
    assert sample.rows("invoices") == []


def test_actions_of_invoices_are_named_when_refused(sample: World) -> None:
    """What is published by name alone, such as msdyn_PostInvoice, is 501 with that name."""
    invoice(sample, contract(sample), rows_of(sample, "Prototype work")[:1])
    (created,) = sample.rows("invoices")
    answer = sample.action("invoices", created["invoiceid"], "msdyn_PostInvoice", {})
    assert answer.status_code == 501
    assert "msdyn_PostInvoice" in answer.text


def test_deleting_a_draft_releases_its_sources(sample: World) -> None:
    """Actuals, milestones and products are ready again, connections gone, rows Not Run (rule G8)."""
    sample.start("ProcessRunCaller", sample.create_batch_job())
    before = snapshot(sample)
    sample.advance(days=2, hours=1)
    assert snapshot(sample) != before
    for row in sample.rows("invoices"):
        assert sample.request("DELETE", f"invoices({row['invoiceid']})").status_code == 204
    assert snapshot(sample) == before
    for entity_set in ("msdyn_transactionconnections", "invoicedetails", "msdyn_invoicelinetransactions"):
        assert sample.rows(entity_set) == []


def test_a_confirmed_invoice_is_not_deleted(sample: World) -> None:
    """Only a draft can be deleted; what it billed stays billed."""
    invoice(sample, contract(sample), rows_of(sample, "Prototype work")[:1])
    (created,) = sample.rows("invoices")
    sample.patch("invoices", created["invoiceid"], {"msdyn_projectinvoicestatus": 192350002})
    assert sample.request("DELETE", f"invoices({created['invoiceid']})").status_code == 400
    assert len(sample.rows("invoices")) == 1


def snapshot(world: World) -> dict[str, list[Any]]:
    """The statuses of everything that can be invoiced, in the order of ids."""
    return {
        "actuals": [
            (r["msdyn_billingstatus"], r["_msdyn_invoice_value"]) for r in world.rows("msdyn_actuals")
        ],
        "milestones": [r["msdyn_invoicestatus"] for r in world.rows("msdyn_contractlinescheduleofvalues")],
        "products": [r["msdyn_billingstatus"] for r in world.rows("salesorderdetails")],
        "rows": [(r["msdyn_invoicerunstatus"], r["_msdyn_invoice_value"]) for r in world.rows(ROWS)],
    }
