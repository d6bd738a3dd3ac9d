"""What provisioning starts from: the job as it is, and who would run it."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.job.look import Sight
from connector.model.job_privileges import Privilege
from connector.model.tables import DECLARED, Tables


@dataclass(frozen=True)
class Identity:
    """The user as whom a job that we start will run.

    `time_zone` is an IANA name, None when unknown.
    `missing` are the privileges that this user lacks, None when they could not be read: `unknown` says why.
    """

    user_id: str
    name: str
    time_zone: str | None = None
    missing: tuple[Privilege, ...] | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Current:
    organization_id: str
    identity: Identity
    sight: Sight
    tables: Tables = field(default=DECLARED, repr=False)
