"""Calendar: the run dates of the coming weeks with the amounts that are expected, as charts and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.console.page.currencies import NARROW_PX, WIDE_PX, Section, grouped_by_contract
from connector.console.page.panels.paging import number_of, paged, rows_of
from connector.console.page.readings import WorkSeen
from connector.runner.look_ahead_report import RECORDED, besides_text, unseen_text

MOST_DRAWN = 6
"""With more currencies than these the panel lists them, and draws the one that is asked for."""


def calendar_view(seen: WorkSeen, query: Mapping[str, str], *, is_report: bool) -> Mapping[str, Any]:
    """`currency` in the question asks for the section of that one alone, `page` for a page of its table."""
    calendar, told, every = seen.calendar, seen.calendar.told, seen.currencies
    chosen = next((one.currency for one in every if one.currency == query.get("currency")), "")
    page = number_of(query.get("page", "")) if chosen else 1
    # In a file nobody can ask for another one.
    is_listed_alone = not chosen and len(every) > MOST_DRAWN and not is_report
    return {
        "period": seen.period,
        "calendar": calendar,
        "every": every,
        "chosen": chosen,
        "sections": [
            Section(one, paged(one.entries, page, rows_of(query)))
            for one in every
            if chosen == one.currency or not (chosen or is_listed_alone)
        ],
        "besides": besides_text(calendar),
        "no_contract": unseen_text(calendar),
        "recorded": RECORDED,
        "drafts": sorted(told.drafts, key=lambda pair: (pair[0], pair[1].contract_name)),
        "uncertain": grouped_by_contract(told.uncertain),
        "narrow_px": NARROW_PX,
        "wide_px": WIDE_PX,
    }
