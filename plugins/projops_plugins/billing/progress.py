"""Fixed price by progress: a header and the parts that it is billed in (rules G2 and G7).

Who enters a next invoice percentage of 20 on a header of 1,000 and marks it ready gets two parts, 200
ready and 800 not; the job bills the part. Source: articles/proforma-invoicing/billing-hub.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.hooks import hookimpl
from connector.model.contract_line import BillingMethodChoice, ContractLine
from connector.model.invoicing_rules import InvoicingRules
from connector.workflow import HEADER_OF_MILESTONE, Bill, BillingMethod, ContractSnapshot, LineSnapshot, Run
from projops_plugins.billing.fixed_price import is_by_progress
from projops_plugins.billing.milestone_billing import bill_milestones
from projops_plugins.billing.time_and_material import is_project_line


@dataclass(frozen=True, slots=True)
class Progress:
    name: str = "progress"

    def claims(self, line: ContractLine, rules: InvoicingRules) -> bool:
        return is_project_line(line, BillingMethodChoice.FIXED_PRICE) and is_by_progress(line, rules)

    def bill(self, line: LineSnapshot, contract: ContractSnapshot, run: Run) -> Bill:
        """Where nobody knows which column names the header, milestones are billed as they stand."""
        is_told = HEADER_OF_MILESTONE not in contract.unknown
        return bill_milestones(line, contract, run, is_by_progress=is_told)


@hookimpl
def projops_billing_methods() -> Iterable[BillingMethod]:
    return (Progress(),)
