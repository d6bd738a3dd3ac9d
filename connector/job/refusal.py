"""What stops a plan: a guard that says no, a plan that is not the reviewed one, a start nobody knows of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.errors import DataverseError, ProjopsError, Refused
from connector.job.start import StartResult, StartState
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Diagnosis, starts_within_a_day


@dataclass(frozen=True)
class Refusal:
    """Why nothing is done, and the way out."""

    message: str
    hint: str = ""


def too_many_starts(diagnosis: Diagnosis, rules: InvoicingRules) -> Refusal | None:
    """The platform takes a workflow that runs again and again on one row for an endless loop (rule J8)."""
    starts = starts_within_a_day(diagnosis)
    if starts < rules.most_starts_a_day:
        return None
    return Refusal(
        f"{starts} chains were started within the last 24 hours, and most_starts_a_day is "
        f"{rules.most_starts_a_day}.",
        "Find out first why they stopped; the setting most_starts_a_day in [rules] allows more.",
    )


def check_digest(digest: str, reviewed: str | None) -> None:
    """Raises Refused when the plan of `digest` is not the one that was reviewed; None asks for none."""
    if reviewed is not None and reviewed != digest:
        raise Refused(
            f"The plan is not the reviewed one: its digest is {digest}, and {reviewed} was given.",
            "Review the plan again.",
        )


def check_refusals(refusals: Sequence[Refusal]) -> None:
    """Raises Refused for a plan that a guard stands against."""
    if refusals:
        raise Refused(refusals[0].message, refusals[0].hint)


def error_of(refused: Sequence[Refusal], start: StartResult | None) -> ProjopsError | None:
    """What a caller should end with once the result is shown; None when all is as planned."""
    if refused:
        return Refused(refused[0].message, refused[0].hint)
    if start is not None and start.state is StartState.UNKNOWN:
        return DataverseError(start.sentence, "Run projops status before anything else.")
    return None
