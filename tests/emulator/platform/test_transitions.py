"""States that do not go back: tables by hand, from the pages named at each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.platform.test_invoice_action import contract, invoice, rows_of
from tests.emulator.platform.world import World, refusal_of

DRAFT, IN_REVIEW, CONFIRMED, PAID = 192350000, 192350001, 192350002, 192350003
INVOICE_STATUSES = (
    # confirming is a one-way action: create-manual-proforma-invoice-sales.md
    (DRAFT, IN_REVIEW, True),
    (IN_REVIEW, DRAFT, True),
    (IN_REVIEW, CONFIRMED, True),
    (DRAFT, CONFIRMED, True),
    (CONFIRMED, PAID, True),
    (CONFIRMED, DRAFT, False),
    (CONFIRMED, IN_REVIEW, False),
    (PAID, CONFIRMED, False),
    (PAID, DRAFT, False),
)
OPEN, HOLD, ACTIVE, CLOSED = 192350000, 192350001, 192350002, 192350003
CONTRACT_STATES = (
    # "an active or closed contract can't be edited or reopened": confirm-contract-sales.md
    (OPEN, ACTIVE, True),
    (OPEN, CLOSED, True),
    (ACTIVE, CLOSED, True),
    (ACTIVE, HOLD, True),
    (HOLD, ACTIVE, True),
    (ACTIVE, OPEN, False),
    (HOLD, OPEN, False),
    (CLOSED, ACTIVE, False),
    (CLOSED, OPEN, False),
    (CLOSED, HOLD, False),
)


def an_invoice(world: World) -> str:
    invoice(world, contract(world), rows_of(world, "Implementation work")[:1])
    (created,) = world.rows("invoices")
    return str(created["invoiceid"])


@pytest.mark.parametrize(("start", "to", "is_allowed"), INVOICE_STATUSES)
def test_the_status_of_a_project_invoice(sample: World, start: int, to: int, is_allowed: bool) -> None:
    """Forward it goes; what is confirmed stays so, or is paid."""
    id = an_invoice(sample)
    with sample.emulator.store.transaction() as tx:
        tx.update("invoice", id, {"msdyn_projectinvoicestatus": start})
    answer = sample.request("PATCH", f"invoices({id})", {"msdyn_projectinvoicestatus": to})
    assert (answer.status_code == 204) is is_allowed, answer.text
    assert sample.row("invoices", id)["msdyn_projectinvoicestatus"] == (to if is_allowed else start)


def test_a_confirmed_invoice_is_read_only_with_all_its_parts(sample: World) -> None:
    """Neither its columns nor its lines and details are written or deleted any more."""
    id = an_invoice(sample)
    (line, *_) = sample.rows("invoicedetails")
    (detail, *_) = sample.rows("msdyn_invoicelinetransactions")
    sample.patch("invoices", id, {"msdyn_projectinvoicestatus": CONFIRMED})
    line_path = f"invoicedetails({line['invoicedetailid']})"
    detail_path = f"msdyn_invoicelinetransactions({detail['msdyn_invoicelinetransactionid']})"
    attempts: list[tuple[str, str, Any]] = [
        ("PATCH", f"invoices({id})", {"name": "Another"}),
        ("PATCH", line_path, {"quantity": 2}),
        ("PATCH", detail_path, {"msdyn_quantity": 2}),
        ("DELETE", line_path, None),
        ("DELETE", detail_path, None),
        ("POST", "invoicedetails", {"invoiceid@odata.bind": f"/invoices({id})", "productdescription": "x"}),
    ]
    for method, path, body in attempts:
        answer = sample.request(method, path, body)
        assert refusal_of(answer) == (400, "0x80040265"), (method, path)
    assert sample.row("invoicedetails", line["invoicedetailid"])["quantity"] == line["quantity"]


@pytest.mark.parametrize(("start", "to", "is_allowed"), CONTRACT_STATES)
def test_the_state_of_a_project_contract(sample: World, start: int, to: int, is_allowed: bool) -> None:
    """A confirmed one is no draft again, a closed one is not reopened."""
    id = contract(sample)
    with sample.emulator.store.transaction() as tx:
        tx.update("salesorder", id, {"msdyn_psastate": start})
    answer = sample.request("PATCH", f"salesorders({id})", {"msdyn_psastate": to})
    assert (answer.status_code == 204) is is_allowed, answer.text


def test_update_release_55_blocks_plain_writes_of_actuals(sample: World) -> None:
    """Off they are written; on, creating and changing is 400 with the sentence of the page."""
    (actual, *_) = sample.rows("msdyn_actuals")
    path = f"msdyn_actuals({actual['msdyn_actualid']})"
    body = {"msdyn_transactiontypecode": 192350005, "msdyn_transactionclassification": 192350000}
    dated = body | {"msdyn_documentdate": "2020-10-03"}
    sample.patch("msdyn_actuals", actual["msdyn_actualid"], {"msdyn_billingstatus": 192350004})
    sample.emulator.change_switches(is_update_release_55=True)
    changed = sample.request("PATCH", path, {"msdyn_billingstatus": 192350000})
    created = sample.request("POST", "msdyn_actuals", dated)
    for answer in (changed, created):
        assert refusal_of(answer) == (400, "0x80040265")
        assert "doesn't support creating actuals either manually" in answer.text
    assert sample.row("msdyn_actuals", actual["msdyn_actualid"])["msdyn_billingstatus"] == 192350004


def test_update_release_55_lets_the_platform_itself_go_on(sample: World) -> None:
    """The invoice action moves billing statuses as before."""
    sample.emulator.change_switches(is_update_release_55=True)
    an_invoice(sample)
    assert sample.rows("msdyn_actuals", "msdyn_billingstatus eq 192350001")


def test_update_release_55_keeps_the_class_of_a_detail(sample: World) -> None:
    """A detail's quantity may change on a draft, its transaction classification may not."""
    an_invoice(sample)
    (detail, *_) = sample.rows("msdyn_invoicelinetransactions")
    path = f"msdyn_invoicelinetransactions({detail['msdyn_invoicelinetransactionid']})"
    sample.emulator.change_switches(is_update_release_55=True)
    assert sample.request("PATCH", path, {"msdyn_quantity": 3}).status_code == 204
    answer = sample.request("PATCH", path, {"msdyn_transactionclassification": 192350001})
    assert refusal_of(answer) == (400, "0x80040265")
