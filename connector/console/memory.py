"""What commands keep in the history, where one is switched on; never a reason for a command to fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from connector.console.connection import Connection
from connector.console.voice import Voice
from connector.errors import DataverseError, ProjopsError, SettingsError
from connector.history.store import History
from connector.history.values import Drafts, Entry, Kind, SeenRun
from connector.job.drafts import read_created, read_currency_codes
from connector.job.look import Sight
from connector.model.job_chain import Diagnosis, JobCondition
from connector.model.process import PROCESS_RUNNER
from connector.provisioning.apply import Applied
from connector.provisioning.change import Plan
from connector.provisioning.destroy import Destroyed
from connector.provisioning.report import summary
from connector.runner.parity import Score
from connector.runner.parity_report import score_json
from connector.runner.wording import several
from connector.settings import Settings
from connector.support.apply import Applied as Rerun
from connector.support.plan import RerunPlan
from connector.verification.finding import Outcome
from connector.verification.verify import Report

Changed: TypeAlias = Applied | Destroyed


@dataclass(frozen=True)
class Deed:
    """Who changed something and why, as far as that was said."""

    who: str
    reason: str


class Memory(Protocol):
    """What a command tells; each does nothing where no history is kept."""

    def status(self, connection: Connection, diagnosis: Diagnosis) -> None: ...
    def verify(self, connection: Connection, report: Report) -> None: ...
    def rerun(
        self,
        connection: Connection,
        seen: Sight,
        plan: RerunPlan,
        applied: Rerun | None,
        reason: str,
        error: BaseException | None = None,
    ) -> None: ...
    def changed(
        self,
        connection: Connection,
        kind: Kind,
        plan: Plan,
        done: Changed | None,
        deed: Deed,
        error: BaseException | None = None,
    ) -> None: ...
    def run(
        self,
        connection: Connection,
        *,
        is_applied: bool,
        sentence: str,
        facts: dict[str, object],
        reason: str = "",
    ) -> None: ...
    def compare(self, connection: Connection, score: Score, *, is_emulator: bool) -> None: ...


@contextmanager
def history_of(settings: Settings, voice: Voice) -> Iterator[Memory]:
    """The history that the settings name, or one that keeps nothing."""
    if settings.history_file is None:
        yield _Nothing()
        return
    path, environment = settings.history_file, environment_of(settings.require_url())
    yield _Kept(lambda: History.open(path), environment, voice)


def environment_of(url: str) -> str:
    """How the history names an environment: as the setting does; an emulator's port is another each time."""
    return url.strip().rstrip("/").lower()


class _Nothing:
    def status(self, connection: Connection, diagnosis: Diagnosis) -> None:
        pass

    def verify(self, connection: Connection, report: Report) -> None:
        pass

    def rerun(
        self,
        connection: Connection,
        seen: Sight,
        plan: RerunPlan,
        applied: Rerun | None,
        reason: str,
        error: BaseException | None = None,
    ) -> None:
        pass

    def changed(
        self,
        connection: Connection,
        kind: Kind,
        plan: Plan,
        done: Changed | None,
        deed: Deed,
        error: BaseException | None = None,
    ) -> None:
        pass

    def run(
        self,
        connection: Connection,
        *,
        is_applied: bool,
        sentence: str,
        facts: dict[str, object],
        reason: str = "",
    ) -> None:
        pass

    def compare(self, connection: Connection, score: Score, *, is_emulator: bool) -> None:
        pass


class _Kept:
    """Opens the file for each thing told: a watch or a long run holds no lock in between."""

    def __init__(self, open_history: Callable[[], History], environment: str, voice: Voice) -> None:
        self._open = open_history
        self._environment = environment
        self._voice = voice

    def status(self, connection: Connection, diagnosis: Diagnosis) -> None:
        """The runs that are in sight; and an entry where the health is another one than last time."""

        def keep(history: History) -> None:
            self._see(history, connection, diagnosis)
            before = history.last_entry(self._environment, Kind.STATUS)
            if before is None or before.facts.get("health") != diagnosis.health.value:
                facts: dict[str, object] = {"health": diagnosis.health.value}
                history.note(self._entry(connection, Kind.STATUS, diagnosis.sentence, facts))

        self._keep(keep)

    def verify(self, connection: Connection, report: Report) -> None:
        outcomes = Counter(outcome.value for _, outcome, _ in report.by_check())
        failed = sorted({item.check.code for item in report.results if item.finding.outcome is Outcome.FAIL})
        facts: dict[str, object] = {**outcomes, "failed": failed, "exit_code": report.exit_code}
        sentence = f"{len(failed)} of {outcomes.total()} checks failed: {', '.join(failed) or 'none'}."
        self._keep(lambda history: history.note(self._entry(connection, Kind.VERIFY, sentence, facts)))

    def rerun(
        self,
        connection: Connection,
        seen: Sight,
        plan: RerunPlan,
        applied: Rerun | None,
        reason: str,
        error: BaseException | None = None,
    ) -> None:
        facts: dict[str, object] = {
            "health": plan.diagnosis.health.value,
            "plan": [f"{step.action.value} {step.id}" for step in plan.steps],
            "digest": plan.digest,
            "ended": list(applied.canceled.gone) if applied is not None else [],
            "started": applied.start.job if applied is not None and applied.start is not None else None,
        }
        refused = (*plan.refusals, *(applied.refused if applied is not None else ()))
        if refused:
            sentence = f"Refused: {refused[0].message}"
        elif applied is not None and applied.start is not None:
            sentence = applied.start.sentence
        elif error is not None:
            sentence = _broken_off(error)
        else:
            sentence = "Ended system jobs, started none."
        who = seen.snapshot.owner_name(_caller(connection))
        self._keep(
            lambda history: history.note(self._entry(connection, Kind.RERUN, sentence, facts, who, reason))
        )

    def changed(
        self,
        connection: Connection,
        kind: Kind,
        plan: Plan,
        done: Changed | None,
        deed: Deed,
        error: BaseException | None = None,
    ) -> None:
        """What provision or destroy did; nothing where there was nothing to do."""
        start = done.start if isinstance(done, Applied) else None
        facts: dict[str, object] = {
            "plan": [f"{change.action.value} {change.table} {change.id}" for change in plan.changes],
            "digest": plan.digest,
            "done": [f"{change.action.value} {change.id}" for change in done.done] if done else [],
            "started": start.job if start is not None else None,
        }
        refused = (*plan.refusals, *(done.refused if done is not None else ()))
        if refused:
            sentence = f"Refused: {refused[0].message}"
        elif error is not None:
            sentence = _broken_off(error)
        elif plan.is_empty:
            return
        else:
            told = summary(plan, done)
            sentence = f"{told[0].upper()}{told[1:]}" + (f" {start.sentence}" if start is not None else "")
        entry = self._entry(connection, kind, sentence, facts, deed.who, deed.reason)
        self._keep(lambda history: history.note(entry))

    def run(
        self,
        connection: Connection,
        *,
        is_applied: bool,
        sentence: str,
        facts: dict[str, object],
        reason: str = "",
    ) -> None:
        kind = Kind.RUN if is_applied else Kind.PREVIEW
        who = _caller(connection) or ""
        entry = self._entry(connection, kind, sentence, facts, who, reason)
        self._keep(lambda history: history.note(entry))

    def compare(self, connection: Connection, score: Score, *, is_emulator: bool) -> None:
        sentence = f"Of {several(score.compared, 'contract')} {score.equal} were as previewed on {score.on}."
        facts: dict[str, object] = {**score_json(score), "proves_wiring_only": is_emulator}
        self._keep(lambda history: history.note(self._entry(connection, Kind.COMPARE, sentence, facts)))

    def _see(self, history: History, connection: Connection, diagnosis: Diagnosis) -> None:
        runs = list(_runs(self._environment, diagnosis))
        uncounted = {run.id for run in history.uncounted(runs)}
        codes: dict[str, str] | None = None
        for run in runs:
            if run.id in uncounted and run.ended is not None:
                codes = read_currency_codes(connection.client, connection.tables) if codes is None else codes
                found = read_created(connection.client, connection.tables, run.started, run.ended, codes)
                history.see([replace(run, drafts=Drafts(found.count, found.amounts))])
            else:
                history.see([run])

    def _keep(self, work: Callable[[History], None]) -> None:
        """What cannot be kept is said, and the command goes on: it has done what it was asked for."""
        try:
            with self._open() as history:
                work(history)
        except (SettingsError, DataverseError) as error:
            self._voice.warn(f"Not kept in the history: {error.message}")

    def _entry(
        self,
        connection: Connection,
        kind: Kind,
        sentence: str,
        facts: dict[str, object],
        who: str = "",
        reason: str = "",
    ) -> Entry:
        return Entry(self._environment, kind, connection.now, sentence, who, reason, facts)


def _runs(environment: str, diagnosis: Diagnosis) -> Iterator[SeenRun]:
    for chain in diagnosis.chains:
        for job in chain.jobs:
            if job.workflow == PROCESS_RUNNER and job.started is not None:
                is_at_work = job.is_open or job.state is JobCondition.UNKNOWN
                ended = None if is_at_work else job.until
                yield SeenRun(environment, job.id, job.started, ended, job.state.value, job.error)


def _broken_off(error: BaseException) -> str:
    said = error.message if isinstance(error, ProjopsError) else type(error).__name__
    return f"Broken off, and nobody looked what came of it: {said}"


def _caller(connection: Connection) -> str | None:
    try:
        return connection.client.who_am_i().user_id
    except DataverseError:
        return None
