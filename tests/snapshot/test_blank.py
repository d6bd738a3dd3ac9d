"""What is left of a row without --with-values: a table by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connector.model.tables import DECLARED
from connector.snapshot import Blanking, Row
from connector.snapshot.blank import KEPT_TEXTS, NAMES
from connector.snapshot.rows import Value

ID = "6f2d2f3e-0f0b-5d0e-9a0b-1d8f3c1f7a11"
LEFT: tuple[tuple[str, str, Value, Value | None], ...] = (
    ("account", "accountid", ID, ID),
    ("account", "name", "Adatum Corporation", "Account 1"),
    ("account", "accountnumber", "AD-1", None),
    ("salesorder", "name", "Adatum, rollout", "Contract 1"),
    ("msdyn_actual", "msdyn_description", "Workshop with Ms Smith", None),
    ("msdyn_actual", "msdyn_amount", Decimal("1234.56"), Decimal(1)),
    ("msdyn_actual", "msdyn_amount", Decimal("-0.01"), Decimal(-1)),
    ("msdyn_actual", "msdyn_amount", Decimal("0.0000"), Decimal(0)),
    ("msdyn_actual", "msdyn_quantity", Decimal("7.25"), Decimal(1)),
    ("msdyn_actual", "msdyn_billingstatus", 192350004, 192350004),
    ("msdyn_actual", "msdyn_documentdate", date(2020, 10, 4), date(2020, 10, 4)),
    ("?contract_line_customer", "?split_percent", Decimal("60"), Decimal("60")),
    ("?contract_line_customer", "?account", ID, ID),
    ("systemuser", "fullname", "Alex Admin", "User 1"),
    ("systemuser", "domainname", "alex@contoso.com", None),
    ("systemuser", "isdisabled", False, False),
    ("asyncoperation", "name", "Sleep", "Sleep"),
    ("asyncoperation", "message", "Adatum Corporation cannot be invoiced", None),
    ("asyncoperation", "errorcode", -2147220891, -2147220891),
    ("asyncoperation", "postponeuntil", datetime(2020, 10, 4, tzinfo=UTC), datetime(2020, 10, 4, tzinfo=UTC)),
    ("msdyn_batchjob", "msdyn_name", "Create invoices (Contoso)", "Create invoices (Contoso)"),
    ("transactioncurrency", "isocurrencycode", "EUR", "EUR"),
    ("some_table", "some_text", "unheard of", None),
)


@pytest.mark.parametrize(("table", "column", "value", "left"), LEFT)
def test_what_is_left_of_a_value(table: str, column: str, value: Value, left: Value | None) -> None:
    """Ids, choices, dates and what the job is known by stay; names are numbered; all else goes."""
    assert Blanking().blanked(Row(table, {column: value})).values.get(column) == left


def test_names_are_numbered_through_the_file() -> None:
    """Two accounts are told apart, and the same kind of name in another table counts by itself."""
    blanking = Blanking()
    rows = [Row("account", {"name": "A"}), Row("account", {"name": "B"}), Row("salesorder", {"name": "C"})]
    assert [blanking.blanked(row).values["name"] for row in rows] == ["Account 1", "Account 2", "Contract 1"]


def test_the_lists_name_columns_that_exist() -> None:
    """A slip in a list would blank what is to stay, or leave a name where it is."""
    known = {
        (table.logical_name, column)
        for _, table in DECLARED._items()
        for column in table.select
        if table.logical_name
    }
    assert set(NAMES) <= known
    assert known >= KEPT_TEXTS
