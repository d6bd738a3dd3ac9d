"""The other contracts of the sample: each has one thing that is worth seeing, and is named after it."""

from __future__ import annotations

from datetime import date

from connector.emulator.platform.switches import NOT_TO_EXCEED_FAILED
from connector.emulator.platform.words import BillingStatus, MilestoneStatus
from connector.emulator.seed.documented_example import plant_documented_example
from connector.emulator.seed.planter import (
    EXPENSE,
    FIXED_PRICE,
    MATERIAL,
    TIME,
    ContractState,
    Planter,
    Work,
    expense,
    hours,
)

OCTOBER_3, OCTOBER_4, OCTOBER_5 = date(2020, 10, 3), date(2020, 10, 4), date(2020, 10, 5)
OCTOBER_19 = date(2020, 10, 19)


def plant_sample(planter: Planter) -> None:
    plant_documented_example(planter)
    _two_customers(planter)
    _product_line(planter)
    _milestones(planter)
    _progress(planter)
    _without_schedule(planter)
    _contract_states(planter)
    _euro(planter)


def _two_customers(planter: Planter) -> None:
    """60 to 40; the transactions were split when they were approved."""
    shares = (("Fabrikam, Inc.", "60"), ("Litware, Inc.", "40"))
    contract = planter.contract("Fabrikam and Litware - joint rollout, 60 to 40", shares)
    rollout = planter.line(contract, "Joint rollout", includes=(TIME,), customers=shares)
    planter.row(rollout, OCTOBER_5)
    for customer, rollout_amount, training_amount in (
        ("Fabrikam, Inc.", "753.30", "60.03"),
        ("Litware, Inc.", "502.20", "40.02"),
    ):
        planter.actuals(
            rollout,
            Work(day=OCTOBER_3, amount=rollout_amount, quantity="10", text="Rollout", customer=customer),
            Work(day=OCTOBER_4, amount=training_amount, quantity="3", text="Training", customer=customer),
        )
    go_live = planter.line(contract, "Joint go-live", method=FIXED_PRICE, includes=(), customers=shares)
    planter.milestone(go_live, "Both sites live", OCTOBER_19, "1000.01")


def _product_line(planter: Planter) -> None:
    contract = planter.contract("Northwind - set-up with hardware", [("Northwind Traders", "100")])
    setup = planter.line(contract, "Set-up", includes=(TIME, MATERIAL))
    planter.row(setup, OCTOBER_5)
    planter.actuals(
        setup,
        hours(OCTOBER_3, "5", "99.90", "Installation"),
        Work(day=OCTOBER_4, amount="17.35", price="3.47", quantity="5", kind=MATERIAL, text="Cable"),
        hours(OCTOBER_3, "20", "99.90", "Above the limit", not_to_exceed=NOT_TO_EXCEED_FAILED),
    )
    planter.product(contract, "Rugged tablet", "3", "249.95", BillingStatus.READY_TO_INVOICE)
    planter.product(contract, "Spare battery", "6", "39.99", BillingStatus.UNBILLED_SALES_CREATED)


def _milestones(planter: Planter) -> None:
    contract = planter.contract("Proseware - portal at a fixed price", [("Proseware, Inc.", "100")])
    build = planter.line(contract, "Portal, milestone not ready", method=FIXED_PRICE, includes=())
    planter.milestone(build, "Portal accepted", OCTOBER_5, "8000.00", status=MilestoneStatus.NOT_READY)
    design = planter.line(contract, "Design, milestone ready after its date", method=FIXED_PRICE, includes=())
    planter.milestone(design, "Design accepted", date(2020, 9, 28), "3500.00", tax="665.00")


def _progress(planter: Planter) -> None:
    """The figures of Microsoft's page on progress billing: 20 percent of 1,000 are 200, and 800 remain.

    Source: articles/proforma-invoicing/billing-hub.md in the repository of the documented example.
    """
    contract = planter.contract("Lucerne - press moved, billed by progress", [("Lucerne Publishing", "100")])
    move = planter.line(contract, "Moving the press", method=FIXED_PRICE, includes=(), is_by_progress=True)
    planter.progress(move, "Press moved", OCTOBER_19, "1000.00", "20", ready="200.00", remaining="800.00")


def _without_schedule(planter: Planter) -> None:
    contract = planter.contract("Tailspin - support without a schedule", [("Tailspin Toys", "100")])
    support = planter.line(contract, "Support")
    planter.actuals(support, hours(OCTOBER_3, "2", "110.00", "Support"))


def _contract_states(planter: Planter) -> None:
    """A draft is invoiced; what is lost or on hold is not (rule L1)."""
    for name, customer, state in (
        ("Wingtip - draft contract", "Wingtip Toys", ContractState.DRAFT),
        ("Alpine - lost contract", "Alpine Ski House", ContractState.LOST),
        ("Trey - contract on hold", "Trey Research", ContractState.ON_HOLD),
    ):
        contract = planter.contract(name, [(customer, "100")], state=state)
        consulting = planter.line(contract, "Consulting", includes=(TIME,))
        planter.row(consulting, OCTOBER_5)
        planter.actuals(consulting, hours(OCTOBER_3, "3", "133.33", "Consulting"))


def _euro(planter: Planter) -> None:
    """Odd cents, as binary floating point cannot hold them."""
    contract = planter.contract("Fourth Coffee - rollout in EUR", [("Fourth Coffee", "100")], currency="EUR")
    rollout = planter.line(contract, "Shop rollout", includes=(TIME, EXPENSE))
    planter.row(rollout, OCTOBER_5)
    planter.actuals(
        rollout,
        Work(day=OCTOBER_3, amount="774.61", price="99.95", quantity="7.75", text="Configuration"),
        expense(OCTOBER_3, "0.10", "Copies"),
        expense(OCTOBER_4, "0.20", "Copies"),
    )
