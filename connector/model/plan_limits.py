"""How many changes of a kind a plan may hold before it is refused."""

from __future__ import annotations

import msgspec


class PlanLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For one environment, by kind of change; None allows any number."""

    create: int | None = None
    update: int | None = None
    start: int | None = None
    activate: int | None = None
    cancel: int | None = None
    delete: int | None = None


UNLIMITED = PlanLimits()
