"""What a run that creates invoices refuses to do (rule J10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from connector.errors import Refused
from connector.model.job_chain import ChainJob, Diagnosis, Health
from connector.model.process import PROCESS_RUNNER

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
    if diagnosis.health is Health.RUNNING and _is_caller(diagnosis):
        raise Refused(
            f"The environment's own ProcessRunner is about to be started. {diagnosis.sentence}", BESIDE
        )
    due = next_wake(diagnosis)
    if due is not None and due - diagnosis.now <= timedelta(minutes=guard_min):
        raise Refused(
            f"The environment's own ProcessRunner is due at {due:%Y-%m-%d %H:%M} UTC, "
            f"within {guard_min} minutes or late already: both would invoice the same.",
            BESIDE,
        )


def next_wake(diagnosis: Diagnosis) -> datetime | None:
    """When the environment's own chain goes on, in the past when it is late; None without a timer."""
    return min((job.until for job in _open_jobs(diagnosis) if job.until), default=None)


def check_time(now: datetime, until: datetime | None) -> None:
    """Raises Refused once a run that creates has lasted into the environment's own."""
    if until is not None and now >= until:
        raise Refused(
            f"The environment's own ProcessRunner is due since {until:%Y-%m-%d %H:%M} UTC: this run ends.",
            "What was created until then is shown; run again when the environment's own run is over.",
        )


def _open_jobs(diagnosis: Diagnosis) -> Iterator[ChainJob]:
    """Their timers tell when the chain goes on, whatever else is the matter with it."""
    return (job for chain in diagnosis.live_chains for job in chain.open_jobs)


def _is_caller(diagnosis: Diagnosis) -> bool:
    """Whether ProcessRunCaller is at work, or ended just now: ProcessRunner is what comes next."""
    chain = diagnosis.chain
    return chain is not None and chain.last.workflow != PROCESS_RUNNER


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
