"""Defect 4769472, until May 2025: several schedule rows of one line with the same run date double it.

The released note says that the transactions of such a line stood on the invoice twice; that it is once
for each row is our reading. Source, below articles/: pro/whats-new/whats-new-may-2025-lite.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from connector.workflow import ContractDecision, ContractSnapshot, CreateInvoice


def doubled(decision: ContractDecision, contract: ContractSnapshot) -> ContractDecision:
    """The decision as the defect has it; anything but such an invoice stays as it is."""
    if not isinstance(decision, CreateInvoice):
        return decision
    settled = frozenset(decision.schedule_rows)
    times = Counter(line.line.id for line in contract.lines for row in line.schedule if row.id in settled)
    lines = tuple(
        replace(line, details=line.details * max(times[line.contract_line], 1)) for line in decision.lines
    )
    return replace(decision, lines=lines)
