"""What a run that creates invoices refuses to do (rule J10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from connector.errors import Refused
from connector.model.job_chain import Diagnosis, Health

BESIDE = "Wait until it has run, or insist with --beside-chain."


def check_chain(diagnosis: Diagnosis, *, guard_min: int = 30, is_beside_chain: bool = False) -> None:
    """Raises Refused while the environment's own ProcessRunner runs, or is due within `guard_min` minutes.

    What cannot be told counts as a run that may be under way.
    """
    if is_beside_chain:
        return
    if diagnosis.is_invoicing:
        raise Refused("The environment's own ProcessRunner is running: both would invoice the same.", BESIDE)
    if diagnosis.health in {Health.UNKNOWN, Health.SEVERAL_CHAINS} or diagnosis.strangers:
        raise Refused(
            f"Whether the environment's own ProcessRunner is running cannot be told. {diagnosis.sentence}",
            "Look at `projops status`, or insist with --beside-chain.",
        )
    has_chain = bool(diagnosis.live_chains)
    if (
        has_chain
        and diagnosis.next_run
        and diagnosis.next_run - diagnosis.now <= timedelta(minutes=guard_min)
    ):
        raise Refused(
            f"The environment's own ProcessRunner is due at {diagnosis.next_run:%Y-%m-%d %H:%M} UTC, "
            f"within {guard_min} minutes or late already: both would invoice the same.",
            BESIDE,
        )


def check_scope(contracts: Sequence[str], *, is_all_contracts: bool, is_emulator: bool) -> None:
    """Raises Refused when invoices would be created in a real environment for nobody said which contracts."""
    if contracts or is_all_contracts or is_emulator:
        return
    raise Refused(
        "Creating invoices here wants to be told for which contracts.",
        "Name them with --contract ID, or take all of them with --all-contracts.",
    )


def check_day(on: date, today: date) -> None:
    """Raises Refused for creating the invoices of a day that has not come."""
    if on > today:
        raise Refused(
            f"The day {on} is still to come (the environment has {today}): its invoices are not created now.",
            "Leave --apply out to preview it.",
        )


def check_records(*, is_emulator: bool) -> None:
    """Raises Refused for writing invoices record by record anywhere but in an emulator."""
    if not is_emulator:
        raise Refused(
            "Writing invoices record by record is for the emulator only: this environment is none.",
            "Leave --create-with records out: the platform's own action creates them.",
        )
