"""Literals in URLs and values in bodies."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.dataverse import any_of, eq, guid, quote
from connector.dataverse.writing.body import encode
from connector.errors import UsageError

ID = "0F7D4C1A-1111-2222-3333-444455556666"


class Frequency(IntEnum):
    DAILY = 192350001


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("it's", "'it''s'"),
        ("", "''"),
        (True, "true"),
        (7, "7"),
        (Frequency.DAILY, "192350001"),
        (Colour.RED, "'red'"),
        (Decimal("12000.5000"), "12000.5000"),
        (Decimal("1E+3"), "1000"),
        (date(2020, 10, 5), "2020-10-05"),
        (datetime(2020, 10, 5, 8, 0, tzinfo=timezone(timedelta(hours=2))), "2020-10-05T06:00:00Z"),
        (None, "null"),
        (UUID(ID), ID.lower()),
        (guid(ID), ID.lower()),
    ],
)
def test_literals_are_written_as_odata_wants_them(value: object, text: str) -> None:
    """Texts are quoted, ids and everything else are bare, instants are UTC."""
    assert quote(value) == text


@given(st.text())
def test_any_text_survives_quoting(text: str) -> None:
    """Taking the quotes off again and halving the apostrophes inside gives the text back."""
    quoted = quote(text)
    assert quoted[0] == quoted[-1] == "'"
    assert "'" not in quoted[1:-1].replace("''", "")
    assert quoted[1:-1].replace("''", "'") == text


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
def test_any_texts_survive_in_an_array(texts: list[str]) -> None:
    """The values of In are a JSON array of exactly the texts."""
    filter_ = any_of("msdyn_name", texts)
    head = "Microsoft.Dynamics.CRM.In(PropertyName='msdyn_name',PropertyValues="
    assert filter_.startswith(head)
    assert json.loads(filter_.removeprefix(head)[:-1]) == texts


@pytest.mark.parametrize("value", [1.5, float("nan"), datetime(2020, 1, 1), Decimal("NaN"), [], object()])  # noqa: DTZ001  # the naive one is the point
def test_what_is_no_literal_is_refused(value: object) -> None:
    """Floats, instants without a zone and amounts that are no numbers never reach a filter."""
    with pytest.raises(UsageError):
        quote(value)


def test_equality_and_choice_of_values() -> None:
    """eq compares a column or a path, any_of writes every value as a text."""
    assert eq("salesorderid/name", "O'Hara") == "salesorderid/name eq 'O''Hara'"
    assert eq("_msdyn_contract_value", guid(ID)) == f"_msdyn_contract_value eq {ID.lower()}"
    assert any_of("statuscode", [Frequency.DAILY, 2]).endswith('PropertyValues=["192350001","2"])')


@pytest.mark.parametrize("column", ["name eq 'x' or 1", "", "a/", "naïve"])
def test_a_column_cannot_smuggle_a_condition(column: str) -> None:
    """Only names and paths stand on the left of a comparison."""
    with pytest.raises(UsageError):
        eq(column, 1)


def test_no_values_is_an_error_and_not_an_empty_list() -> None:
    """There is no filter that means nothing, so nobody asks with one."""
    with pytest.raises(UsageError, match="No values"):
        any_of("name", [])


@pytest.mark.parametrize("text", ["x", "", f"{ID})/x", f"{{{ID}}}", f"{ID}\n"])
def test_what_is_no_id_is_refused(text: str) -> None:
    """An id has 36 characters and nothing around them."""
    with pytest.raises(UsageError, match="not a record's id"):
        guid(text)


def test_bodies_keep_every_digit() -> None:
    """Amounts are JSON numbers exactly as they are, however long, also within nested records."""
    body = encode(
        {
            "amount": Decimal("12345678901234.1234567890"),
            "small": Decimal("0E-10"),
            "day": date(2020, 10, 5),
            "at": datetime(2020, 10, 5, 6, 0, tzinfo=UTC),
            "choice": Frequency.DAILY,
            "nothing": None,
            "yes": True,
            "lines": [{"price": Decimal("0.10")}],
        }
    )
    assert body == (
        b'{"amount":12345678901234.1234567890,"small":0.0000000000,"day":"2020-10-05",'
        b'"at":"2020-10-05T06:00:00Z","choice":192350001,"nothing":null,"yes":true,"lines":[{"price":0.10}]}'
    )


def test_a_float_in_a_body_is_refused_with_its_place() -> None:
    """An amount that became a float somewhere is caught before it is sent, and the column is named."""
    with pytest.raises(UsageError, match=r"invoices\(1\), lines\[0\], price: a float"):
        encode({"lines": [{"price": 0.1}]}, "invoices(1)")
