"""Columns as they stand in conditions and orders: `column("name").startswith("A")`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum

from connector.dataverse.query.conditions import Comparison, Condition, PlatformFunction, TextMatch
from connector.dataverse.query.literals import json_array, quote
from connector.dataverse.query.literals import path as path_text
from connector.errors import UsageError

# What LIKE reads as a wildcard stands for itself between brackets (`webapi/query/filter-rows`).
_LITERALLY = str.maketrans({"%": "[%]", "_": "[_]", "[": "[[]"})


def column(path: str) -> Column:
    """A column by its name in JSON ("name", "_ownerid_value"), or a path through lookups to one.

    Raises UsageError for what can be no name.
    """
    return Column(path_text(path))


class Column:
    """Comparisons make conditions; a comparison with another column compares two of the same record.

    Text is compared without regard to case. Values are what `quote` takes.
    """

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"column({self.path!r})"

    __hash__ = None  # type: ignore[assignment]  # == makes a condition, so a set could not tell columns apart

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # a condition is not a bool
        return self._compared("eq", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]  # likewise
        return self._compared("ne", other)

    def __lt__(self, other: object) -> Condition:
        return self._compared("lt", other)

    def __le__(self, other: object) -> Condition:
        return self._compared("le", other)

    def __gt__(self, other: object) -> Condition:
        return self._compared("gt", other)

    def __ge__(self, other: object) -> Condition:
        return self._compared("ge", other)

    def _joined(self, _other: object) -> Condition:
        """`a == 1 & b == 2` is read as `a == (1 & b) == 2`, which nobody means."""
        raise UsageError(
            f"The column {self.path} was joined with & or |, which bind more tightly than ==.",
            "Put each comparison in parentheses: (column(…) == …) & (column(…) > …).",
        )

    __and__ = __rand__ = __or__ = __ror__ = _joined

    def _compared(self, operator: str, other: object) -> Condition:
        if isinstance(other, Column):
            return Comparison(self.path, operator, other.path, is_column=True)
        if other is None and operator not in ("eq", "ne"):
            raise UsageError(f"Nothing is {operator} null: {self.path}.", "Use is_null or is_not_null.")
        return Comparison(self.path, operator, quote(other))

    @property
    def ascending(self) -> str:
        """For `order_by`."""
        return f"{self.path} asc"

    @property
    def descending(self) -> str:
        """For `order_by`."""
        return f"{self.path} desc"

    @property
    def is_null(self) -> Condition:
        return self._compared("eq", None)

    @property
    def is_not_null(self) -> Condition:
        return self._compared("ne", None)

    def contains(self, text: str, *, has_wildcards: bool = False) -> Condition:
        """`%`, `_` and `[` mean themselves, or with `has_wildcards` what they mean to Dataverse."""
        return self._matches("contains", text, has_wildcards)

    def startswith(self, text: str, *, has_wildcards: bool = False) -> Condition:
        """See `contains`."""
        return self._matches("startswith", text, has_wildcards)

    def endswith(self, text: str, *, has_wildcards: bool = False) -> Condition:
        """See `contains`."""
        return self._matches("endswith", text, has_wildcards)

    def _matches(self, function: str, text: str, has_wildcards: bool) -> Condition:
        if not text:
            raise UsageError(f"{function} of {self.path} wants a text.", "Give at least one character.")
        return TextMatch(function, self.path, quote(text if has_wildcards else text.translate(_LITERALLY)))

    def in_(self, values: Iterable[object]) -> Condition:
        """One of the values. Raises UsageError for none at all: no filter means "nothing"."""
        return self._function("In", self._values(values))

    def not_in(self, values: Iterable[object]) -> Condition:
        """None of the values. Whether a column without a value counts is not documented."""
        return self._function("NotIn", self._values(values))

    def between(self, low: object, high: object) -> Condition:
        """From `low` to `high`, both included."""
        return self._function("Between", self._values((low, high)))

    def not_between(self, low: object, high: object) -> Condition:
        return self._function("NotBetween", self._values((low, high)))

    def contain_values(self, values: Iterable[object]) -> Condition:
        """For a column of several choices: at least one of them is chosen."""
        return self._function("ContainValues", self._values(values))

    def does_not_contain_values(self, values: Iterable[object]) -> Condition:
        """For a column of several choices: none of them is chosen."""
        return self._function("DoesNotContainValues", self._values(values))

    @property
    def is_caller(self) -> Condition:
        """The lookup leads to the user who asks."""
        return self._function("EqualUserId")

    @property
    def is_not_caller(self) -> Condition:
        return self._function("NotEqualUserId")

    def on(self, day: date) -> Condition:
        """On that day, in the time zone of the user who asks."""
        return self._function("On", _day(day))

    def not_on(self, day: date) -> Condition:
        return self._function("NotOn", _day(day))

    def on_or_after(self, day: date) -> Condition:
        return self._function("OnOrAfter", _day(day))

    def on_or_before(self, day: date) -> Condition:
        return self._function("OnOrBefore", _day(day))

    @property
    def is_today(self) -> Condition:
        """Today by the environment's clock, in the time zone of the user who asks. Likewise the others."""
        return self._function("Today")

    @property
    def is_yesterday(self) -> Condition:
        return self._function("Yesterday")

    @property
    def is_tomorrow(self) -> Condition:
        return self._function("Tomorrow")

    @property
    def is_this_week(self) -> Condition:
        return self._function("ThisWeek")

    @property
    def is_this_month(self) -> Condition:
        return self._function("ThisMonth")

    @property
    def is_this_year(self) -> Condition:
        return self._function("ThisYear")

    def last_x_hours(self, hours: int) -> Condition:
        return self._function("LastXHours", _whole("last_x_hours", hours))

    def last_x_days(self, days: int) -> Condition:
        return self._function("LastXDays", _whole("last_x_days", days))

    def last_x_months(self, months: int) -> Condition:
        return self._function("LastXMonths", _whole("last_x_months", months))

    def next_x_hours(self, hours: int) -> Condition:
        return self._function("NextXHours", _whole("next_x_hours", hours))

    def next_x_days(self, days: int) -> Condition:
        return self._function("NextXDays", _whole("next_x_days", days))

    def next_x_months(self, months: int) -> Condition:
        return self._function("NextXMonths", _whole("next_x_months", months))

    def older_than_x_minutes(self, minutes: int) -> Condition:
        return self._function("OlderThanXMinutes", _whole("older_than_x_minutes", minutes))

    def older_than_x_hours(self, hours: int) -> Condition:
        return self._function("OlderThanXHours", _whole("older_than_x_hours", hours))

    def older_than_x_days(self, days: int) -> Condition:
        return self._function("OlderThanXDays", _whole("older_than_x_days", days))

    def older_than_x_months(self, months: int) -> Condition:
        return self._function("OlderThanXMonths", _whole("older_than_x_months", months))

    def function(self, name: str, value: int | str | None = None) -> Condition:
        """Any other query function of Dataverse by its name, with PropertyValue where one is given."""
        bare = path_text(name.removeprefix("Microsoft.Dynamics.CRM."))
        return self._function(bare, "" if value is None else f",PropertyValue={quote(value)}")

    def _function(self, name: str, arguments: str = "") -> Condition:
        return PlatformFunction(name, _logical(self.path), arguments)

    def _values(self, values: Iterable[object]) -> str:
        if isinstance(values, str):
            raise UsageError(
                f"The values for {self.path} are one text, {values!r}.", "Give a list of values."
            )
        return f",PropertyValues={json_array(self.path, values)}"


def _logical(path: str) -> str:
    """Functions of Dataverse want a lookup's own name, without the clothes of its property."""
    *lookups, last = path.split("/")
    is_lookup = last.startswith("_") and last.endswith("_value")
    return "/".join([*lookups, last[1 : -len("_value")] if is_lookup else last])


def _day(day: date) -> str:
    if isinstance(day, datetime) or not isinstance(day, date):
        raise UsageError(f"{day!r} is not a day.", "Give a date; compare instants with <, >= and the like.")
    return f",PropertyValue='{day.isoformat()}'"


def _whole(function: str, number: int) -> str:
    number = number.value if isinstance(number, Enum) else number
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UsageError(f"{function} wants a whole number above 0, not {number!r}.", "Give 1 or more.")
    return f",PropertyValue={number}"
