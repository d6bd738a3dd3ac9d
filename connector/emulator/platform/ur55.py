"""The back-end checks that came with update release 55; the switch `is_update_release_55` turns them on.

Actuals are neither created nor changed by plain writes (columns of one's own excepted), and the class
of an invoice line detail stays what it is. The platform's own actions, and the seed, are not concerned.
Source, below articles/: actuals/create-update-actuals.md, proforma-invoicing/update-ild-on-an-invoice.md.
The page prints the sentence; its code is that of any plug-in that refuses.
"""

from __future__ import annotations

from connector.emulator.platform.switches import read_switches
from connector.emulator.problems import BUSINESS_ERROR, bad_request
from connector.emulator.registry import Change
from connector.emulator.store import Transaction

_CLASS = "msdyn_transactionclassification"
_OF_THE_PRODUCT = ("msdyn_", "emu_")


def guard_actual(tx: Transaction, change: Change) -> None:
    """Before an actual is created or updated. Deleting is not among what the page names."""
    if change.kind == "delete" or not read_switches(tx).is_update_release_55:
        return
    if change.kind == "create" or any(_is_of_the_product(name) for name in change.values):
        message = (
            "The product doesn't support creating actuals either manually or through customizations. Use "
            "entry journals to create new actuals and Correct entries update existing actuals. More "
            "information is available at https://aka.ms/EntryJournals."
        )
        raise bad_request(message, BUSINESS_ERROR)


def guard_detail(tx: Transaction, change: Change) -> None:
    """Before an invoice line detail is updated."""
    if change.kind != "update" or change.before is None or not read_switches(tx).is_update_release_55:
        return
    if _CLASS in change.values and change.values[_CLASS] != change.before[_CLASS]:
        message = "The transaction classification of an invoice line detail cannot be changed."
        raise bad_request(message, BUSINESS_ERROR)


def _is_of_the_product(column: str) -> bool:
    """A customization's columns have its publisher's prefix; the platform's own have none."""
    return column.startswith(_OF_THE_PRODUCT) or "_" not in column
