"""What a person may turn in the emulator: readings of the undocumented, and trouble on request.

They are kept in the state file and reached by the control endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connector.emulator.store import Transaction
from connector.errors import UsageError
from connector.model.invoicing_rules import InvoicingRules

_SWITCHES = "platform:switches"
_RULES = "platform:invoicing_rules"
NOT_TO_EXCEED_FAILED = 192350001
"""Failed, in the emulator's invented choice emu_nottoexceedstatus."""
PROGRESS_BASED = 192350001
"""Progress based, in the emulator's invented choice emu_invoicescheduletype."""


class JobShape(StrEnum):
    """How Sleep and Process appear in the system jobs; no document says which is right (rule J7)."""

    JOBS = "jobs"
    """Every instance is a system job of its own, named Sleep or Process."""
    STEPS = "steps"
    """A system job carries its workflow's name; Sleep and Process are steps in its workflowlog."""


class Switches(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    job_shape: JobShape = JobShape.JOBS
    run_duration_s: int = 0
    """How long ProcessRunner's system job stays In Progress; 0: when the clock has moved, it has run."""
    is_action_serialising: bool = True
    """False: calls of the invoice action at one standing instant do not see each other's invoices."""
    catches_up: bool = True
    """Whether the platform's own job takes a run date that was missed (rule L4)."""
    stalls_timers: bool = False
    """True: a timer that is due does not fire, as before April 2026 (defect 6225696)."""
    doubles_same_run_date: bool = False
    """True: rows of one line with the same run date each bring its transactions (defect 4769472)."""
    is_update_release_55: bool = False
    """True: actuals are neither created nor changed by plain writes, as since update release 55."""
    purges_after_days: int = 30
    """Succeeded workflow jobs are deleted so many days after their end; 0: never."""
    failing_contracts: tuple[str, ...] = ()
    """Ids of contracts whose invoicing fails."""


# Made here, not by whichever requests come first: msgspec looks into a struct at its first use, and two
# threads that do so at once can crash the process (0.22).
for _kind in (Switches, InvoicingRules):
    msgspec.json.Decoder(_kind)


def read_switches(tx: Transaction) -> Switches:
    return msgspec.convert(tx.setting(_SWITCHES, {}), Switches)


def read_rules(tx: Transaction) -> InvoicingRules:
    """The platform's own choice where the documents are silent."""
    own = {
        "not_to_exceed_failed": NOT_TO_EXCEED_FAILED,
        "progress_schedule_type": PROGRESS_BASED,
        "milestones_need_project": False,
    }
    return msgspec.convert(own | tx.setting(_RULES, {}), InvoicingRules)


def change_switches(tx: Transaction, changes: Mapping[str, Any]) -> None:
    """Set the given switches, and under "rules" the given invoicing rules; the others stay.

    Raises UsageError that names a switch or a value which cannot be.
    """
    given = dict(changes)
    rules = given.pop("rules", {})
    if not isinstance(rules, Mapping):
        raise UsageError(f"rules = {rules!r}: an object of invoicing rules is expected.")
    switches = _changed(read_switches(tx), given, "switch")
    _check(switches)
    tx.set_setting(_SWITCHES, msgspec.to_builtins(switches))
    if rules:
        changed = _changed(read_rules(tx), rules, "rule")
        _check_zone(changed.time_zone)
        tx.set_setting(_RULES, msgspec.to_builtins(changed))


def describe_switches(tx: Transaction) -> dict[str, Any]:
    """All switches and, under "rules", the invoicing rules, as JSON values."""
    found: dict[str, Any] = msgspec.to_builtins(read_switches(tx))
    return found | {"rules": msgspec.to_builtins(read_rules(tx))}


def _changed(current: Any, changes: Mapping[str, Any], kind: str) -> Any:
    try:
        return msgspec.convert(msgspec.to_builtins(current) | dict(changes), type(current))
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{kind} {dict(changes)!r}: {error}.",
            f"There are: {', '.join(msgspec.to_builtins(current))}.",
        ) from error


def _check(switches: Switches) -> None:
    if switches.run_duration_s < 0:
        raise UsageError(f"run_duration_s = {switches.run_duration_s}: a number of seconds from 0 up.")
    if switches.purges_after_days < 0:
        raise UsageError(f"purges_after_days = {switches.purges_after_days}: a number of days from 0 up.")


def _check_zone(name: str | None) -> None:
    try:
        if name is not None:
            ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise UsageError(
            f"time_zone = {name!r} is no IANA time zone.", "Write it like Europe/Berlin."
        ) from error
