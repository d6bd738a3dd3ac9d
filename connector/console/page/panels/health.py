"""Health: the light, the sentence, the countdown, the evidence, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from connector.console.page.readings import FindingsSeen, JobSeen, WorkSeen
from connector.console.page.work import State, Sum
from connector.model.job_chain import HEALTHY, ChainJob, Diagnosis, Evidence, Health
from connector.model.job_timeline import Span, Stretch, drift
from connector.model.time_text import span
from connector.support.report import next_step_of
from connector.verification.finding import Outcome, Severity

NOT_WORTH_SAYING = timedelta(seconds=30)


class Light(StrEnum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


def light_of(health: Health) -> Light:
    if health is Health.OVERDUE:
        return Light.WARN
    if health is Health.UNKNOWN:
        return Light.UNKNOWN
    return Light.GOOD if health in HEALTHY else Light.BAD


@dataclass(frozen=True, slots=True)
class Record:
    """Facts about one record; `table` and `id` are empty where it is about a table as a whole."""

    table: str
    id: str
    facts: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class HealthView:
    """`word` is the beginning of the sentence, `rest` what follows it. `next_run` may have passed.

    `is_unread`: that there are no jobs says nothing, for they could not be read.
    """

    light: Light
    word: str
    rest: str
    next_step: str
    next_run: datetime | None
    evidence: tuple[Record, ...]
    jobs: tuple[ChainJob, ...]
    is_unread: bool


def health_view(seen: JobSeen) -> HealthView:
    diagnosis = seen.diagnosis
    word, _, rest = diagnosis.sentence.partition(": ")
    return HealthView(
        light=light_of(diagnosis.health),
        word=word if rest else diagnosis.health.value.replace("_", " ").capitalize(),
        rest=_capital(rest or diagnosis.sentence),
        next_step=next_step_of(diagnosis),
        next_run=diagnosis.next_run,
        evidence=tuple(_records(diagnosis.evidence)),
        jobs=_jobs(diagnosis),
        is_unread=is_unread(seen),
    )


def is_unread(seen: JobSeen) -> bool:
    """That no system job is there says nothing where nobody may read them."""
    return seen.diagnosis.health is Health.UNKNOWN and not seen.diagnosis.chains


def _capital(text: str) -> str:
    """ProcessRunner keeps its letters, and a sentence begins with a capital one."""
    return text[:1].upper() + text[1:]


def _records(evidence: Iterable[Evidence]) -> Iterable[Record]:
    for where, facts in groupby(evidence, key=lambda fact: fact.record):
        table, _, id = where.partition(" ")
        yield Record(table, id, tuple(facts))


def _jobs(diagnosis: Diagnosis) -> tuple[ChainJob, ...]:
    """Of the chain that the sentence is about, or of all that live; the latest first."""
    chains = (
        (diagnosis.chain,) if diagnosis.chain is not None else diagnosis.live_chains or diagnosis.chains[:1]
    )
    return tuple(job for chain in chains for job in reversed(chain.jobs[-6:]))


@dataclass(frozen=True, slots=True)
class WorkGlance:
    ready: list[Sum]
    drafts: int
    counts: dict[State, int]


def work_glance(seen: WorkSeen) -> WorkGlance:
    summary = seen.summary
    return WorkGlance(
        ready=summary.of(State.READY).sums,
        drafts=seen.drafts,
        counts={one.state: one.count for one in summary.totals},
    )


@dataclass(frozen=True, slots=True)
class FindingsGlance:
    """Findings by how bad they are; `light` is the worst of them."""

    errors: int
    warnings: int
    unknown: int
    checks: int

    @property
    def light(self) -> Light:
        if self.errors:
            return Light.BAD
        if self.unknown:
            return Light.UNKNOWN
        return Light.WARN if self.warnings else Light.GOOD


def findings_glance(seen: FindingsSeen) -> FindingsGlance:
    results = [item for item in seen.report.results if item.is_trouble]
    failed = Counter(item.severity for item in results if item.finding.outcome is Outcome.FAIL)
    return FindingsGlance(
        errors=failed[Severity.ERROR],
        warnings=failed[Severity.WARNING],
        unknown=sum(item.finding.outcome is Outcome.UNKNOWN for item in results),
        checks=len({item.check.code for item in seen.report.results}),
    )


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How regularly the job ran: `drift` as a clause, empty with fewer than two runs."""

    runs: int
    drift: str
    longest: str
    gaps: int
    overlaps: int


def rhythm_of(spans: Sequence[Span]) -> Rhythm:
    runs = [one for one in spans if one.kind is Stretch.RUN]
    return Rhythm(
        runs=len(runs),
        drift=_drift(drift(spans)),
        longest=span(max((one.end - one.begin for one in runs), default=timedelta())),
        gaps=sum(one.kind is Stretch.GAP for one in spans),
        overlaps=sum(one.kind is Stretch.OVERLAP for one in spans),
    )


def _drift(later: timedelta | None) -> str:
    if later is None:
        return ""
    if abs(later) < NOT_WORTH_SAYING:
        return "same time each day"
    return f"{span(later)} {'later' if later > timedelta() else 'earlier'} each day"
