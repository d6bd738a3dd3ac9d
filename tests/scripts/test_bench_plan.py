"""The contracts that planning is measured with are worth planning."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.plan.contracts import ACTUALS_OF_CONTRACT, contracts, run
from connector.hooks import load_plugins
from connector.runner.plan import plan_contracts


def test_each_measured_contract_makes_one_invoice_of_all_its_lines() -> None:
    """Four lines with 14 of 20 transactions up to the cut-off, and a milestone: the rest waits."""
    workflow = load_plugins().workflow("ProcessRunner")
    plans = list(plan_contracts(contracts(3), workflow, run()))
    assert ACTUALS_OF_CONTRACT == 80
    for plan in plans:
        [invoice] = plan.invoices
        details = [detail for line in invoice.lines for detail in line.details]
        assert len(details) == 4 * 14 + 1
        assert invoice.total > Decimal(5000)
        assert {skip.count for skip in plan.skips} == {6}
