"""A check as a value: what it asks, why, how to put it right, and a pure function that judges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connector.verification.contract_case import ContractCase
from connector.verification.evidence import Evidence, Need
from connector.verification.finding import Finding, Outcome, Severity, passed

PROJECT_OPERATIONS = "https://learn.microsoft.com/dynamics365/project-operations/"
SETTING_UP_THE_JOB = PROJECT_OPERATIONS + "proforma-invoicing/configure-automated-invoice-creation"
BACKLOG = PROJECT_OPERATIONS + "proforma-invoicing/manage-billing-backlog"
SYSTEM_JOBS = "https://learn.microsoft.com/power-apps/developer/data-platform/asynchronous-service"


@dataclass(frozen=True)
class Example:
    """Evidence, and the worst outcome that the check finds in it. `name` says what is special about it."""

    name: str
    evidence: Evidence
    outcome: Outcome


@dataclass(frozen=True)
class EachContract:
    """A judge that is given one contract after the other.

    It yields FINE for each thing that it looked at and that is well, and what is not well as a finding.
    `holds` begins the sentence for when all are well ("… : all 12."), `absent` is the one for when there
    was nothing to look at.
    """

    judge: Callable[[ContractCase, Evidence], Iterable[Finding]]
    holds: str
    absent: str


FINE = passed("")


@dataclass(frozen=True)
class Check:
    """`title` is what holds when the check passes; `judge` yields findings, at least one.

    `needs` are the pieces of evidence that it looks at: when one of them could not be read, the check
    is unknown. `link` is the page that the check rests on.
    """

    code: str
    severity: Severity
    title: str
    question: str
    why: str
    fix: str
    link: str
    needs: tuple[Need, ...]
    judge: Callable[[Evidence], Iterable[Finding]] | EachContract
    examples: tuple[Example, ...] = ()

    @property
    def group(self) -> str:
        """The letters of the code: JOB of JOB01."""
        return self.code.rstrip("0123456789")
