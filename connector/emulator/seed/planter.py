"""Writes the rows of sample contracts: a contract, its lines, their schedules, milestones and actuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum

from connector.emulator.platform.switches import PROGRESS_BASED
from connector.emulator.platform.words import (
    ACTUAL,
    CONTRACT,
    CONTRACT_LINE,
    MILESTONE,
    SCHEDULE_ROW,
    UNBILLED_SALES,
    WORK_BASED,
    BillingStatus,
    MilestoneStatus,
    RunStatus,
)
from connector.emulator.seed.environment import MONTHLY
from connector.emulator.seed.ids import seed_id
from connector.emulator.store import Transaction, Value, target_column
from connector.model.progress import HeaderStatus

TIME, EXPENSE, MATERIAL, MILESTONE_CLASS = 192350000, 192350001, 192350002, 192350003
NON_CHARGEABLE, CHARGEABLE, COMPLIMENTARY = 192350000, 192350001, 192350002
TIME_AND_MATERIAL, FIXED_PRICE = 192350000, 192350001
PRODUCT, PROJECT_BASED = 1, 5
PROJECT_LINE = 690970000
SALES = 192350002
BILLED_FROM, DELIVERED_BY = date(2020, 9, 1), date(2020, 10, 31)
_INCLUDES = {TIME: "msdyn_includetime", EXPENSE: "msdyn_includeexpense", MATERIAL: "msdyn_includematerial"}


class ContractState(Enum):
    """msdyn_psastate and msdyn_psastatusreason."""

    DRAFT = (192350000, 192350000)
    ON_HOLD = (192350001, 192350002)
    CONFIRMED = (192350002, 192350003)
    LOST = (192350003, 192350005)


@dataclass(frozen=True)
class Contract:
    id: str
    name: str
    customer: str
    currency: str
    project: str


@dataclass(frozen=True)
class Line:
    id: str
    name: str
    contract: Contract


@dataclass(frozen=True, kw_only=True)
class Work:
    """A transaction. `amount` is exact; hours times rate for time."""

    day: date
    amount: str
    quantity: str = "1"
    price: str | None = None
    kind: int = TIME
    billing_type: int = CHARGEABLE
    status: int = BillingStatus.READY_TO_INVOICE
    adjustment: int | None = None
    not_to_exceed: int | None = None
    text: str = ""
    customer: str | None = None


def hours(day: date, quantity: str, rate: str, text: str, **more: int | str) -> Work:
    """Time: `quantity` hours at `rate`."""
    amount = format(Decimal(quantity) * Decimal(rate), "f")
    return Work(day=day, amount=amount, quantity=quantity, price=rate, text=text, **more)  # type: ignore[arg-type]


def expense(day: date, amount: str, text: str) -> Work:
    return Work(day=day, amount=amount, price=amount, kind=EXPENSE, text=text)


class Planter:
    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._currencies = {
            str(row["isocurrencycode"]): str(row["transactioncurrencyid"])
            for row in tx.find("transactioncurrency")
        }

    def account(self, name: str) -> str:
        id = seed_id("account", name)
        if self._tx.get("account", id) is None:
            self._tx.insert("account", {"accountid": id, "name": name})
        return id

    def contract(
        self,
        name: str,
        customers: Sequence[tuple[str, str]],
        *,
        currency: str = "USD",
        state: ContractState = ContractState.CONFIRMED,
    ) -> Contract:
        """A project contract; `customers` are names with percentages, the first is the primary one."""
        accounts = [(self.account(customer), percent) for customer, percent in customers]
        psa_state, reason = state.value
        contract = Contract(
            seed_id(CONTRACT, name), name, accounts[0][0], self._currencies[currency], self._project(name)
        )
        values: dict[str, Value] = {
            "salesorderid": contract.id,
            "name": name,
            "ordernumber": f"ORD-{self._tx.next_number(CONTRACT):05d}",
            "msdyn_ordertype": WORK_BASED,
            "msdyn_psastate": psa_state,
            "msdyn_psastatusreason": reason,
            "customerid": contract.customer,
            target_column("customerid"): "account",
            "accountid": contract.customer,
            "transactioncurrencyid": contract.currency,
            "pricelevelid": self._price_list(currency),
            "requestdeliveryby": midnight(DELIVERED_BY),
        }
        self._tx.insert(CONTRACT, values)
        prices: dict[str, Value] = {
            "msdyn_orderpricelistid": seed_id("msdyn_orderpricelist", name),
            "msdyn_description": f"{name} - prices",
            "msdyn_contract": contract.id,
            "msdyn_pricelist": values["pricelevelid"],
        }
        self._tx.insert("msdyn_orderpricelist", prices)
        for number, (account, percent) in enumerate(accounts):
            share = self._share(name, account, percent, is_rounding=number == 0)
            self._tx.insert("msdyn_projectcontractsplitbillingrule", share | {"emu_contract": contract.id})
        return contract

    def line(
        self,
        contract: Contract,
        name: str,
        *,
        method: int = TIME_AND_MATERIAL,
        includes: Sequence[int] = (TIME, EXPENSE, MATERIAL),
        customers: Sequence[tuple[str, str]] = (),
        is_by_progress: bool = False,
    ) -> Line:
        """A project-based contract line; `customers` outrank those of the contract."""
        line = Line(seed_id(CONTRACT_LINE, f"{contract.name}/{name}"), name, contract)
        flags: dict[str, Value] = {column: kind in includes for kind, column in _INCLUDES.items()}
        values: dict[str, Value] = flags | {
            "salesorderdetailid": line.id,
            "salesorderid": contract.id,
            "salesorderdetailname": name,
            "producttypecode": PROJECT_BASED,
            "msdyn_linetype": PROJECT_LINE,
            "msdyn_billingmethod": method,
            "msdyn_includefee": method == TIME_AND_MATERIAL and MATERIAL in includes,
            "msdyn_project": contract.project,
            "emu_invoicescheduletype": PROGRESS_BASED if is_by_progress else None,
            "transactioncurrencyid": contract.currency,
            "lineitemnumber": self._tx.next_number(f"line of {contract.id}"),
        }
        if method == TIME_AND_MATERIAL:
            values["msdyn_billingstartdate"] = midnight(BILLED_FROM)
            values["msdyn_invoicefrequency"] = seed_id("msdyn_invoicefrequency", MONTHLY)
        self._tx.insert(CONTRACT_LINE, values)
        for number, (customer, percent) in enumerate(customers):
            share = self._share(line.id, self.account(customer), percent, is_rounding=number == 0)
            self._tx.insert("emu_contractlinecustomer", share | {"emu_contractline": line.id})
        return line

    def product(self, contract: Contract, name: str, quantity: str, price: str, status: int) -> None:
        amount = Decimal(quantity) * Decimal(price)
        values: dict[str, Value] = {
            "salesorderdetailid": seed_id(CONTRACT_LINE, f"{contract.name}/{name}"),
            "salesorderid": contract.id,
            "salesorderdetailname": name,
            "productdescription": name,
            "producttypecode": PRODUCT,
            "isproductoverridden": True,
            "msdyn_billingstatus": status,
            "quantity": Decimal(quantity),
            "priceperunit": Decimal(price),
            "baseamount": amount,
            "tax": Decimal(0),
            "extendedamount": amount,
            "transactioncurrencyid": contract.currency,
            "lineitemnumber": self._tx.next_number(f"line of {contract.id}"),
        }
        self._tx.insert(CONTRACT_LINE, values)

    def row(self, line: Line, run_date: date, *, milestone: str | None = None) -> None:
        """A schedule row: the cut-off is the day before, and none where a milestone is meant."""
        name = f"{line.contract.name}/{line.name}/{run_date}/{milestone or ''}"
        values: dict[str, Value] = {
            "msdyn_contractlineinvoicescheduleid": seed_id(SCHEDULE_ROW, name),
            "msdyn_name": f"{line.name} {run_date}",
            "msdyn_contractlineid": line.id,
            "msdyn_invoicerundate": midnight(run_date),
            "msdyn_transactioncutoffdate": None if milestone else midnight(run_date - timedelta(days=1)),
            "msdyn_invoicerunstatus": RunStatus.NOT_RUN.value,
            "msdyn_contractlinescheduleofvalue": milestone,
        }
        self._tx.insert(SCHEDULE_ROW, values)

    def milestone(
        self,
        line: Line,
        name: str,
        day: date,
        amount: str,
        *,
        status: int = MilestoneStatus.READY,
        tax: str = "0",
    ) -> None:
        """A milestone, and the schedule row that stands for it."""
        self.row(line, day, milestone=self._milestone(line, name, day, amount, {}, status=status, tax=tax))

    def progress(
        self, line: Line, name: str, day: date, amount: str, percent: str, *, ready: str, remaining: str
    ) -> None:
        """A header whose next invoice was marked ready: split into a ready and a remaining part (rule G7).

        The row was generated before the split and stands for the header.
        """
        header = self._milestone(
            line,
            name,
            day,
            amount,
            {
                "emu_headerstatus": HeaderStatus.IN_PROGRESS.value,
                "emu_nextinvoicepercent": Decimal(percent),
                "emu_nextinvoicestatus": MilestoneStatus.READY.value,
            },
            status=MilestoneStatus.NOT_READY,
        )
        self.row(line, day, milestone=header)
        for part, status in ((ready, MilestoneStatus.READY), (remaining, MilestoneStatus.NOT_READY)):
            of_header: dict[str, Value] = {"emu_headermilestone": header}
            self._milestone(line, name, day, part, of_header, status=status)

    def _milestone(
        self,
        line: Line,
        name: str,
        day: date,
        amount: str,
        more: Mapping[str, Value],
        *,
        status: int,
        tax: str = "0",
    ) -> str:
        part = f"/{amount}" if "emu_headermilestone" in more else ""
        id = seed_id(MILESTONE, f"{line.contract.name}/{line.name}/{name}{part}")
        values: dict[str, Value] = {
            "msdyn_contractlinescheduleofvalueid": id,
            "msdyn_name": name,
            "msdyn_contract": line.contract.id,
            "msdyn_contractlineid": line.id,
            "msdyn_project": line.contract.project,
            "msdyn_amount": Decimal(amount),
            "msdyn_price": Decimal(amount),
            "msdyn_tax": Decimal(tax),
            "msdyn_amount_after_tax": Decimal(amount) + Decimal(tax),
            "msdyn_invoicedate": midnight(day),
            "msdyn_milestonedate": midnight(day),
            "msdyn_invoicestatus": int(status),
            "msdyn_transactionclassification": MILESTONE_CLASS,
            "msdyn_transactiontypecode": UNBILLED_SALES,
            "transactioncurrencyid": line.contract.currency,
        }
        self._tx.insert(MILESTONE, values | dict(more))
        if not part:
            self._contract_for(line, Decimal(amount), Decimal(tax))
        return id

    def actuals(self, line: Line, *works: Work) -> None:
        for work in works:
            number = self._tx.next_number(f"actual of {line.id}")
            customer = self.account(work.customer) if work.customer else line.contract.customer
            values: dict[str, Value] = {
                "msdyn_actualid": seed_id(ACTUAL, f"{line.contract.name}/{line.name}/{number}"),
                "msdyn_description": work.text,
                "msdyn_transactiontypecode": UNBILLED_SALES,
                "msdyn_transactionclassification": work.kind,
                "msdyn_billingtype": work.billing_type,
                "msdyn_billingstatus": int(work.status),
                "msdyn_adjustmentstatus": work.adjustment,
                "emu_nottoexceedstatus": work.not_to_exceed,
                "msdyn_quantity": Decimal(work.quantity),
                "msdyn_price": Decimal(work.price or work.amount),
                "msdyn_amount": Decimal(work.amount),
                "msdyn_documentdate": midnight(work.day),
                "msdyn_startdatetime": midnight(work.day),
                "msdyn_enddatetime": midnight(work.day),
                "msdyn_customertype": 192350001,
                "msdyn_accountcustomer": customer,
                "msdyn_salescontract": line.contract.id,
                "msdyn_salescontractlineid": line.id,
                "msdyn_project": line.contract.project,
                "transactioncurrencyid": line.contract.currency,
            }
            self._tx.insert(ACTUAL, values)

    def _contract_for(self, line: Line, amount: Decimal, tax: Decimal) -> None:
        """A fixed-price line is contracted for what its milestones add up to."""
        row = self._tx.get(CONTRACT_LINE, line.id) or {}
        more = {"baseamount": amount, "tax": tax, "extendedamount": amount + tax}
        self._tx.update(
            CONTRACT_LINE, line.id, {name: _sum(row.get(name), add) for name, add in more.items()}
        )

    def _project(self, name: str) -> str:
        id = seed_id("msdyn_project", name)
        return self._tx.insert("msdyn_project", {"msdyn_projectid": id, "msdyn_subject": name})

    def _price_list(self, currency: str) -> str:
        id = seed_id("pricelevel", currency)
        if self._tx.get("pricelevel", id) is None:
            values: dict[str, Value] = {
                "pricelevelid": id,
                "name": f"Contoso {currency} prices",
                "transactioncurrencyid": self._currencies[currency],
                "msdyn_module": SALES,
            }
            self._tx.insert("pricelevel", values)
        return id

    def _share(self, of: str, account: str, percent: str, *, is_rounding: bool) -> dict[str, Value]:
        return {
            "emu_name": f"{of} {percent} %",
            "emu_account": account,
            "emu_splitpercent": Decimal(percent),
            "emu_isrounding": is_rounding,
        }


def _sum(before: Value, more: Decimal) -> Decimal:
    return (before if isinstance(before, Decimal) else Decimal(0)) + more


def midnight(day: date) -> datetime:
    """How a date-only value in user-local time is kept for a user in UTC."""
    return datetime.combine(day, time(), UTC)
