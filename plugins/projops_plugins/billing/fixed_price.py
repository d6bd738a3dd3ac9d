"""Fixed price: milestones that are completed and marked ready (rules L2, L6, T6 and G2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.hooks import hookimpl
from connector.model.contract_line import BillingMethodChoice, ContractLine
from connector.model.invoicing_rules import InvoicingRules
from connector.workflow import Bill, BillingMethod, ContractSnapshot, LineSnapshot, Run
from projops_plugins.billing.milestone_billing import bill_milestones
from projops_plugins.billing.time_and_material import is_project_line


@dataclass(frozen=True, slots=True)
class FixedPrice:
    name: str = "fixed_price"

    def claims(self, line: ContractLine, rules: InvoicingRules) -> bool:
        return is_project_line(line, BillingMethodChoice.FIXED_PRICE) and not is_by_progress(line, rules)

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill:
        return bill_milestones(line, contract, run)


def is_by_progress(line: ContractLine, rules: InvoicingRules) -> bool:
    """Rule G7: by the line's Invoice Schedule Type, where the setting says which value means that."""
    progress = rules.progress_schedule_type
    return progress is not None and line.invoice_schedule_type == progress


@hookimpl
def projops_billing_methods() -> Iterable[BillingMethod]:
    return (FixedPrice(),)
