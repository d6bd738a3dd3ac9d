"""pricelevel, msdyn_orderpricelist and msdyn_resourcecategorypricelevel: what work costs the customer.

A contract has project price lists of its own; the one that is valid on a transaction's day gives the price
of the role that did the work. Names: Microsoft's Web API reference of 2017.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

from msgspec import field

from connector.model.column_date import ColumnDate
from connector.model.table import Record, Table


class PriceContext(IntEnum):
    COST = 192350000
    PURCHASE = 192350001
    SALES = 192350002


class PriceList(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="pricelevelid")
    name: str | None = field(name="name", default=None)
    context: int | None = field(name="msdyn_module", default=None)
    begin_date: ColumnDate | None = field(name="begindate", default=None)
    end_date: ColumnDate | None = field(name="enddate", default=None)
    """The last day on which it is valid."""
    currency: str | None = field(name="_transactioncurrencyid_value", default=None)
    state: int | None = field(name="statecode", default=None)


class ContractPriceList(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_orderpricelistid")
    contract: str | None = field(name="_msdyn_contract_value", default=None)
    price_list: str | None = field(name="_msdyn_pricelist_value", default=None)


class RolePrice(Record, frozen=True, kw_only=True, gc=False):
    id: str = field(name="msdyn_resourcecategorypricelevelid")
    price_list: str | None = field(name="_msdyn_pricelist_value", default=None)
    role: str | None = field(name="_msdyn_resourcecategory_value", default=None)
    price: Decimal | None = field(name="msdyn_price", default=None)


PRICE_LIST = Table(PriceList, logical_name="pricelevel", entity_set="pricelevels", key="pricelevelid")
CONTRACT_PRICE_LIST = Table(
    ContractPriceList,
    logical_name="msdyn_orderpricelist",
    entity_set="msdyn_orderpricelists",
    key="msdyn_orderpricelistid",
)
ROLE_PRICE = Table(
    RolePrice,
    logical_name="msdyn_resourcecategorypricelevel",
    entity_set="msdyn_resourcecategorypricelevels",
    key="msdyn_resourcecategorypricelevelid",
)
