"""The checks that cannot be answered from outside: listed with the reason, and never faked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unanswered:
    """`instead` is what a person, or another command, can do."""

    code: str
    question: str
    reason: str
    instead: str


UNANSWERED = (
    Unanswered(
        "TRX12",
        "Are no retainers or advances pending?",
        "No public document names the tables of retainers and advances, or how their rows are told apart.",
        "Look at the retainers of the contract's lines before the run.",
    ),
    Unanswered(
        "INV04",
        "Did the last run make what a preview had expected?",
        "It takes a preview of that day, which only the runner can make; what it was worth afterwards is a "
        "score over time, not a finding about the environment as it is now.",
        "`projops run --compare` holds the preview of a day against what the platform made, and `projops "
        "history` shows the scores and the trust that they have earned.",
    ),
    Unanswered(
        "INV05",
        "Did every confirmed proforma arrive in Finance as an invoice proposal?",
        "Invoice proposals live in Finance, which the Dataverse Web API does not reach.",
        "Compare the project invoice proposals in Finance with the confirmed invoices.",
    ),
)
