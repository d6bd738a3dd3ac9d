"""The retainer with values alone: a plug-in needs no environment, no server and no mocks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from example_retainer.retainer import RETAINER, Retainer

from connector.model.contract_line import ContractLine
from connector.model.invoice_schedule import InvoiceSchedule, RunStatus
from connector.model.invoicing_rules import InvoicingRules
from connector.model.project_contract import ProjectContract
from connector.workflow import ContractSnapshot, LineSnapshot, Run

OCTOBER, NOVEMBER = date(2020, 10, 1), date(2020, 11, 1)


def run_on(day: date, *, takes_missed: bool = False) -> Run:
    return Run(day, day, ZoneInfo("UTC"), InvoicingRules(), (Retainer(),), takes_missed=takes_missed)


def row(id: str, day: date) -> InvoiceSchedule:
    return InvoiceSchedule(id=id, invoice_run_date=day, run_status=RunStatus.NOT_RUN)


LINE = LineSnapshot(
    line=ContractLine(id="care", name="Care", billing_method=RETAINER, price_per_unit=Decimal("1500.00")),
    schedule=(row("october", OCTOBER), row("november", NOVEMBER)),
)
CONTRACT = ContractSnapshot(ProjectContract(id="c", customer="buyer", currency="eur"), lines=(LINE,))


def test_a_month_is_billed_on_its_run_date() -> None:
    """The price of the line, once, with the row behind it."""
    bill = Retainer().bill(LINE, CONTRACT, run_on(OCTOBER))
    assert [one.detail.amount for one in bill.charges] == [Decimal("1500.00")]
    assert bill.due == {OCTOBER: ("october",)}


def test_between_run_dates_it_says_when_the_next_one_is() -> None:
    """A line that is scheduled and not billed owes its reader a reason."""
    bill = Retainer().bill(LINE, CONTRACT, run_on(date(2020, 10, 2)))
    assert not bill.charges
    assert [one.until for one in bill.skips] == [NOVEMBER]


def test_missed_months_are_each_billed_under_their_own_date() -> None:
    """Catching up makes an invoice for each run date."""
    bill = Retainer().bill(LINE, CONTRACT, run_on(date(2020, 11, 5), takes_missed=True))
    assert sorted(bill.due) == [OCTOBER, NOVEMBER]


def test_it_claims_its_own_billing_method_only() -> None:
    """Two methods that claim one line would leave it unbilled."""
    assert Retainer().claims(LINE.line, InvoicingRules())
    assert not Retainer().claims(ContractLine(id="other"), InvoicingRules())
