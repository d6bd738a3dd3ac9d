"""What the page may do where it is allowed to: the plans of a rerun and of a run, and carrying them out.

One action at a time. What is carried out is the plan of the digest that was shown, or nothing.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connector.console.connection import Connection
from connector.console.invoice_run import InvoiceRunOfCall, kept
from connector.console.page.keeper import Keeper
from connector.console.rerun_run import carried_out
from connector.console.voice import Voice
from connector.errors import Refused
from connector.job.look import look
from connector.job.refusal import Refusal, check_digest
from connector.model.job_chain import Diagnosis
from connector.model.shown_text import one_line
from connector.runner.guard import check_chain, check_scope, next_wake
from connector.support.apply import Applied
from connector.support.plan import RerunPlan, plan_rerun

RESULTS_KEPT = 20


@dataclass(frozen=True, slots=True)
class RerunAsked:
    """`start_with` is a workflow, None for that of the settings; `cancel` are ids of system jobs."""

    start_with: str | None = None
    cancel: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunAsked:
    contracts: tuple[str, ...] = ()
    is_all_contracts: bool = False


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run of today would create; `items` are those of the stream of `projops run`."""

    items: tuple[dict[str, Any], ...]
    digest: str
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an action: of a rerun the plan and what was applied, of a run its stream.

    `refusal` says why nothing, or nothing more, was done.
    """

    title: str
    reason: str
    refusal: Refusal | None = None
    rerun: tuple[RerunPlan, Applied | None] | None = None
    items: tuple[dict[str, Any], ...] = ()


class Actions:
    """`word` is what a person types to confirm: the environment's name."""

    def __init__(self, keeper: Keeper, voice: Voice) -> None:
        self.word = word_of(keeper.settings.require_url())
        self._keeper = keeper
        self._voice = voice
        self._turn = threading.Lock()
        self._results: OrderedDict[str, Result] = OrderedDict()

    def result(self, id: str) -> Result | None:
        return self._results.get(id)

    def finish(self) -> None:
        """Wait for the action that is under way: it is not cut in the middle."""
        if not self._turn.acquire(blocking=False):
            self._voice.say("An action is under way; the page ends when it is done.")
            self._turn.acquire()
        self._turn.release()

    def planned_rerun(self, asked: RerunAsked) -> RerunPlan:
        """Raises UsageError for what cannot be asked, DataverseError."""
        connection, settings = self._keeper.link.connection(), self._keeper.settings
        start_with = asked.start_with or settings.job.start_with
        at = connection.environment(settings.rules)
        return plan_rerun(look(at), settings.rules, start_with=start_with, cancel=asked.cancel)

    def rerun(self, asked: RerunAsked, digest: str, reason: str) -> str:
        """The id of the result. Raises Refused for another plan or while something else is done."""
        connection, settings = self._keeper.link.connection(), self._keeper.settings
        with self._alone():
            at = connection.environment(settings.rules)
            seen = look(at)
            start_with = asked.start_with or settings.job.start_with
            plan = plan_rerun(seen, settings.rules, start_with=start_with, cancel=asked.cancel)
            check_digest(plan.digest, digest)
            self._voice.say(f"Rerun from the page: {one_line(reason)}")
            applied = carried_out(connection, settings, self._voice, at, seen, plan, reason)
            refused = (*plan.refusals, *(applied.refused if applied is not None else ()))
        result = Result("Rerun", reason, refused[0] if refused else None, rerun=(plan, applied))
        return self._kept(result)

    def planned_run(self, asked: RunAsked) -> RunPlan:
        """A preview of today's run of these contracts. Raises what reading raises."""
        connection = self._keeper.link.connection()
        diagnosis = self._diagnosis(connection)
        shown = self._run(connection, diagnosis, asked).previewed()
        items = tuple(dict(item) for item in shown.stream())
        if shown.stopped_by is not None:
            raise shown.stopped_by
        return RunPlan(items, shown.digest, tuple(self._refusals(connection, diagnosis, asked)))

    def run(self, asked: RunAsked, digest: str, reason: str) -> str:
        """The id of the result. Raises Refused for another plan, by a guard, or while something is done."""
        connection = self._keeper.link.connection()
        with self._alone():
            diagnosis = self._diagnosis(connection)
            for refusal in self._refusals(connection, diagnosis, asked):
                raise Refused(refusal.message, refusal.hint)
            this = self._run(connection, diagnosis, asked)
            this.check_digest(digest)
            self._voice.say(f"Run from the page: {one_line(reason)}")
            shown = this.applied()
            items = tuple(dict(item) for item in shown.stream())
            kept(connection, self._keeper.settings, self._voice, shown, reason)
        stopped = shown.stopped_by
        message = getattr(stopped, "message", "") or (str(stopped) if stopped else "")
        ended_by = Refusal(message, getattr(stopped, "hint", "")) if message else None
        return self._kept(Result("Run", reason, ended_by, items=items))

    def _diagnosis(self, connection: Connection) -> Diagnosis:
        return look(connection.environment(self._keeper.settings.rules)).diagnosis

    def _run(self, connection: Connection, diagnosis: Diagnosis, asked: RunAsked) -> InvoiceRunOfCall:
        user = diagnosis.chains[0].last.owner if diagnosis.chains else None
        settings, until = self._keeper.settings, next_wake(diagnosis)
        return InvoiceRunOfCall(connection, settings, None, asked.contracts, user, until)

    def _refusals(self, connection: Connection, diagnosis: Diagnosis, asked: RunAsked) -> Iterator[Refusal]:
        """What `projops run --apply` refuses; the page never creates beside the environment's own run."""
        settings = self._keeper.settings
        try:
            check_scope(
                asked.contracts, is_all_contracts=asked.is_all_contracts, is_emulator=connection.is_emulator
            )
            check_chain(diagnosis, guard_min=settings.run.guard_min)
        except Refused as error:
            yield Refusal(error.message, error.hint)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            raise Refused("Another action is under way.", "Look at what comes of it first.")
        try:
            yield
        finally:
            self._turn.release()
            self._keeper.forget_stories()
            self._keeper.ask()

    def _kept(self, result: Result) -> str:
        id = secrets.token_urlsafe(8)
        self._results[id] = result
        while len(self._results) > RESULTS_KEPT:
            self._results.popitem(last=False)
        return id


def word_of(url: str) -> str:
    """The host of an address; of an emulator's file what the setting says."""
    return urlsplit(url).hostname or url if "://" in url else url
