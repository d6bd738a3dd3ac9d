"""The records that are read and written: numbered, and like those of msdyn_actual. Standard library alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

LOGICAL_NAME = "msdyn_actual"
ENTITY_SET = "msdyn_actuals"
KEY = "msdyn_actualid"
SELECT = (
    "msdyn_actualid",
    "msdyn_description",
    "msdyn_amount",
    "msdyn_quantity",
    "msdyn_price",
    "msdyn_transactiontypecode",
    "msdyn_billingtype",
    "msdyn_startdatetime",
    "createdon",
    "_msdyn_salescontract_value",
    "_msdyn_project_value",
    "_transactioncurrencyid_value",
)
"""Twelve columns; with its etag a record has 13 members and about 550 bytes."""

PAGE_SIZE = 5_000
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)

_RECORD = (
    '{"@odata.etag":"W/\\"%d\\"","msdyn_actualid":"%s","msdyn_description":"%s","msdyn_amount":%s,'
    '"msdyn_quantity":%d.%02d00000000,"msdyn_price":%d.%02d00,"msdyn_transactiontypecode":192350005,'
    '"msdyn_billingtype":19235000%d,"msdyn_startdatetime":"%s","createdon":"%s",'
    '"_msdyn_salescontract_value":"%s","_msdyn_project_value":"%s","_transactioncurrencyid_value":"%s"}'
)
_TASKS = ("Interviews", "Price lists", "Test of the nightly run", "Travel")


def id_of(number: int) -> str:
    """A GUID that looks drawn by lot and is not: packed answers should be of a likely size."""
    mixed = number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128
    text = f"{mixed:032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


def amount_of(number: int) -> str:
    """As Dataverse writes money: with four decimal places."""
    cents = 1_999 + number * 7_919 % 900_000
    return f"{cents // 100}.{cents % 100:02d}00"


def record_of(number: int) -> str:
    """One record as JSON."""
    instant = FIRST_DAY + timedelta(minutes=number % 400_000)
    return _RECORD % (
        48_000_000 + number,
        id_of(number),
        f"{_TASKS[number % 4]}, {number:08d}",
        amount_of(number),
        1 + number % 9,
        25 * (number % 4),
        90 + number % 60,
        number % 100,
        1 + number % 2,
        instant.strftime("%Y-%m-%dT%H:%M:%SZ"),
        (instant + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        id_of(10_000_000 + number % 300),
        id_of(20_000_000 + number % 500),
        id_of(30_000_000),
    )


def page_of(number: int, size: int = PAGE_SIZE) -> bytes:
    """The records of a page, counted from 0, with commas between them."""
    return ",".join(map(record_of, range(number * size, (number + 1) * size))).encode()


def total_of(count: int) -> Decimal:
    """The exact sum of the amounts of the first `count` records."""
    return sum((Decimal(amount_of(number)) for number in range(count)), Decimal(0))


def values_of(number: int) -> dict[str, object]:
    """One record to write, exact: nine columns. Its number can be found in what was sent."""
    return {
        "msdyn_description": _TASKS[number % 4],
        "msdyn_externaldescription": f"row {number:08d}",
        "msdyn_amount": Decimal(amount_of(number)),
        "msdyn_quantity": Decimal(1 + number % 9),
        "msdyn_price": Decimal(f"{90 + number % 60}.{number % 100:02d}"),
        "msdyn_transactiontypecode": 192350005,
        "msdyn_billingtype": 192350001,
        "msdyn_startdatetime": FIRST_DAY + timedelta(minutes=number % 400_000),
        "msdyn_Project@odata.bind": f"/msdyn_projects({id_of(20_000_000 + number % 500)})",
    }


def plain_values_of(number: int) -> dict[str, object]:
    """The same for clients that know neither Decimal nor datetime: floats and texts."""
    return {name: _plain(value) for name, value in values_of(number).items()}


def all_plain_values(count: int) -> Iterator[dict[str, object]]:
    return map(plain_values_of, range(count))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
