"""msdyn_projectcontractsplitbillingrule: a customer of a contract and its share.

Public documents name the table and one of its columns; the others are known by their labels only.
The table of a contract line's customers has no public name at all: its logical name is a role.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import field

from connector.model.table import Record, Table

CONTRACT_LINE_CUSTOMER_ROLE = "contract_line_customer"
CONTRACT_LINE_CUSTOMER_LABEL = "Project Contract Line Customer"


class ContractCustomer(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_projectcontractsplitbillingruleid")
    contract: str | None = field(name="?:contract", default=None)
    account: str | None = field(name="?:account", default=None)
    contact: str | None = field(name="?:contact", default=None)
    split_percent: Decimal | None = field(name="?:split_percent", default=None)
    is_rounding: bool | None = field(name="?:is_rounding", default=None)

    @property
    def customer(self) -> str | None:
        return self.account or self.contact


class ContractLineCustomer(Record, frozen=True, kw_only=True, gc=False):
    id: str | None = field(name="?:id", default=None)
    contract_line: str | None = field(name="?:contract_line", default=None)
    account: str | None = field(name="?:account", default=None)
    contact: str | None = field(name="?:contact", default=None)
    split_percent: Decimal | None = field(name="?:split_percent", default=None)
    is_rounding: bool | None = field(name="?:is_rounding", default=None)

    @property
    def customer(self) -> str | None:
        return self.account or self.contact


_LABELS = {
    "account": "Account",
    "contact": "Contact",
    "split_percent": "Billing split percent",
    "is_rounding": "Is Rounding",
}
CONTRACT_CUSTOMER = Table(
    ContractCustomer,
    logical_name="msdyn_projectcontractsplitbillingrule",
    entity_set="msdyn_projectcontractsplitbillingrules",
    key="msdyn_projectcontractsplitbillingruleid",
    labels={"contract": "Contract", **_LABELS},
)
CONTRACT_LINE_CUSTOMER = Table(
    ContractLineCustomer,
    logical_name="",
    entity_set="",
    key="",
    labels={"id": CONTRACT_LINE_CUSTOMER_LABEL, "contract_line": "Contract Line", **_LABELS},
)
