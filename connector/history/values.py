"""A run that was seen, and an entry about what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    STATUS = "status"
    VERIFY = "verify"
    RERUN = "rerun"
    PROVISION = "provision"
    DESTROY = "destroy"
    PREVIEW = "preview"
    RUN = "run"
    COMPARE = "compare"


@dataclass(frozen=True, slots=True)
class Drafts:
    """Draft invoices that were created while a run was at work; `amounts` by the currency's ISO code."""

    count: int
    amounts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeenRun:
    """One system job of ProcessRunner; `id` is that of the system job, instants are aware.

    `state` is a word of JobCondition, `message` what the platform wrote about a failure. `drafts` is None
    where nobody looked at the invoices.
    """

    environment: str
    id: str
    started: datetime
    ended: datetime | None
    state: str
    message: str = ""
    drafts: Drafts | None = None

    @property
    def length(self) -> timedelta | None:
        return None if self.ended is None else self.ended - self.started


@dataclass(frozen=True, slots=True)
class Entry:
    """What one command saw or did: `at` is the environment's now, `who` a user's name or id, "" unknown.

    `sentence` says it in words; `reason` is what the person gave; `facts` are figures and ids, no names
    of customers and no secret.
    """

    environment: str
    kind: Kind
    at: datetime
    sentence: str
    who: str = ""
    reason: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
