"""All panels in one file that needs nothing else: for an e-mail or a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from markupsafe import Markup

from connector.console.page.catalog import PANELS
from connector.console.page.moments import Zones
from connector.console.page.one_file import one_file
from connector.console.page.panels.paging import InReport
from connector.console.page.readings import FindingsSeen, HistorySeen, JobSeen, WorkSeen
from connector.console.page.templating import rendered

ROWS = 200
"""What a table holds unless somebody asks for more: a mail program has to open the file, a printer to end."""
MADE_BY = "projops report"
_PARTS = {panel.path: panel.path.strip("/") or "health" for panel in PANELS}


@dataclass(frozen=True)
class ReportSeen:
    """Everything that a report shows, read once."""

    job: JobSeen
    work: WorkSeen
    findings: FindingsSeen
    history: HistorySeen


def report_html(seen: ReportSeen, label: str, here: tzinfo = UTC, rows: int = ROWS) -> str:
    """One page; `label` names the environment as the settings do, times are in the zone `here`.

    `rows` is what each table holds at most; what is left out is counted and said.
    """
    zones = Zones(here, seen.work.header.zone.zone)
    values: dict[str, Any] = {
        "job": seen.job,
        "work": seen.work,
        "findings": seen.findings,
        "history": seen.history,
        "zones": zones,
        "is_report": True,
    }
    context = {
        "layout": "fragment.html",
        "is_report": True,
        "root": "",
        "at": InReport(_PARTS),
        "zones": zones,
        "url": seen.job.url,
        "now": seen.job.now,
        "is_still": True,
        "made_by": MADE_BY,
    }
    asked = {"rows": str(rows)}
    parts = [
        (_PARTS[panel.path], panel.title, Markup(_part(panel.template, context, panel.view(values, asked))))  # noqa: S704  # our own template, which escapes
        for panel in PANELS
    ]
    return one_file(
        "report.html",
        {
            "parts": parts,
            "label": label,
            "as_of": seen.job.now,
            "zones": zones,
            "is_emulator": seen.job.is_emulator,
            "made_by": MADE_BY,
            "at": InReport(_PARTS),
        },
    )


def _part(template: str, context: Mapping[str, Any], view: Mapping[str, Any]) -> str:
    return rendered(template, {**context, **view})
