"""What a run is and what becomes of each contract in it, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from connector.model.invoicing_rules import InvoicingRules
from connector.model.reason import Reason
from connector.workflow import CreateInvoice, Skip


class InvoiceState(StrEnum):
    PLANNED = "planned"
    CREATED = "created"
    ALREADY_THERE = "already_there"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RunZone:
    """The time zone of "the day" (rule L7); `source` says where it comes from, as a sentence."""

    zone: ZoneInfo
    source: str
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Header:
    """What holds for a whole run. `unknown` says in sentences which rules could not be followed."""

    on: date
    today: date
    zone: RunZone
    rules: InvoicingRules
    is_applied: bool
    takes_missed: bool
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoiceOutcome:
    """One invoice; `id` is None where the platform will choose it or where it is not known."""

    invoice: CreateInvoice
    state: InvoiceState = InvoiceState.PLANNED
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a contract, or one of its run dates, failed."""

    contract: str
    contract_name: str
    reason: Reason
    message: str
    invoice_run_date: date | None = None


@dataclass(frozen=True, slots=True)
class ContractOutcome:
    """What became of one contract.

    `on_apply` holds what a run that creates would create, where a preview's `invoices` are not that: it
    takes up missed run dates (rule L4, catch_up), and the platform's action goes by schedule rows.
    `fingerprint` and `pieces` stand for all that a run that creates would write, as a whole and one by one
    (`connector.runner.reviewed`).
    `digits` gives the decimals of each currency by its ISO code, `customer_names` names by account id.
    """

    contract: str
    contract_name: str
    invoices: tuple[InvoiceOutcome, ...] = ()
    skips: tuple[Skip, ...] = ()
    failures: tuple[Failure, ...] = ()
    on_apply: tuple[CreateInvoice, ...] | None = None
    fingerprint: bytes = b""
    pieces: tuple[str, ...] = ()
    digits: Mapping[str, int] = field(default_factory=dict)
    customer_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InvoiceRun:
    """A run under way: `outcomes` reads, decides and, when asked to, creates while it is iterated."""

    header: Header
    outcomes: Iterator[ContractOutcome]
