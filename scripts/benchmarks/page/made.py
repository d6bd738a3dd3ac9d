"""Any number of contract lines for the page: what it read of the sample, copied under other ids and names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice

from connector.console.page.readings import FindingsSeen, WorkSeen
from connector.console.page.work import Row, Whose, by_state
from connector.runner.calendar import Calendar, Sum
from connector.verification.finding import Outcome
from connector.verification.verify import Result

LINES_OF_A_FINDING = 50
"""One finding for so many lines."""


def work_of(seen: WorkSeen, lines: int) -> WorkSeen:
    """Rows, customers and run dates grow with the lines; the draft invoices told one by one stay."""
    rows = sorted(islice(_copies(seen.rows), lines), key=by_state)
    times = -(-lines // len(seen.rows))
    return replace(
        seen,
        rows=tuple(rows),
        drafts=seen.drafts * times,
        calendar=_calendar(seen.calendar, times),
        whose=_whose(rows),
        managers={row.contract: f"Manager {index % 40:02}" for index, row in enumerate(rows)},
    )


def findings_of(seen: FindingsSeen, work: WorkSeen, lines: int) -> FindingsSeen:
    """The sample's failures about a record, each on many lines of the copies."""
    results = seen.report.results
    of_records = [one for one in results if one.is_trouble and one.finding.record is not None]
    places = (row for row in work.rows if row.line is not None)
    more = [
        _about(of_records[index % len(of_records)], row)
        for index, row in enumerate(islice(places, lines // LINES_OF_A_FINDING))
    ]
    return FindingsSeen(replace(seen.report, results=(*results, *more)))


def _about(result: Result, row: Row) -> Result:
    assert result.finding.record is not None
    assert result.finding.outcome is not Outcome.PASS
    record = replace(result.finding.record, id=row.line or row.contract, name=row.line_name)
    return replace(result, finding=replace(result.finding, record=record))


def _copies(rows: tuple[Row, ...]) -> Iterator[Row]:
    for number in count():
        for row in rows:
            yield replace(
                row,
                contract=_other(row.contract, number),
                contract_name=f"{row.contract_name} {number}",
                line=None if row.line is None else _other(row.line, number),
                customer=f"{row.customer} {number}",
            )


def _other(id: str, number: int) -> str:
    """An id with other first eight digits."""
    return f"{number:08x}{id[8:]}"


def _calendar(calendar: Calendar, times: int) -> Calendar:
    sums = {
        (day, currency, f"{customer} {number}"): Sum(one.drafts, one.amount)
        for number in range(times)
        for (day, currency, customer), one in calendar.sums.items()
    }
    names = {
        f"{customer} {number}": f"{name} {number}"
        for number in range(times)
        for customer, name in calendar.names.items()
    }
    return replace(calendar, sums=sums, names={**calendar.names, **names}, drafts=calendar.drafts * times)


def _whose(rows: list[Row]) -> Whose:
    whose = Whose()
    for row in rows:
        whose.names[row.contract] = row.contract_name
        whose.contracts[row.contract] = row.contract
        if row.line is not None:
            whose.contracts[row.line] = row.contract
    return whose
