"""Every run date of a period as a command shows it: streamed, added up, and drawn as a page where asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connector.console.connection import Connection, zone_of_this_machine
from connector.console.extras import needs_console_extra
from connector.console.output import Item, Layout
from connector.errors import UsageError
from connector.hooks import load_plugins
from connector.runner.calendar import Calendar
from connector.runner.invoicing import RunRequest
from connector.runner.look_ahead import LookAhead, Period, start_look_ahead
from connector.runner.look_ahead_report import as_stream, as_text
from connector.settings import Settings

if TYPE_CHECKING:
    from connector.console.page.look_ahead import LookAheadPage

LAYOUT = Layout(
    "projops.run_range/1",
    {
        "day": "calendar",
        "total": "totals",
        "invoice": "invoices",
        "skipped": "skipped",
        "failed": "failed",
    },
    (
        "day",
        "currency",
        "customer_name",
        "customer",
        "drafts",
        "amount",
        "contract_name",
        "contract",
        "contract_line",
        "name",
        "invoice_run_date",
        "total",
        "uncertain",
        "reason",
        "until",
        "count",
        "message",
        "lines",
    ),
)


@dataclass
class RangeRun:
    """The period that a call asks for; `user` is the id of the user under whom the job runs, `next_run`
    when it is expected next, None when nobody can tell."""

    connection: Connection
    settings: Settings
    period: Period
    contracts: tuple[str, ...]
    user: str | None
    next_run: datetime | None = None
    html: Path | None = None
    calendar: Calendar = field(default_factory=Calendar)

    def stream(self) -> Iterator[Item]:
        ahead = self._start()
        yield from as_stream(ahead, self.calendar)
        self._write_page(ahead)

    def text(self) -> Iterator[str]:
        ahead = self._start()
        yield from as_text(ahead, self.calendar, self.connection.now)
        self._write_page(ahead)

    def _start(self) -> LookAhead:
        rules = self.connection.rules_here(self.settings.rules)
        request = RunRequest(contracts=self.contracts, user=self.user)
        client, tables = self.connection.client, self.connection.tables
        return start_look_ahead(client, tables, load_plugins(), rules, self.period, request, self.next_run)

    def _write_page(self, ahead: LookAhead) -> None:
        """Raises UsageError for a file that cannot be written."""
        if self.html is None:
            return
        page = page_class()(
            ahead.header,
            ahead.period,
            ahead.first_run,
            self.calendar,
            self.connection.client.url,
            self.connection.now,
            zone_of_this_machine(),
            self.connection.is_emulator,
        )
        try:
            self.html.write_text(page.html(), encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(
                f"--html {self.html} cannot be written: {error.strerror or error}.", "Name another file."
            ) from None


def page_class() -> type[LookAheadPage]:
    """The page, which is of an extra. Raises SettingsError where that is not installed."""
    with needs_console_extra():
        import connector.console.page.drawing  # noqa: F401  # so that what is missing is said at once
        from connector.console.page.look_ahead import LookAheadPage
    return LookAheadPage
