"""One run of the invoice job as a command shows it: streamed, counted, with the digest of what is planned."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice

from connector.console.connection import Connection
from connector.console.memory import history_of
from connector.console.output import Item
from connector.console.voice import Voice
from connector.errors import ProjopsError
from connector.hooks import load_plugins
from connector.job.refusal import check_digest
from connector.model.invoicing_rules import InvoicingRules
from connector.runner.invoicing import RunRequest, start_run
from connector.runner.outcome import ContractOutcome, InvoiceRun, InvoiceState
from connector.runner.report import Totals, as_stream, as_text, counted
from connector.runner.reviewed import Reviewed
from connector.runner.wording import several
from connector.settings import CreateWith, Settings


@dataclass
class Shown:
    """A run while it is shown, and what is known of it afterwards.

    What ends it early (an interruption, an error of the environment) ends the stream and is kept in
    `stopped_by`: what was done until then is shown all the same.
    """

    start: Callable[[], InvoiceRun]
    is_preview: bool
    totals: Totals = field(default_factory=Totals)
    unknown: int = 0
    on: date | None = None
    digest: str = ""
    reviewed: Reviewed = field(default_factory=Reviewed)
    stopped_by: BaseException | None = None
    keep: Callable[[ContractOutcome], object] = lambda _: None

    @property
    def failures(self) -> int:
        """Contracts, or run dates of them, that failed or whose outcome is not known."""
        return self.totals.failed + self.unknown

    @property
    def sentence(self) -> str:
        """What came of it, in words, for the history: without names of customers."""
        verb = "Would be invoiced" if self.is_preview else "Created"
        end = f" Stopped before its end: {type(self.stopped_by).__name__}." if self.stopped_by else ""
        failed = f" {several(self.failures, 'failure')}." if self.failures else ""
        return f"{verb} on {self.on}: {self.totals.in_words()}.{failed}{end}"

    @property
    def facts(self) -> dict[str, object]:
        """The same as figures."""
        return {
            "on": None if self.on is None else self.on.isoformat(),
            "contracts": self.totals.contracts,
            "invoices": self.totals.invoices,
            "amounts": {code: str(amount) for code, amount in sorted(self.totals.amounts.items())},
            "reasons": self.totals.skipped,
            "failed": self.totals.failed,
            "unknown": self.unknown,
            "digest": self.digest or None,
            "is_whole": self.stopped_by is None,
        }

    def stream(self) -> Iterator[Item]:
        yield from as_stream(self._run())
        yield {"kind": "result", "digest": self.digest or None, "stopped_by": self._why()}

    def text(self) -> Iterator[str]:
        yield from as_text(self._run())
        if self.digest:
            yield f"Digest {self.digest}"
        if why := self._why():
            yield f"Stopped before its end: {why}"

    def _why(self) -> str | None:
        if self.stopped_by is None:
            return None
        return getattr(self.stopped_by, "message", None) or "interrupted"

    def _run(self) -> InvoiceRun:
        """The run, once its first contract is there: what fails before that is an error and no result."""
        run = self.start()
        self.on = run.header.on
        first = list(islice(run.outcomes, 1))
        outcomes = chain(first, self._unless_stopped(run.outcomes))
        return counted(InvoiceRun(run.header, self._digested(run.header.on, outcomes)), self.totals)

    def _unless_stopped(self, outcomes: Iterator[ContractOutcome]) -> Iterator[ContractOutcome]:
        try:
            yield from outcomes
        except (ProjopsError, KeyboardInterrupt) as error:
            self.stopped_by = error

    def _digested(self, on: date, outcomes: Iterable[ContractOutcome]) -> Iterator[ContractOutcome]:
        planned = hashlib.sha256(on.isoformat().encode())
        for outcome in outcomes:
            self.unknown += sum(one.state is InvoiceState.UNKNOWN for one in outcome.invoices)
            planned.update(outcome.fingerprint)
            self.reviewed.add(outcome.fingerprint)
            self.keep(outcome)
            yield outcome
        if self.is_preview and self.stopped_by is None:
            self.digest = planned.hexdigest()


def kept(connection: Connection, settings: Settings, voice: Voice, shown: Shown, reason: str = "") -> None:
    """Keep in the history, where there is one, what came of a run that was shown to its end."""
    with history_of(settings, voice) as history:
        history.run(
            connection,
            is_applied=not shown.is_preview,
            sentence=shown.sentence,
            facts=shown.facts,
            reason=reason,
        )


@dataclass
class InvoiceRunOfCall:
    """The run that a call asks for; `user` is the id of the user under whom the job runs.

    `until` is when the environment's own run is due: creating stops there.
    """

    connection: Connection
    settings: Settings
    on: date | None
    contracts: tuple[str, ...]
    user: str | None
    until: datetime | None = None
    reviewed: Reviewed | None = None

    def previewed(self) -> Shown:
        return Shown(lambda: self._start(is_applying=False), is_preview=True)

    def applied(self) -> Shown:
        return Shown(lambda: self._start(is_applying=True), is_preview=False)

    def check_digest(self, digest: str, keep: Callable[[ContractOutcome], object] = lambda _: None) -> None:
        """Raises Refused when what would be created is not what was reviewed.

        From then on `applied` does that and nothing else: what changes in between is refused, too. `keep`
        is given each contract on the way.
        """
        preview = self.previewed()
        preview.keep = keep
        for _ in preview.stream():
            pass
        if preview.stopped_by is not None:
            raise preview.stopped_by
        check_digest(preview.digest, digest)
        self.reviewed = preview.reviewed

    def _start(self, *, is_applying: bool) -> InvoiceRun:
        client, tables = self.connection.client, self.connection.tables
        request = RunRequest(
            on=self.on,
            contracts=self.contracts,
            user=self.user,
            until=self.until,
            is_applying=is_applying,
            is_by_records=self.settings.run.create_with is CreateWith.RECORDS,
            reviewed=self.reviewed,
        )
        definition = self.connection.definitions.get(tables.invoice_schedule.logical_name)
        return start_run(client, tables, definition, load_plugins(), self._rules(), request)

    def _rules(self) -> InvoicingRules:
        return self.connection.rules_here(self.settings.rules)
