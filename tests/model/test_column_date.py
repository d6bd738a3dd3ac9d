"""Columns that hold days decode whichever way they come, and keep telling the right day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.dataverse.exchange.page import open_page
from connector.errors import MalformedAnswer
from connector.model.actual import ACTUAL, Actual
from connector.model.column_date import day_in, day_without_zone, start_in
from connector.model.table import renamed

NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")


def decoded(text: str, record: type[Actual] = Actual) -> Actual:
    page = open_page(b'{"value":[{"msdyn_actualid":"a",' + text.encode() + b"}]}", record, "msdyn_actuals")
    return next(page.pieces)[0]


@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO])
def test_a_plain_day_is_that_day_in_every_zone(zone: ZoneInfo) -> None:
    """Edm.Date has no time, so no time zone moves it."""
    found = decoded('"msdyn_documentdate":"2020-10-05"').document_date
    assert found == date(2020, 10, 5)
    assert not isinstance(found, datetime)
    assert day_in(zone, found) == date(2020, 10, 5)


def test_an_instant_is_read_in_the_zone() -> None:
    """Edm.DateTimeOffset of a user-local column is the midnight of somebody's zone."""
    found = decoded('"msdyn_documentdate":"2020-10-05T00:00:00Z"').document_date
    assert found == datetime(2020, 10, 5, tzinfo=UTC)
    assert (day_in(NEW_YORK, found), day_in(TOKYO, found)) == (date(2020, 10, 4), date(2020, 10, 5))
    assert day_without_zone(found) == date(2020, 10, 5)


def test_an_instant_without_an_offset_is_its_own_day() -> None:
    """Nothing tells its zone, and the zone of this machine has no say in it."""
    assert decoded('"msdyn_documentdate":"2020-10-05T23:30:00"').document_date == date(2020, 10, 5)


def test_a_column_without_a_value_stays_empty() -> None:
    """null is no date, and no error."""
    assert decoded('"msdyn_documentdate":null').document_date is None


def test_a_role_column_takes_both_forms_too() -> None:
    """A column whose name only the environment knows is decoded like any other date column."""
    record = renamed(ACTUAL.record, {"transaction_date": "msdyn_transactiondate"})
    assert decoded('"msdyn_transactiondate":"2020-10-05"', record).transaction_date == date(2020, 10, 5)
    found = decoded('"msdyn_transactiondate":"2020-10-05T00:00:00Z"', record).transaction_date
    assert found == datetime(2020, 10, 5, tzinfo=UTC)


def test_what_is_no_date_is_named_with_its_place() -> None:
    """A text that is neither a day nor an instant ends the read, and says where it stands."""
    with pytest.raises(MalformedAnswer, match="msdyn_documentdate"):
        decoded('"msdyn_documentdate":"yesterday"')


def test_a_plain_day_begins_at_midnight_of_the_zone() -> None:
    """Where an instant is needed, a day is its midnight there, summer time included."""
    assert start_in(NEW_YORK, date(2020, 10, 5)) == datetime(2020, 10, 5, 4, tzinfo=UTC)
    instant = datetime(2020, 10, 5, 9, tzinfo=UTC)
    assert start_in(NEW_YORK, instant) is instant
