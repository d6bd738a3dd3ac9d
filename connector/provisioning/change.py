"""The plan of provisioning as values, with the digest by which a reviewed plan is recognised."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from connector.job.refusal import Refusal
from connector.provisioning.current import Current

Scalar = str | int | bool | None


class ChangeAction(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    START = "start"
    ACTIVATE = "activate"
    CANCEL = "cancel"
    DELETE = "delete"


@dataclass(frozen=True)
class FieldChange:
    column: str
    old: Scalar
    new: Scalar


@dataclass(frozen=True)
class Change:
    """One thing to do to the record `id` of `table`; a start names the definition that is started."""

    action: ChangeAction
    table: str
    id: str
    name: str
    fields: tuple[FieldChange, ...] = ()

    @property
    def values(self) -> dict[str, object]:
        return {item.column: item.new for item in self.fields}


@dataclass(frozen=True)
class Plan:
    """What would be done. With a refusal nothing is: `changes` is empty then.

    `notes` tell a person what else matters; they are no part of the digest.
    """

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    start_with: str
    digest: str
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do, and nothing that would be in the way of it."""
        return not self.changes and not self.refusals

    def of(self, action: ChangeAction) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action is action)


def job_id(organization_id: str, name: str) -> str:
    """The id of the job's record, the same for all who provision it: two at once collide, not double."""
    normal = " ".join(name.casefold().split())
    return str(uuid.uuid5(uuid.UUID(organization_id), f"msdyn_batchjob/{normal}"))


def digest_of(current: Current, changes: Iterable[Change], refusals: Iterable[Refusal]) -> str:
    """sha256 over the canonical plan: where, as whom, what; without times."""
    canonical = {
        "organization": current.organization_id,
        "runs_as": current.identity.user_id,
        "changes": [_canonical(change) for change in changes],
        "refused": bool(list(refusals)),
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(change: Change) -> dict[str, object]:
    return {
        "action": change.action.value,
        "table": change.table,
        "id": change.id,
        "name": change.name,
        "fields": [[item.column, item.old, item.new] for item in change.fields],
    }
