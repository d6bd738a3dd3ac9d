"""What applying a plan would do, as a fingerprint: so that --digest does what was reviewed, or refuses."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from connector.errors import Refused
from connector.runner.plan import ContractPlan, by_rows

SIZE = hashlib.sha256().digest_size


def pieces_of(plan: ContractPlan, *, is_by_records: bool) -> tuple[str, ...]:
    """One hash for each invoice of a contract, and one for its rows without any: a run that was cut off in
    the middle of a contract has only some of them left to do."""
    written, marks = _written(plan, is_by_records=is_by_records)
    return tuple(hashlib.sha256(json.dumps(one).encode()).hexdigest() for one in (*written, *marks))


def fingerprint_of(plan: ContractPlan, *, is_by_records: bool) -> bytes:
    """All that is written for one contract: who is invoiced what, from which sources, and rows without one.

    Empty where nothing is. The platform's action takes only what schedule rows stand behind.
    """
    written, marks = _written(plan, is_by_records=is_by_records)
    if not written and not marks:
        return b""
    return hashlib.sha256(json.dumps([plan.snapshot.contract.id, written, marks]).encode()).digest()


def _written(plan: ContractPlan, *, is_by_records: bool) -> tuple[list[Any], list[Any]]:
    invoices = plan.invoices if is_by_records else filter(None, map(by_rows, plan.invoices))
    written = [
        [
            invoice.customer,
            invoice.currency,
            str(invoice.invoice_run_date),
            sorted(invoice.schedule_rows),
            [
                [
                    line.contract_line,
                    [[one.source, one.source_id, str(one.amount), str(one.tax)] for one in line.details],
                ]
                for line in invoice.lines
            ],
        ]
        for invoice in invoices
    ]
    return written, sorted([mark.schedule_row, int(mark.run_status)] for mark in plan.marks)


class Reviewed:
    """The fingerprints of a run that was reviewed, in the order of its contracts: 32 bytes for each.

    A run that creates shows each contract to `check` before it writes anything for it.
    """

    def __init__(self) -> None:
        self._fingerprints = bytearray()
        self._checked = 0

    def add(self, fingerprint: bytes) -> None:
        self._fingerprints += fingerprint

    def check(self, fingerprint: bytes, name: str) -> None:
        """Raises Refused when this contract is not the next one with something to do, or is to do another."""
        if not fingerprint:
            return
        reviewed = self._fingerprints[self._checked : self._checked + SIZE]
        if fingerprint != reviewed:
            raise Refused(
                f"Since the plan was reviewed something has changed: {name} would be invoiced otherwise than "
                "that, or a contract before it no longer is. Nothing was created for it, nor for those "
                "after it.",
                "Review the plan again.",
            )
        self._checked += SIZE

    def check_end(self) -> None:
        """Raises Refused when something was reviewed that is no longer there to be done."""
        if left := (len(self._fingerprints) - self._checked) // SIZE:
            what = "a contract that was" if left == 1 else f"{left} contracts that were"
            raise Refused(
                f"Since the plan was reviewed something has changed: {what} to be invoiced last no longer "
                "can be. All before it was created as reviewed.",
                "Review the plan again.",
            )
