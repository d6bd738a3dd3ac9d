"""What support reads besides the job itself: run dates that wait, and what each chain has created."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from connector.dataverse import Query, eq
from connector.errors import DataverseError
from connector.job.drafts import read_created, read_currency_codes
from connector.job.look import Environment, Sight
from connector.job.zone import UnknownZone, read_zone_of_user, zone_of_setting
from connector.model.column_date import day_in
from connector.model.invoice_schedule import RunStatus
from connector.model.job_chain import Chain, Diagnosis, Health, JobCondition
from connector.model.money import EXACT, ZERO
from connector.model.process import PROCESS_RUNNER
from connector.support.chain_story import ChainStory
from connector.support.run_dates import RunDates

MOST_ROWS: Final = 5_000
_ACTIVE: Final = 0
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def read_run_dates(at: Environment, until: datetime, diagnosis: Diagnosis) -> RunDates:
    """The run dates up to the day of `until` whose rows have not run, for a job that the caller starts.

    Their days are days in the zone of the caller, or in that of the setting time_zone (rule L7). What
    cannot be read is `unknown`.
    """
    try:
        return _read_run_dates(at, until, diagnosis)
    except DataverseError as error:
        return RunDates(unknown=error.message)


def _read_run_dates(at: Environment, until: datetime, diagnosis: Diagnosis) -> RunDates:
    if not at.tables.has("invoice_schedule"):
        return RunDates(unknown="the environment has no table for invoice schedules")
    table = at.tables.invoice_schedule
    zone = _zone(at)
    if isinstance(zone, UnknownZone):
        return RunDates(unknown=zone.reason)
    status, run_date = table.property_of("run_status"), table.property_of("invoice_run_date")
    waiting = f"({eq(status, RunStatus.NOT_RUN.value)} or {status} eq null)"
    is_active = eq(table.property_of("state"), _ACTIVE)
    query = Query(filter=f"{waiting} and {is_active} and {run_date} ne null", order_by=(run_date,))
    last, found, is_cut = day_in(zone, until), Counter[date](), False
    # The earliest come first, so that reading ends at the day asked for, whatever type the column has.
    for number, row in enumerate(at.client.list(table, query)):
        if row.invoice_run_date is None or (day := day_in(zone, row.invoice_run_date)) > last:
            break
        if is_cut := number >= MOST_ROWS:
            break
        found[day] += 1
    ran = _last_run(diagnosis)
    return RunDates(found, zone, None if ran is None else day_in(zone, ran), is_cut=is_cut)


def _last_run(diagnosis: Diagnosis) -> datetime | None:
    """When the last run that succeeded began, of those that are on record."""
    runs = (
        job.started
        for chain in diagnosis.chains
        for job in chain.jobs
        if job.workflow == PROCESS_RUNNER and job.state is JobCondition.SUCCEEDED
    )
    return max((run for run in runs if run is not None), default=None)


def _zone(at: Environment) -> ZoneInfo | UnknownZone:
    if at.rules.time_zone is not None:
        return zone_of_setting(at.rules.time_zone)
    return read_zone_of_user(at.client, at.tables, at.client.who_am_i().user_id)


def read_stories(at: Environment, sight: Sight) -> tuple[ChainStory, ...]:
    """Where chains cannot be counted to one: of each, and of each job that belongs to none, what is known.

    The oldest first: its starter, its runs, and what they created. Nothing where one chain is certain.
    """
    diagnosis = sight.diagnosis
    if diagnosis.health not in {Health.SEVERAL_CHAINS, Health.UNKNOWN}:
        return ()
    alone = (Chain((job,)) for job in diagnosis.strangers)
    chains = sorted((*diagnosis.live_chains, *alone), key=lambda chain: chain.root.started or _LONG_AGO)
    begins = [chain.root.started for chain in chains]
    has_oldest = len(chains) > 1 and begins[0] is not None and begins[0] != begins[1]
    return tuple(
        _story(at, sight, chain, is_oldest=has_oldest and not number) for number, chain in enumerate(chains)
    )


def _story(at: Environment, sight: Sight, chain: Chain, *, is_oldest: bool) -> ChainStory:
    runs = [
        (job.started, sight.diagnosis.now if job.is_open or job.until is None else job.until)
        for job in chain.jobs
        if job.workflow == PROCESS_RUNNER and job.started is not None
    ]
    starter = sight.snapshot.owner_name(chain.root.owner)
    try:
        codes = read_currency_codes(at.client, at.tables) if runs else {}
        found = [read_created(at.client, at.tables, begin, end, codes) for begin, end in runs]
    except DataverseError:
        return ChainStory(chain, starter, is_oldest, len(runs))
    amounts: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for one in found:
        for code, amount in one.amounts.items():
            amounts[code] = EXACT.add(amounts[code], amount)
    return ChainStory(chain, starter, is_oldest, len(runs), sum(one.count for one in found), dict(amounts))
