"""The documented example: one contract, three lines, the dates and milestones of Microsoft's page.

Source: MicrosoftDocs/dynamics-365-project-operations,
articles/pro/proforma-invoicing/configure-automated-invoice-creation-sales.md (dates of 2020).
The transactions are ours: around every cut-off the day before, the day itself and the day after.
"""

from __future__ import annotations

from datetime import date

from connector.emulator.platform.words import BillingStatus
from connector.emulator.seed.planter import (
    COMPLIMENTARY,
    EXPENSE,
    FIXED_PRICE,
    NON_CHARGEABLE,
    TIME,
    Planter,
    expense,
    hours,
)

NAME = "Adatum - prototype, implementation and expenses"
CUSTOMER = "Adatum Corporation"
ADJUSTED = 192350001
RATE = "150.00"


def plant_documented_example(planter: Planter) -> None:
    contract = planter.contract(NAME, [(CUSTOMER, "100")])
    prototype = planter.line(contract, "Prototype work", method=FIXED_PRICE, includes=())
    planter.milestone(prototype, "Prototype accepted", date(2020, 10, 5), "5000.00")
    planter.milestone(prototype, "Prototype in use", date(2020, 11, 3), "12000.00")
    implementation = planter.line(contract, "Implementation work", includes=(TIME,))
    for day in (date(2020, 10, 5), date(2020, 10, 19), date(2020, 11, 2), date(2020, 11, 16)):
        planter.row(implementation, day)
    planter.actuals(
        implementation,
        hours(date(2020, 9, 30), "4", RATE, "Corrected later", adjustment=ADJUSTED),
        hours(date(2020, 10, 1), "3", RATE, "Introductory workshop", billing_type=COMPLIMENTARY),
        hours(date(2020, 10, 1), "1.5", RATE, "Travel to site", billing_type=NON_CHARGEABLE),
        hours(date(2020, 10, 2), "6", RATE, "Not yet approved", status=BillingStatus.UNBILLED_SALES_CREATED),
        hours(date(2020, 10, 3), "8", RATE, "The day before the first cut-off"),
        hours(date(2020, 10, 4), "2.5", RATE, "The day of the first cut-off"),
        hours(date(2020, 10, 5), "8", RATE, "The day after the first cut-off"),
        hours(date(2020, 10, 17), "7.25", RATE, "The day before the second cut-off"),
        hours(date(2020, 10, 18), "3", RATE, "The day of the second cut-off"),
        hours(date(2020, 10, 19), "8", RATE, "The day after the second cut-off"),
        hours(date(2020, 10, 31), "6.75", RATE, "The day before the third cut-off"),
        hours(date(2020, 11, 1), "2", RATE, "The day of the third cut-off"),
        hours(date(2020, 11, 2), "8", RATE, "The day after the third cut-off"),
        hours(date(2020, 11, 14), "4", RATE, "The day before the fourth cut-off"),
        hours(date(2020, 11, 15), "1", RATE, "The day of the fourth cut-off"),
        hours(date(2020, 11, 16), "2", RATE, "The day after the fourth cut-off"),
    )
    expenses = planter.line(contract, "Expenses incurred", includes=(EXPENSE,))
    for day in (date(2020, 10, 5), date(2020, 11, 2)):
        planter.row(expenses, day)
    planter.actuals(
        expenses,
        expense(date(2020, 10, 3), "189.99", "Hotel"),
        expense(date(2020, 10, 4), "23.45", "Taxi"),
        expense(date(2020, 10, 5), "67.80", "Train"),
        expense(date(2020, 10, 31), "41.17", "Dinner with the customer"),
        expense(date(2020, 11, 1), "12.30", "Parking"),
        expense(date(2020, 11, 2), "312.60", "Flight"),
    )
