"""What is known of each of several chains: whose it is, how old, and what it has created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from connector.model.job_chain import Chain
from connector.model.money import with_digits
from connector.model.time_text import moment, span


@dataclass(frozen=True)
class ChainStory:
    """`runs` counts the runs of ProcessRunner that are on record.

    `invoices` counts the project invoices that came into being while they were at work, whoever asked
    for them; None where that could not be read. `amounts` are by the currency's ISO code.
    """

    chain: Chain
    starter: str
    is_oldest: bool
    runs: int = 0
    invoices: int | None = None
    amounts: Mapping[str, Decimal] = field(default_factory=dict)


def stories_as_text(stories: Sequence[ChainStory], now: datetime, zone: tzinfo = UTC) -> Iterator[str]:
    """A line for each chain, the oldest first."""
    for number, story in enumerate(stories, 1):
        began = story.chain.root.started
        age = "at an unknown time" if began is None else f"{moment(began, zone)}, {span(now - began)} ago"
        oldest = ", the oldest" if story.is_oldest else ""
        yield f"Chain {number}{oldest}: begun {age}, by {story.starter}; {_created(story)}."


def story_as_json(story: ChainStory) -> dict[str, Any]:
    """An item of `chains`."""
    began = story.chain.root.started
    return {
        "first_job": story.chain.root.id,
        "jobs": [job.id for job in story.chain.jobs],
        "open_jobs": [job.id for job in story.chain.open_jobs],
        "began": None
        if began is None
        else began.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "starter": story.starter,
        "is_oldest": story.is_oldest,
        "runs": story.runs,
        "invoices": story.invoices,
        "amounts": {code: str(amount) for code, amount in sorted(story.amounts.items())},
    }


def _created(story: ChainStory) -> str:
    if not story.runs:
        return "no run of it is on record"
    runs = f"{story.runs} {'run' if story.runs == 1 else 'runs'} on record"
    if story.invoices is None:
        return f"{runs}, and what they created could not be read"
    sums = ", ".join(f"{with_digits(amount, 2)} {code}" for code, amount in sorted(story.amounts.items()))
    noun = "invoice" if story.invoices == 1 else "invoices"
    return f"{runs}; {story.invoices} {noun} created meanwhile{f' ({sums})' if sums else ''}"
