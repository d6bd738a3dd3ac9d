from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.console.invoice_run import Shown
from connector.errors import Unreachable, UsageError
from connector.model.invoicing_rules import InvoicingRules
from connector.model.reason import Reason
from connector.runner.outcome import ContractOutcome, Failure, Header, InvoiceRun, RunZone

Outcomes = Callable[[], Iterator[ContractOutcome]]
FIFTH = date(2020, 10, 5)


def header(on: date = FIFTH) -> Header:
    return Header(
        on=on,
        today=on,
        zone=RunZone(ZoneInfo("UTC"), "a test"),
        rules=InvoicingRules(),
        is_applied=True,
        takes_missed=True,
    )


def outcomes(count: int, end: BaseException | None = None) -> Iterator[ContractOutcome]:
    for number in range(count):
        failure = Failure(f"c{number}", f"Contract {number}", Reason.BLOCKED, "because")
        yield ContractOutcome(f"c{number}", f"Contract {number}", failures=(failure,))
    if end is not None:
        raise end


def shown(
    run: Callable[[], Iterator[ContractOutcome]], *, is_preview: bool = False, on: date = FIFTH
) -> Shown:
    return Shown(lambda: InvoiceRun(header(on), run()), is_preview=is_preview)


def last(stream: Iterator[Any]) -> Any:
    return list(stream)[-1]


def test_a_run_that_fails_before_its_first_contract_is_an_error() -> None:
    """What goes wrong before anything is done is raised, and nothing is shown as a result."""
    this = shown(lambda: outcomes(0, UsageError("no such contract")))
    with pytest.raises(UsageError):
        list(this.stream())


@pytest.mark.parametrize("end", [Unreachable("gone"), KeyboardInterrupt()])
def test_what_was_done_is_shown_when_a_run_is_stopped(end: BaseException) -> None:
    """An error or an interruption on the way ends the stream well: with what was done, and why it ended."""
    this = shown(lambda: outcomes(3, end))
    items = list(this.stream())
    assert [item["contract"] for item in items if item["kind"] == "failed"] == ["c0", "c1", "c2"]
    assert items[-1]["stopped_by"] == ("gone" if isinstance(end, Unreachable) else "interrupted")
    assert this.stopped_by is end
    assert this.failures == 3


def test_text_says_what_stopped_a_run() -> None:
    """The last line for people names what ended the run before its end."""
    this = shown(lambda: outcomes(1, Unreachable("gone")))
    assert last(this.text()) == "Stopped before its end: gone"


def test_only_a_whole_preview_has_a_digest() -> None:
    """A digest stands for a plan that was seen to its end; a run that creates has none."""
    assert len(last(shown(lambda: outcomes(1), is_preview=True).stream())["digest"]) == 64
    assert last(shown(lambda: outcomes(1)).stream())["digest"] is None
    cut = shown(lambda: outcomes(1, KeyboardInterrupt()), is_preview=True)
    assert last(cut.stream())["digest"] is None


def test_the_day_is_part_of_the_digest() -> None:
    """The preview of one day does not stand for another day's."""
    digests = {
        last(shown(lambda: outcomes(0), is_preview=True, on=on).stream())["digest"]
        for on in (FIFTH, date(2020, 10, 6))
    }
    assert len(digests) == 2
