"""salesorder: a project contract is a sales order that is work based."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class OrderType(IntEnum):
    ITEM_BASED = 192350000
    WORK_BASED = 192350001
    SERVICE_MAINTENANCE_BASED = 690970002


class ContractState(IntEnum):
    DRAFT = 192350000
    ON_HOLD = 192350001
    ACTIVE = 192350002
    CLOSED = 192350003


class ContractStatusReason(IntEnum):
    DRAFT = 192350000
    IN_REVIEW = 192350001
    ON_HOLD = 192350002
    CONFIRMED = 192350003
    COMPLETED = 192350004
    LOST = 192350005
    ABANDONED = 192350006


class ProjectContract(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="salesorderid")
    name: str | None = field(name="name", default=None)
    order_type: int | None = field(name="msdyn_ordertype", default=None)
    contract_state: int | None = field(name="msdyn_psastate", default=None)
    contract_status_reason: int | None = field(name="msdyn_psastatusreason", default=None)
    state: int | None = field(name="statecode", default=None)
    requested_delivery_date: ColumnDate | None = field(name="requestdeliveryby", default=None)
    customer: str | None = field(name="_customerid_value", default=None)
    currency: str | None = field(name="_transactioncurrencyid_value", default=None)
    price_list: str | None = field(name="_pricelevelid_value", default=None)
    contracting_unit: str | None = field(name="_msdyn_contractorganizationalunitid_value", default=None)
    opportunity: str | None = field(name="_opportunityid_value", default=None)
    owner: str | None = field(name="_ownerid_value", default=None)
    modified_on: datetime | None = field(name="modifiedon", default=None)


PROJECT_CONTRACT = Table(
    ProjectContract,
    logical_name="salesorder",
    entity_set="salesorders",
    key="salesorderid",
)
