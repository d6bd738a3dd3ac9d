"""What the page reads of an environment, in the words of the rooms: the job, the work ahead, the findings."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from functools import cached_property

from connector.console.connection import Connection
from connector.console.explanation import explanation_of
from connector.console.memory import environment_of, history_of
from connector.console.page.currencies import CurrencySeen, currencies_of
from connector.console.page.work import (
    Changes,
    Row,
    Summary,
    Whose,
    by_state,
    changes_between,
    rows_of,
    searched_in,
    summary_of,
)
from connector.console.voice import Voice
from connector.errors import HttpError, SettingsError
from connector.history.store import History
from connector.history.values import Entry, Kind, SeenRun
from connector.hooks import load_plugins
from connector.job.look import look
from connector.model.job_chain import Diagnosis
from connector.model.job_timeline import Span, timeline
from connector.runner.calendar import Calendar
from connector.runner.look_ahead import Period
from connector.runner.outcome import Header
from connector.runner.overview import start_overview
from connector.runner.read_drafts import read_by_ids
from connector.runner.story import Explanation
from connector.settings import Settings
from connector.verification.checks import ALL_CHECKS, needs_of
from connector.verification.read import read_evidence
from connector.verification.verify import Report, verify

TIMELINE = timedelta(days=14)
LOOK_AHEAD = timedelta(weeks=8)


@dataclass(frozen=True)
class JobSeen:
    """How the job is; `spans` begin at `since`. `zone` is that of this machine, in which sentences speak."""

    diagnosis: Diagnosis
    spans: tuple[Span, ...]
    since: datetime
    zone: tzinfo
    url: str
    is_emulator: bool
    owners: Mapping[str, str] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.diagnosis.now

    @property
    def starter(self) -> str | None:
        """The user under whom the job runs: its days are days in that user's time zone (rule L7)."""
        chains = self.diagnosis.chains
        return chains[0].last.owner if chains else None


@dataclass(frozen=True)
class WorkSeen:
    """The next run and the weeks after it; `changes` are against the last reading that differed.

    `rows` stand in the order of `by_state`, which a hundred thousand of them need not be put in again.
    `managers` names the owner of a contract by the contract's id.
    """

    header: Header
    period: Period
    now: datetime
    url: str
    rows: tuple[Row, ...]
    drafts: int
    calendar: Calendar
    whose: Whose
    managers: Mapping[str, str]
    next_run: datetime | None
    changes: Changes | None = None

    @cached_property
    def summary(self) -> Summary:
        """Counted once for a reading, which is shown many times."""
        return summary_of(self.rows)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Of each row what a search looks through."""
        return tuple(map(searched_in, self.rows))

    @cached_property
    def currencies(self) -> tuple[CurrencySeen, ...]:
        return currencies_of(self.calendar)


@dataclass(frozen=True)
class FindingsSeen:
    report: Report

    @property
    def now(self) -> datetime:
        return self.report.now


@dataclass(frozen=True)
class HistorySeen:
    """What the history file says of one environment, the oldest first; `problem` why it says nothing."""

    runs: tuple[SeenRun, ...] = ()
    entries: tuple[Entry, ...] = ()
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Noted:
    """What the history noted last of one environment: the latest entry of each kind, and the latest run."""

    entries: tuple[Entry, ...] = ()
    run: SeenRun | None = None


def read_job(connection: Connection, settings: Settings, voice: Voice) -> JobSeen:
    """One look, which the history keeps where there is one. Raises DataverseError."""
    at = replace(connection.environment(settings.rules), history=TIMELINE)
    sight = look(at)
    diagnosis = sight.diagnosis
    with history_of(settings, voice) as history:
        history.status(connection, diagnosis)
    since = diagnosis.now - TIMELINE
    owners = {job.owner for chain in diagnosis.chains for job in chain.jobs if job.owner}
    return JobSeen(
        diagnosis=diagnosis,
        spans=timeline(diagnosis.chains, diagnosis.now, since),
        since=since,
        zone=at.zone,
        url=connection.client.url,
        is_emulator=connection.is_emulator,
        owners={owner: sight.snapshot.owner_name(owner) for owner in owners},
    )


def read_work(connection: Connection, settings: Settings, job: JobSeen, before: WorkSeen | None) -> WorkSeen:
    """Every contract, once. Raises DataverseError, and what `start_overview` raises."""
    overview = start_overview(
        connection.client,
        connection.tables,
        load_plugins(),
        connection.rules_here(settings.rules),
        user=job.starter,
        next_run=job.diagnosis.next_run,
        length=LOOK_AHEAD,
    )
    rows: list[Row] = []
    drafts, calendar, whose = 0, Calendar(), Whose()
    for one in overview.contracts:
        rows.extend(rows_of(one))
        drafts += len(one.outcome.invoices)
        calendar.add(one.outlook)
        whose.add(one.snapshot)
    rows.sort(key=by_state)
    now = connection.now
    names = _user_names(connection, set(whose.owners.values()))
    return WorkSeen(
        header=overview.header,
        period=overview.period,
        now=now,
        url=connection.client.url,
        rows=tuple(rows),
        drafts=drafts,
        calendar=calendar,
        whose=whose,
        managers={id: names[owner] for id, owner in whose.owners.items() if owner in names},
        next_run=job.diagnosis.next_run,
        changes=None if before is None else _changes(before, rows, now),
    )


def _changes(before: WorkSeen, rows: list[Row], now: datetime) -> Changes | None:
    return changes_between(before.rows, rows, before.now, now) or before.changes


def _user_names(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Names of users; who cannot be read, and teams, have none."""
    try:
        users = read_by_ids(connection.client, connection.tables.user, "id", sorted(ids))
        return {user.id: user.full_name for user in users if user.full_name}
    except HttpError:
        return {}


def read_findings(connection: Connection, settings: Settings) -> FindingsSeen:
    """All checks. Raises DataverseError."""
    evidence = read_evidence(
        connection.client,
        connection.tables,
        sleep=connection.environment(settings.rules).sleep,
        needs=needs_of(ALL_CHECKS),
        rules=connection.rules_here(settings.rules),
        desired=settings.job,
    )
    return FindingsSeen(verify(evidence, ALL_CHECKS))


def read_story(connection: Connection, settings: Settings, line: str) -> Explanation:
    """Raises UsageError where nothing, or more than one thing, is called `line`; DataverseError."""
    return explanation_of(connection, settings, line, None)


def read_history(settings: Settings) -> HistorySeen:
    """From the file that the settings name; nothing is asked of the environment."""
    if settings.history_file is None:
        return HistorySeen(
            problem="No history is kept",
            hint="Set PROJOPS_HISTORY_FILE, or history_file in projops.toml, and start the page again: what "
            "is seen from then on is kept beyond the platform's thirty days.",
        )
    place = environment_of(settings.require_url())
    try:
        with History.open(settings.history_file, is_new_allowed=False) as kept:
            return HistorySeen(tuple(kept.runs(place)), tuple(kept.entries(place)))
    except SettingsError as error:
        return HistorySeen(problem=error.message, hint=error.hint)


def read_noted(settings: Settings) -> Noted:
    """What stands in for the environment until it is read; empty where no history is kept or readable."""
    if settings.history_file is None:
        return Noted()
    place = environment_of(settings.require_url())
    try:
        with History.open(settings.history_file, is_new_allowed=False) as kept:
            found = (kept.last_entry(place, kind) for kind in Kind)
            latest_first = sorted(filter(None, found), key=lambda entry: entry.at, reverse=True)
            return Noted(tuple(latest_first), next(iter(deque(kept.runs(place), maxlen=1)), None))
    except SettingsError:
        return Noted()
