"""Reading rows on the platform's side: conditions, order, and the columns that are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from connector.emulator import RunningEmulator, start
from connector.emulator.store import Transaction
from tests.emulator.protocol.caller import NOW


@pytest.fixture(scope="module")
def tx() -> Iterator[Transaction]:
    """Three accounts: Adatum in Ulm, Contoso in Rome, Fabrikam nowhere."""
    running: RunningEmulator
    with start(None, now=NOW) as running, running.store.transaction() as open_tx:
        for name, city in (("Adatum", "Ulm"), ("Contoso", "Rome"), ("Fabrikam", None)):
            open_tx.insert("account", {"name": name, "address1_city": city, "creditlimit": Decimal("1.5")})
        yield open_tx


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Ulm", "Adatum"),
        ("ULM", "Adatum"),
        (("Ulm", "Rome"), "Adatum Contoso"),
        (None, "Fabrikam"),
        (("Ulm", None), "Adatum Fabrikam"),
        ((), ""),
        ("'; DROP TABLE account; --", ""),
    ],
)
def test_rows_are_found_by_value(tx: Transaction, value: str | tuple[str, ...] | None, names: str) -> None:
    """One value, any of several, null among them: each takes exactly its rows, text without case."""
    rows = tx.find("account", {"address1_city": value}, order_by=("name",))
    assert [row["name"] for row in rows] == names.split()


def test_order_and_limit(tx: Transaction) -> None:
    """A minus turns the order round, a limit cuts after it."""
    rows = tx.find("account", order_by=("-name",), limit=2)
    assert [row["name"] for row in rows] == ["Fabrikam", "Contoso"]


def test_only_the_columns_that_are_wanted(tx: Transaction) -> None:
    """Rows hold the named columns and no other, with their values exact."""
    (row,) = tx.find("account", {"name": "Adatum"}, columns=("name", "creditlimit"))
    assert row == {"name": "Adatum", "creditlimit": Decimal("1.5000")}


@pytest.mark.parametrize("arguments", [{"where": {"nonsense": 1}}, {"columns": ('name" --',)}])
def test_a_column_that_is_not_there_is_a_key_error(
    tx: Transaction, arguments: dict[str, dict[str, int]]
) -> None:
    """No name gets into a statement that the schema does not have."""
    with pytest.raises(KeyError, match="has no column"):
        tx.find("account", **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("msdyn_actual", "msdyn_salescontractlineid"),
        ("msdyn_transactionconnection", "msdyn_transaction2"),
        ("invoice", "salesorderid"),
    ],
)
def test_what_every_invoice_looks_for_has_an_index(tx: Transaction, table: str, column: str) -> None:
    """A run of many contracts asks for a few rows of large tables, which are not read through for it."""
    question = f'EXPLAIN QUERY PLAN SELECT * FROM "{table}" WHERE "{column}" IN (?, ?)'
    (plan,) = tx.raw.execute(question, ("a", "b")).fetchall()
    assert f"USING INDEX ix_{table}__{column}" in plan[3]
