"""Contracts that hypothesis makes up: any mix of lines, dates, statuses, customers and amounts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

FIRST = date(2020, 10, 1)
RUN_DAY = date(2020, 10, 15)

days = st.integers(0, 30).map(lambda days: (FIRST + timedelta(days=days)).isoformat())
amounts = st.decimals(
    min_value=Decimal(-(10**15)), max_value=Decimal(10**15), places=10, allow_nan=False, allow_infinity=False
).map(lambda amount: format(amount, "f"))
customers = st.sampled_from(["a", "b", None])
percents = st.sampled_from([("60", "40"), ("33.33", "66.67"), ("100", "0"), ("60", "37")])


def _numbered(prefix: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"{prefix}-{number}", **item} for number, item in enumerate(items)]


rows = st.fixed_dictionaries(
    {
        "run_date": days,
        "cut_off": days,
        "status": st.sampled_from(["not_run", "not_run", "not_run", "run_successful", "run_failed", 4711]),
    }
)
actuals = st.fixed_dictionaries(
    {
        "date": days,
        "amount": amounts,
        "tax": st.one_of(st.none(), amounts),
        "class": st.sampled_from(["time", "expense", "fee", "tax"]),
        "billing_type": st.sampled_from(["chargeable", "chargeable", "complimentary", "non_chargeable"]),
        "status": st.sampled_from(
            [
                "ready_to_invoice",
                "ready_to_invoice",
                "unbilled_sales_created",
                "customer_invoice_created",
                None,
            ]
        ),
        "adjustment": st.sampled_from([None, None, None, "adjusted", "in_process"]),
        "customer": customers,
        "currency": st.sampled_from(["usd", "usd", "eur", None]),
    }
)
milestones = st.fixed_dictionaries(
    {
        "date": days,
        "amount": amounts,
        "status": st.sampled_from(
            ["ready_for_invoicing", "not_ready_for_invoicing", "customer_invoice_created"]
        ),
    }
)


@st.composite
def time_lines(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "includes": {"fee": draw(st.booleans())},
        "rows": draw(st.lists(rows, max_size=4)),
        "actuals": draw(st.lists(actuals, max_size=6)),
    }


@st.composite
def fixed_lines(draw: st.DrawFn) -> dict[str, Any]:
    found: list[dict[str, Any]] = list(draw(st.lists(milestones, max_size=4)))
    schedule = [
        {"run_date": one["date"], "milestone_number": number}
        for number, one in enumerate(found)
        if draw(st.booleans())
    ]
    has_header = draw(st.booleans())
    if has_header:  # the first is the header of the others
        found = [{**one, "part_of": 0} if number else one for number, one in enumerate(found)]
    return {"method": "fixed_price", "milestones": found, "rows": schedule}


products = st.fixed_dictionaries(
    {
        "method": st.just("product"),
        "status": st.sampled_from(["ready_to_invoice", "unbilled_sales_created"]),
        "extended_amount": amounts,
    }
)


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, Any]:
    """A contract in the words of a case file, with ids of its own for everything."""
    lines = []
    drawn = draw(st.lists(st.one_of(time_lines(), fixed_lines(), products), max_size=4))
    for number, line in enumerate(_numbered("line", drawn)):
        named = dict(line)
        named["milestones"] = [
            {**one, "header": f"m-{number}-0"} if "part_of" in one else one
            for one in _numbered(f"m-{number}", line.get("milestones", []))
        ]
        named["actuals"] = _numbered(f"t-{number}", line.get("actuals", []))
        named["rows"] = [
            {
                **{key: value for key, value in row.items() if key != "milestone_number"},
                **(
                    {"milestone": f"m-{number}-{row['milestone_number']}"}
                    if "milestone_number" in row
                    else {}
                ),
            }
            for row in _numbered(f"r-{number}", line.get("rows", []))
        ]
        lines.append(named)
    contract: dict[str, Any] = {"lines": lines}
    if draw(st.booleans()):
        first, second = draw(percents)
        contract["customers"] = [
            {"account": "a", "percent": first},
            {"account": "b", "percent": second, "is_rounding": True},
        ]
    return contract


runs = st.fixed_dictionaries(
    {
        "day": st.just(RUN_DAY.isoformat()),
        "takes_missed": st.booleans(),
        "rules": st.fixed_dictionaries(
            {
                "ready_rule": st.sampled_from(["ready", "ready_or_unset"]),
                "cut_off": st.sampled_from(["inclusive", "exclusive"]),
                "retry_failed": st.booleans(),
                "empty_lines": st.sampled_from(["due", "all"]),
                "nothing_to_bill": st.sampled_from(["successful", "not_run"]),
            }
        ),
    }
)
