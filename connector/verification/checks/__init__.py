"""The registry: a module or two for each group, each with its CHECKS, in the order of the report.

A new check is a value in its group's module; a new group is a module and a line here.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from connector.errors import UsageError
from connector.verification.check import Check
from connector.verification.checks import (
    contracts,
    customers,
    double_billing,
    drafts,
    environment,
    exclusions,
    job,
    milestone_amounts,
    milestones,
    prices,
    readiness,
    run_health,
    run_rhythm,
    schedule_rows,
    schedules,
    workflows,
)
from connector.verification.evidence import Need

_code = attrgetter("code")
ALL_CHECKS: tuple[Check, ...] = (
    *environment.CHECKS,
    *job.CHECKS,
    *workflows.CHECKS,
    *run_health.CHECKS,
    *run_rhythm.CHECKS,
    *schedules.CHECKS,
    *schedule_rows.CHECKS,
    *sorted((*milestones.CHECKS, *milestone_amounts.CHECKS), key=_code),
    *sorted((*contracts.CHECKS, *customers.CHECKS, *prices.CHECKS), key=_code),
    *readiness.CHECKS,
    *exclusions.CHECKS,
    *double_billing.CHECKS,
    *drafts.CHECKS,
)


def select(only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[Check, ...]:
    """The checks named by code (SCH02) or group (SCH), in any case. No `only` means all.

    Raises UsageError for a name that is neither, and when nothing is left.
    """
    wanted, unwanted = _names(only), _names(skip)
    chosen = tuple(
        check
        for check in ALL_CHECKS
        if (not wanted or _is_named(check, wanted)) and not _is_named(check, unwanted)
    )
    if not chosen:
        raise UsageError("No check is left to be made.", "Give fewer names to --skip, or more to --only.")
    return chosen


def needs_of(checks: Iterable[Check]) -> frozenset[Need]:
    return frozenset(need for check in checks for need in check.needs)


def _names(given: Iterable[str]) -> frozenset[str]:
    names = frozenset(part.strip().upper() for text in given for part in text.split(",") if part.strip())
    groups = tuple(dict.fromkeys(check.group for check in ALL_CHECKS))
    strange = sorted(names - {check.code for check in ALL_CHECKS} - set(groups))
    if strange:
        raise UsageError(
            f"There is no check and no group of checks {', '.join(strange)}.",
            f"The groups are {', '.join(groups)}; a code is such as {ALL_CHECKS[0].code}.",
        )
    return names


def _is_named(check: Check, names: frozenset[str]) -> bool:
    return check.code in names or check.group in names
