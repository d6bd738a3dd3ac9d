"""All panels in one file that needs nothing else: for an e-mail or a ticket."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from markupsafe import Markup

from connector.console.page.catalog import PANELS
from connector.console.page.moments import Zones
from connector.console.page.panels.paging import InReport
from connector.console.page.readings import FindingsSeen, HistorySeen, JobSeen, WorkSeen
from connector.console.page.templating import asset, rendered

ROWS = {"rows": "2000"}
"""What a table holds at most: a mail program has to open the file."""
_PARTS = {panel.path: panel.path.strip("/") or "health" for panel in PANELS}


@dataclass(frozen=True)
class ReportSeen:
    """Everything that a report shows, read once."""

    job: JobSeen
    work: WorkSeen
    findings: FindingsSeen
    history: HistorySeen


def report_html(seen: ReportSeen, label: str, here: tzinfo = UTC) -> str:
    """One page; `label` names the environment as the settings do, times are in the zone `here`."""
    zones = Zones(here, seen.work.header.zone.zone)
    values: dict[str, Any] = {
        "job": seen.job,
        "work": seen.work,
        "findings": seen.findings,
        "history": seen.history,
        "zones": zones,
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
    }
    parts = [
        (_PARTS[panel.path], panel.title, Markup(_part(panel.template, context, panel.view(values, ROWS))))  # noqa: S704  # our own template, which escapes
        for panel in PANELS
    ]
    style = asset("page.css").decode()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return rendered(
        "report.html",
        {
            "parts": parts,
            "label": label,
            "as_of": seen.job.now,
            "zones": zones,
            "is_emulator": seen.job.is_emulator,
            "style": Markup(style),  # noqa: S704  # our own file
            "style_digest": digest,
        },
    )


def _part(template: str, context: Mapping[str, Any], view: Mapping[str, Any]) -> str:
    return rendered(template, {**context, **view})
