"""Bodies: the quick way and the walk through the values write the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.dataverse.writing.body import check_values, encode
from connector.errors import UsageError


class Status(IntEnum):
    OPEN = 1


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
zones = st.sampled_from([UTC, UTC, timezone(timedelta(hours=-5)), timezone(timedelta(0), "Z")])
values = st.dictionaries(
    texts.filter(lambda text: text != "walked"),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        texts,
        st.sampled_from(["E+5", "NaN", "Infinity", "1E-7"]),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.dates(),
        st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=zones),  # noqa: DTZ001
        st.uuids(),
    ),
    max_size=6,
)


def read_back(value: object) -> object:
    """What a reader of the JSON gets."""
    match value:
        case bool() | None:
            return value
        case int():
            return Decimal(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | UUID():
            return value.isoformat() if isinstance(value, date) else str(value)
        case _:
            return value


@given(values)
@example({"a": Decimal("1E+5"), "b": "E+"})
@example({"a": Decimal("0E-10"), "b": Decimal("12345678901234.1234567890")})
def test_all_values_arrive_exactly(given_values: dict[str, object]) -> None:
    """Amounts with all their digits, instants in UTC; and the same when the values are walked through."""
    text = encode(given_values)
    found = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    assert found == {key: read_back(value) for key, value in given_values.items()}
    walked = encode({**given_values, "walked": []})
    assert walked == (text[:-1] + b"," if given_values else text[:-1]) + b'"walked":[]}'


def test_amounts_have_no_exponent() -> None:
    """The service reads numbers, and their digits are what was meant."""
    assert encode({"a": Decimal("1E+3"), "b": Decimal("1E-3"), "c": [Decimal("1E+2")], "d": Status.OPEN}) == (
        b'{"a":1000,"b":0.001,"c":[100],"d":1}'
    )


@pytest.mark.parametrize(
    "value",
    [
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        1.0,
        datetime(2020, 10, 5),  # noqa: DTZ001 - without a time zone on purpose
        b"bytes",
        {1.5},
        "\ud800",
    ],
)
@pytest.mark.parametrize("is_nested", [False, True])
def test_what_cannot_be_written_is_named(value: object, is_nested: bool) -> None:
    """With the record, and the column where it is one that is wrong."""
    with pytest.raises(UsageError, match="row 7"):
        encode({"revenue": {"inner": [value]} if is_nested else value}, "row 7")


@given(
    st.dictionaries(
        texts,
        st.one_of(
            st.text(),
            st.decimals(),
            st.floats(),
            st.binary(max_size=3),
            st.datetimes(timezones=st.one_of(st.none(), zones)),
            st.lists(st.one_of(st.text(), st.decimals(), st.floats()), max_size=2),
            st.sampled_from([None, Status.OPEN, {"deep": 1.5}, {"deep": Decimal(1)}]),
        ),
        max_size=3,
    )
)
def test_a_check_refuses_what_encoding_refuses(given_values: dict[str, object]) -> None:
    """It is how a list is looked at before its first row is sent: nothing may be found only later."""

    def refusal(look: Callable[[dict[str, object], str], object]) -> str:
        try:
            look(given_values, "row 7")
        except UsageError as error:
            return str(error)
        return ""

    assert refusal(check_values) == refusal(encode)
