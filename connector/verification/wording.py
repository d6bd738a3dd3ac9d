"""Amounts and counts, for sentences."""

from __future__ import annotations

from decimal import Decimal

from connector.model.money import with_digits
from connector.verification.contract_case import ContractCase
from connector.verification.evidence import Evidence, Unread


def money(amount: Decimal, case: ContractCase, evidence: Evidence, currency: str | None = None) -> str:
    """`17000.00 USD`: in the given currency, else in that of the contract; no code where none is known."""
    found = {} if isinstance(evidence.currencies, Unread) else evidence.currencies
    record = found.get(currency or case.contract.currency or "")
    digits = 2 if record is None or record.precision is None else record.precision
    code = "" if record is None or record.iso_code is None else f" {record.iso_code}"
    return with_digits(amount, digits) + code


def counted(count: int, noun: str = "transaction") -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
