"""`projops run --from … --to … --html FILE`: a look ahead as one file, in the style of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from connector.console.page.currencies import (
    NARROW_PX,
    WIDE_PX,
    Section,
    currencies_of,
    grouped_by_contract,
)
from connector.console.page.moments import Zones
from connector.console.page.one_file import one_file
from connector.console.page.panels.paging import MOST_ROWS, InReport, paged
from connector.runner.calendar import Calendar
from connector.runner.look_ahead import Period
from connector.runner.look_ahead_report import MIRROR, RECORDED, besides_text, passed_text, unseen_text
from connector.runner.outcome import Header
from connector.runner.wording import settings_of_preview, unknown_of, zone_text


@dataclass(frozen=True)
class LookAheadPage:
    """What a page shows: `calendar` has been filled, `environment` is the address that was read.

    `here` is the zone of whoever reads it.
    """

    header: Header
    period: Period
    first_run: date
    calendar: Calendar
    environment: str
    now: datetime
    here: tzinfo = UTC
    is_emulator: bool = False

    def html(self) -> str:
        return one_file("look_ahead.html", self._context())

    def _context(self) -> Mapping[str, Any]:
        told, every = self.calendar.told, currencies_of(self.calendar)
        return {
            "label": self.environment,
            "as_of": self.now,
            "zones": Zones(self.here, self.header.zone.zone),
            "is_emulator": self.is_emulator,
            "at": InReport({}),
            "made_by": "projops run",
            "is_report": True,
            "period": self.period,
            "calendar": self.calendar,
            "told": told,
            "drafts": sorted(told.drafts, key=lambda pair: (pair[0], pair[1].contract_name)),
            "every": every,
            "sections": [Section(one, paged(one.entries, 1, MOST_ROWS)) for one in every],
            "besides": besides_text(self.calendar),
            "no_contract": unseen_text(self.calendar),
            "uncertain": grouped_by_contract(told.uncertain),
            "left": grouped_by_contract(told.left),
            "ended": grouped_by_contract(told.ended),
            "zone": zone_text(self.header.zone),
            "passed": passed_text(self.first_run, self.period.first),
            "unknown": list(unknown_of(self.header)),
            "settings": settings_of_preview(self.header.rules),
            "mirror": MIRROR.removeprefix("A preview: ").capitalize(),
            "recorded": RECORDED,
            "narrow_px": NARROW_PX,
            "wide_px": WIDE_PX,
        }
