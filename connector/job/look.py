"""Looking until it is certain: a second look at what seems to be several chains, and waiting for a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from typing import TypeAlias, TypeVar

from connector.dataverse import DataverseClient
from connector.job.read import HISTORY, read_job
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis
from connector.model.job_health import confirmed, diagnose
from connector.model.job_snapshot import JobSnapshot
from connector.model.tables import Tables

Sleep: TypeAlias = Callable[[float], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Environment:
    """Where the job lives and how it is looked at.

    `sleep` takes seconds; tests hand in one that returns. `history` is how far back finished system jobs
    are read.
    """

    client: DataverseClient
    tables: Tables
    rules: InvoicingRules
    sleep: Sleep
    zone: tzinfo = UTC
    history: timedelta = HISTORY


@dataclass(frozen=True)
class Sight:
    """What was seen, and what it means."""

    snapshot: JobSnapshot
    diagnosis: Diagnosis


def glance(at: Environment) -> Sight:
    """One look: never several_chains."""
    snapshot = read_job(at.client, at.tables, at.rules, at.history)
    return Sight(snapshot, diagnose(snapshot, at.rules, at.zone))


def look(at: Environment) -> Sight:
    """One look, and a second one `settle_s` later where the first saw several chains (rule J8)."""
    first = glance(at)
    if not first.diagnosis.several_roots:
        return first
    at.sleep(at.rules.settle_s)
    second = glance(at)
    return Sight(
        second.snapshot,
        confirmed(first.diagnosis, second.diagnosis, at.rules.settle_s, at.rules, at.zone),
    )


def settled(done: Callable[[], T | None], *, settle_s: int, sleep: Sleep, pause_s: float = 5) -> T | None:
    """Ask at once and then every `pause_s` seconds until there is an answer; None after `settle_s`."""
    waited = 0.0
    while (answer := done()) is None and waited < settle_s:
        sleep(pause := min(pause_s, settle_s - waited))
        waited += pause
    return answer
