"""What a run says: a stream that other programs rely on, and lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema

from connector.model.actual import BillingType, TransactionClass
from connector.model.invoicing_rules import InvoicingRules
from connector.model.reason import Reason
from connector.runner.outcome import (
    ContractOutcome,
    Failure,
    Header,
    InvoiceOutcome,
    InvoiceRun,
    InvoiceState,
    RunZone,
)
from connector.runner.report import Totals, as_stream, as_text, counted
from connector.workflow import ACTUAL, PRODUCT_LINE, CreateInvoice, InvoiceDetail, InvoiceLine, Skip

IDS = [f"00000000-0000-0000-0000-00000000000{digit}" for digit in range(10)]
CONTRACT, CUSTOMER, LINE, OTHER_LINE, SOURCE, INVOICE = IDS[:6]
ON = date(2020, 10, 5)
SCHEMA = resources.files("connector.console") / "schemas" / "run.json"
KINDS = {"invoice": "invoices", "skipped": "skipped", "failed": "failed", "on_apply": "on_apply"}


def header(**more: Any) -> Header:
    values: dict[str, Any] = {
        "on": ON,
        "today": ON,
        "zone": RunZone(ZoneInfo("Europe/Berlin"), "the setting time_zone"),
        "rules": InvoicingRules(),
        "is_applied": False,
        "takes_missed": False,
    }
    return Header(**{**values, **more})


def invoice(code: str = "USD") -> CreateInvoice:
    work = InvoiceDetail(
        ACTUAL, SOURCE, TransactionClass.TIME, BillingType.CHARGEABLE, Decimal("1000.1"), tax=Decimal("0.05")
    )
    gift = InvoiceDetail(ACTUAL, SOURCE, TransactionClass.FEE, BillingType.COMPLIMENTARY, Decimal("9.1234"))
    box = InvoiceDetail(PRODUCT_LINE, OTHER_LINE, None, BillingType.CHARGEABLE, Decimal(7))
    lines = (
        InvoiceLine(LINE, "Work", "time_and_material", (work, gift)),
        InvoiceLine(OTHER_LINE, "Box", "product", (box,)),
    )
    return CreateInvoice(CONTRACT, "Adatum", CUSTOMER, IDS[9], code, ON, lines)


def outcome() -> ContractOutcome:
    return ContractOutcome(
        contract=CONTRACT,
        contract_name="Adatum",
        invoices=(InvoiceOutcome(invoice(), InvoiceState.CREATED, INVOICE),),
        skips=(
            Skip(CONTRACT, Reason.AFTER_CUT_OFF, "Too late.", LINE, "Work", ON, 3, Decimal("12.5"), "USD"),
            Skip(CONTRACT, Reason.NO_SCHEDULE, "None."),
        ),
        failures=(Failure(CONTRACT, "Adatum", Reason.CONFLICT, "It changed.", ON),),
        digits={"USD": 2},
    )


def run(*outcomes: ContractOutcome, **more: Any) -> InvoiceRun:
    return InvoiceRun(header(**more), iter(outcomes))


def test_text_shows_apart_what_apply_would_create() -> None:
    """A preview whose --apply takes up missed run dates shows both plans, and adds each up by itself."""
    first, other = outcome(), replace(invoice(), invoice_run_date=date(2020, 9, 5))
    differing = replace(first, on_apply=(invoice(), other))
    lines = list(as_text(run(first, differing)))
    assert sum("With --apply would be created this instead" in line for line in lines) == 1
    assert any(line.startswith("    + invoice of 2020-09-05") for line in lines)
    assert any(line.startswith("Would be invoiced: 2 invoices") for line in lines)
    assert any(line.startswith("With --apply would be created: 3 invoices") for line in lines)
    assert not any("--apply" in line for line in as_text(run(outcome())))


def test_json_says_what_apply_would_create_where_that_differs() -> None:
    """A contract whose --apply differs has its invoices under on_apply; one that does not is not there."""
    other = replace(invoice(), invoice_run_date=date(2020, 9, 5))
    result = assembled(as_stream(run(outcome(), replace(outcome(), on_apply=(invoice(), other)))))
    (differing,) = result["on_apply"]
    assert differing["contract"] == CONTRACT
    assert [one["invoice_run_date"] for one in differing["invoices"]] == ["2020-10-05", "2020-09-05"]
    assert {one["state"] for one in differing["invoices"]} == {"planned"}
    jsonschema.validate(result, json.loads(SCHEMA.read_text()))


def assembled(stream: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The one object, as the console spools it from the stream."""
    result: dict[str, Any] = {
        "schema": "projops.run/1",
        "environment": "https://example.invalid",
        "generated_at": "2020-10-05T06:00:00Z",
        "digest": None,
        "stopped_by": None,
        **{name: [] for name in KINDS.values()},
    }
    for item in stream:
        kind = item.pop("kind")
        if kind in KINDS:
            result[KINDS[kind]].append(item)
        else:
            result.update(item)
    return result


def test_the_stream_makes_the_object_that_the_schema_describes() -> None:
    """Other programs rely on it, so it is held against the schema that is shipped."""
    jsonschema.validate(assembled(as_stream(run(outcome()))), json.loads(SCHEMA.read_text()))


def test_amounts_are_texts_with_the_currencys_digits() -> None:
    """Decimals, never floats; digits beyond the currency's are not thrown away."""
    [item] = assembled(as_stream(run(outcome())))["invoices"]
    assert item["total"] == "1007.15"
    work, box = item["lines"]
    assert (work["amount"], work["tax"]) == ("1000.10", "0.05")
    assert [detail["amount"] for detail in work["details"]] == ["1000.10", "9.1234"]
    assert (box["details"][0]["class"], box["amount"]) == (None, "7.00")
    assert work["details"][1]["billing_type"] == "complimentary"


def test_a_currency_without_decimals_shows_none() -> None:
    """Yen have no cents."""
    skip = Skip(CONTRACT, Reason.ADJUSTED, "", amount=Decimal(700), currency_code="JPY")
    yen = ContractOutcome(CONTRACT, "Adatum", skips=(skip,), digits={"JPY": 0})
    [item] = assembled(as_stream(run(yen)))["skipped"]
    assert item["amount"] == "700"


def test_the_choices_that_were_used_are_said() -> None:
    """S rules: every output names the value that it depends on, and what is not known."""
    unknown_zone = RunZone(ZoneInfo("UTC"), "the user has no time zone", is_known=False)
    result = assembled(as_stream(run(zone=unknown_zone, unknown=("Limits are not looked at.",))))
    assert result["rules"]["cut_off"] == "inclusive"
    assert result["rules"]["time_zone"] is None
    assert result["rules"]["takes_missed"] is False
    assert len(result["rules"]["unknown"]) == 2
    assert assembled(as_stream(run()))["rules"]["time_zone"] == "Europe/Berlin"


def test_the_stream_keeps_nothing() -> None:
    """A contract is out before the next one is asked for."""
    asked: list[int] = []

    def outcomes() -> Iterator[ContractOutcome]:
        for number in range(3):
            asked.append(number)
            yield outcome()

    stream = as_stream(InvoiceRun(header(), outcomes()))
    assert next(stream)["kind"] == "result"
    assert asked == []
    assert next(stream)["kind"] == "invoice"
    assert asked == [0]


def test_people_read_what_is_invoiced_and_why_the_rest_is_not() -> None:
    """Contract, invoice, lines, reasons, failures and the sums, in this order."""
    text = "\n".join(as_text(run(outcome(), ContractOutcome(IDS[8], "Silent"))))
    for words in (
        "Preview of 2020-10-05 (time zone Europe/Berlin",
        "Adatum",
        f"invoice {INVOICE} created of 2020-10-05: 1,007.15 USD",
        "Work (12.50 USD): Too late. [after_cut_off]",
        "contract: None. [no_schedule]",
        "failed 2020-10-05: It changed. [conflict]",
        "Would be invoiced: 1 invoice: 1,007.15 USD.",
        "2 reasons",
        "1 failure",
    ):
        assert words in text
    assert "Silent" not in text


def test_totals_are_kept_apart_by_currency() -> None:
    """G3: amounts of two currencies never add up."""
    totals = Totals()
    euros = ContractOutcome(CONTRACT, "", invoices=(InvoiceOutcome(invoice("EUR")),), digits={"EUR": 2})
    list(counted(run(outcome(), euros, euros), totals).outcomes)
    assert totals.in_words() == "3 invoices: 2,014.30 EUR, 1,007.15 USD"
    assert (totals.contracts, totals.failed) == (3, 1)


def test_people_read_tax_and_what_adds_nothing() -> None:
    """An amount says what of it is tax (T9), and a line which of its details are not chargeable (T5)."""
    text = "\n".join(as_text(run(outcome())))
    assert f"1,007.15 USD for customer {CUSTOMER}, 0.05 of it tax" in text
    assert "1,000.15 USD  2 details, 1 not chargeable" in text


def test_names_with_line_feeds_stay_on_one_line() -> None:
    """Whoever named a contract or a line does not decide about the layout."""
    odd = replace(outcome(), contract_name="Adatum,\nBerlin")
    skip = replace(odd.skips[0], name="Work\n\tthat waits")
    lines = list(as_text(run(replace(odd, skips=(skip,)))))
    assert "Adatum, Berlin" in lines
    assert any("- Work that waits" in line for line in lines)
    assert not any("\n" in line for line in lines)


def test_contracts_that_failed_are_named_at_the_end() -> None:
    """Of many the first twenty: they stand above, and nobody looks through a thousand contracts for them."""
    failed = [replace(outcome(), contract_name=f"Contract {number}") for number in range(22)]
    lines = list(as_text(run(*failed)))
    [told] = [line for line in lines if line.startswith("22 failures")]
    assert "Contract 0, Contract 1," in told
    assert told.endswith("Contract 19 and 2 more.")


def test_nothing_to_invoice_is_told_from_nothing_to_see() -> None:
    """No contract at all may be a matter of privileges; contracts that are not due are not."""
    told = "No project contract was found"
    assert any(line.startswith(told) for line in as_text(run()))
    quiet = ContractOutcome(contract=CONTRACT, contract_name="Adatum")
    assert not any(line.startswith(told) for line in as_text(run(quiet)))
