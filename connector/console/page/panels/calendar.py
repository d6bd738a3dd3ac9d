"""Calendar: the run dates of the coming weeks with the amounts that are expected, as charts and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.console.page.readings import WorkSeen
from connector.runner.look_ahead_report import RECORDED, besides_text
from connector.runner.page import NARROW_PX, grouped_by_contract, sections_of

HALF_A_SCREEN_PX = 560


def calendar_view(seen: WorkSeen) -> Mapping[str, Any]:
    calendar = seen.calendar
    told = calendar.told
    return {
        "seen": seen,
        "calendar": calendar,
        "sections": sections_of(calendar),
        "besides": besides_text(calendar),
        "recorded": RECORDED,
        "drafts": sorted(told.drafts, key=lambda pair: (pair[0], pair[1].contract_name)),
        "uncertain": grouped_by_contract(told.uncertain),
        "narrow_px": NARROW_PX,
        "wide_px": HALF_A_SCREEN_PX,
    }
