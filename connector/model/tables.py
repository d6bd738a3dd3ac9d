"""All tables that the job touches, as declared or as an environment has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from connector.model.account import ACCOUNT, Account
from connector.model.actual import ACTUAL, Actual
from connector.model.batch_job import BATCH_JOB, BatchJob
from connector.model.contract_customer import (
    CONTRACT_CUSTOMER,
    CONTRACT_LINE_CUSTOMER,
    CONTRACT_LINE_CUSTOMER_ROLE,
    ContractCustomer,
    ContractLineCustomer,
)
from connector.model.contract_line import CONTRACT_LINE, ContractLine
from connector.model.currency import CURRENCY, Currency
from connector.model.entry import EXPENSE, TIME_ENTRY, Expense, TimeEntry
from connector.model.invoice import INVOICE, Invoice
from connector.model.invoice_frequency import (
    INVOICE_FREQUENCY,
    INVOICE_FREQUENCY_DETAIL,
    InvoiceFrequency,
    InvoiceFrequencyDetail,
)
from connector.model.invoice_line import INVOICE_LINE, InvoiceLineRecord
from connector.model.invoice_line_detail import INVOICE_LINE_DETAIL, InvoiceLineDetail
from connector.model.invoice_schedule import INVOICE_SCHEDULE, InvoiceSchedule
from connector.model.milestone import MILESTONE, Milestone
from connector.model.organization import ORGANIZATION, Organization
from connector.model.organizational_unit import ORGANIZATIONAL_UNIT, OrganizationalUnit
from connector.model.price_list import (
    CONTRACT_PRICE_LIST,
    PRICE_LIST,
    ROLE_PRICE,
    ContractPriceList,
    PriceList,
    RolePrice,
)
from connector.model.process import PROCESS, Process
from connector.model.project_contract import PROJECT_CONTRACT, ProjectContract
from connector.model.security_role import SECURITY_ROLE, SecurityRole
from connector.model.solution import SOLUTION, Solution
from connector.model.system_job import SYSTEM_JOB, SystemJob
from connector.model.table import LiveTable, Table
from connector.model.time_zone import TIME_ZONE_DEFINITION, TimeZoneDefinition
from connector.model.transaction_connection import (
    TRANSACTION_CONNECTION,
    TransactionConnection,
)
from connector.model.user import USER, USER_SETTINGS, User, UserSettings
from connector.model.utilization import (
    RECORDED_HOURS,
    RESOURCE_ROLE,
    RecordedHours,
    ResourceRole,
)
from connector.model.workflow_log import WORKFLOW_LOG, WorkflowLog


class LiveTableWithKey(LiveTable, Protocol):
    @property
    def primary_id(self) -> str: ...


@dataclass(frozen=True)
class Tables:
    batch_job: Table[BatchJob] = BATCH_JOB
    process: Table[Process] = PROCESS
    system_job: Table[SystemJob] = SYSTEM_JOB
    workflow_log: Table[WorkflowLog] = WORKFLOW_LOG
    project_contract: Table[ProjectContract] = PROJECT_CONTRACT
    contract_line: Table[ContractLine] = CONTRACT_LINE
    invoice_schedule: Table[InvoiceSchedule] = INVOICE_SCHEDULE
    milestone: Table[Milestone] = MILESTONE
    invoice_frequency: Table[InvoiceFrequency] = INVOICE_FREQUENCY
    invoice_frequency_detail: Table[InvoiceFrequencyDetail] = INVOICE_FREQUENCY_DETAIL
    actual: Table[Actual] = ACTUAL
    time_entry: Table[TimeEntry] = TIME_ENTRY
    expense: Table[Expense] = EXPENSE
    recorded_hours: Table[RecordedHours] = RECORDED_HOURS
    resource_role: Table[ResourceRole] = RESOURCE_ROLE
    transaction_connection: Table[TransactionConnection] = TRANSACTION_CONNECTION
    invoice: Table[Invoice] = INVOICE
    invoice_line: Table[InvoiceLineRecord] = INVOICE_LINE
    invoice_line_detail: Table[InvoiceLineDetail] = INVOICE_LINE_DETAIL
    contract_customer: Table[ContractCustomer] = CONTRACT_CUSTOMER
    contract_line_customer: Table[ContractLineCustomer] = CONTRACT_LINE_CUSTOMER
    account: Table[Account] = ACCOUNT
    currency: Table[Currency] = CURRENCY
    organization: Table[Organization] = ORGANIZATION
    organizational_unit: Table[OrganizationalUnit] = ORGANIZATIONAL_UNIT
    price_list: Table[PriceList] = PRICE_LIST
    contract_price_list: Table[ContractPriceList] = CONTRACT_PRICE_LIST
    role_price: Table[RolePrice] = ROLE_PRICE
    user: Table[User] = USER
    user_settings: Table[UserSettings] = USER_SETTINGS
    security_role: Table[SecurityRole] = SECURITY_ROLE
    solution: Table[Solution] = SOLUTION
    time_zone_definition: Table[TimeZoneDefinition] = TIME_ZONE_DEFINITION
    absent: frozenset[str] = frozenset()
    """The fields of this class whose table the environment does not have."""

    def has(self, name: str) -> bool:
        """Whether the environment has the table of the field `name`, as far as it was asked."""
        return name not in self.absent and bool(getattr(self, name).entity_set)

    def logical_names(self, overrides: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """What to ask EntityDefinitions for."""
        named = {table.logical_name for _, table in self._items() if table.logical_name}
        if role := (overrides or {}).get(CONTRACT_LINE_CUSTOMER_ROLE):
            named.add(role)
        return tuple(sorted(named))

    def resolved(
        self,
        live: Mapping[str, LiveTableWithKey],
        overrides: Mapping[str, str] | None = None,
    ) -> Tables:
        """These tables as the environment has them; `live` is keyed by logical name.

        `overrides` maps roles to names: "contract_line_customer" to a table, "<table>.<field>" to a
        column. Tables that are not in `live` end in `absent`.
        """
        given = dict(overrides or {})
        found: dict[str, Any] = {}
        absent: set[str] = set()
        for name, declared in self._items():
            table = self._named(name, declared, given, live)
            if table.logical_name not in live:
                absent.add(name)
            else:
                found[name] = table.resolved(live[table.logical_name], given)
        return replace(self, **found, absent=frozenset(absent))

    def _items(self) -> Iterator[tuple[str, Table[Any]]]:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Table):
                yield item.name, value

    @staticmethod
    def _named(
        name: str,
        table: Table[Any],
        overrides: Mapping[str, str],
        live: Mapping[str, LiveTableWithKey],
    ) -> Table[Any]:
        logical_name = overrides.get(name) if name == CONTRACT_LINE_CUSTOMER_ROLE else None
        if logical_name is None or logical_name not in live:
            return table
        return replace(table, logical_name=logical_name, key=live[logical_name].primary_id)


DECLARED = Tables()
