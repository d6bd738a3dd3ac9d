"""Stories for machines, as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connector.model.money import with_digits
from connector.runner.report import USUAL_DIGITS, header_json, skip_json
from connector.runner.story import (
    Explanation,
    InvoiceFact,
    LineStory,
    MilestoneFact,
    RowFact,
    TransactionFact,
)


def as_stream(explanation: Explanation) -> Iterator[dict[str, Any]]:
    """`result` with what holds, then each `line` and its `transaction`s."""
    header = header_json(explanation.header)
    yield {
        "kind": "result",
        "on": header["on"],
        "today": explanation.header.today.isoformat(),
        "rules": header["rules"],
        "job": explanation.job,
        "next_run": _iso(explanation.next_run),
    }
    for story in explanation.stories:
        yield {"kind": "line", **line_json(story)}
        for one in story.transactions:
            yield {"kind": "transaction", **transaction_json(one, story)}


def line_json(story: LineStory) -> dict[str, Any]:
    return {
        "contract": story.contract,
        "contract_name": story.contract_name or None,
        "contract_status": story.contract_status,
        "contract_line": story.line,
        "name": story.name,
        "billing_method": story.billing_method,
        "classes": list(story.classes),
        "customers": list(story.customers),
        "invoiced": [
            {
                "invoice_run_date": share.run_date.isoformat(),
                "customer_name": share.customer,
                "currency": share.currency_code or None,
                "amount": _amount(share.amount, share.currency_code, story.digits),
                "count": share.count,
            }
            for share in story.shares
        ],
        "reasons": [skip_json(skip, story.digits) for skip in story.reasons],
        "schedule": [_row_json(row, story) for row in story.rows],
        "milestones": [_milestone_json(one, story) for one in story.milestones],
        "posted": story.past.posted,
        "canceled": story.past.canceled,
        "next_run_date": _day(story.next_look.run_date),
        "next_run_at": _iso(story.next_look.run_at),
        "next_run": story.next_look.sentence,
    }


def _row_json(row: RowFact, story: LineStory) -> dict[str, Any]:
    return {
        "id": row.id,
        "invoice_run_date": _day(row.run_date),
        "cut_off": _day(row.cut_off),
        "status": row.status,
        "invoice": _invoice_json(row.invoice, story.digits),
    }


def _milestone_json(one: MilestoneFact, story: LineStory) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "day": _day(one.day),
        "amount": None if one.amount is None else _amount(one.amount, one.currency_code, story.digits),
        "currency": one.currency_code or None,
        "status": one.status,
    }


def transaction_json(one: TransactionFact, story: LineStory) -> dict[str, Any]:
    judgement = one.judgement
    code = judgement.currency_code
    return {
        "contract_line": story.line,
        "line_name": story.name,
        "source": judgement.source,
        "source_id": judgement.source_id,
        "name": judgement.name or None,
        "class": one.kind,
        "billing_type": one.billing_type,
        "day": _day(one.day),
        "amount": None if judgement.amount is None else _amount(judgement.amount, code, story.digits),
        "currency": code or None,
        "taken": judgement.is_taken,
        "invoice_run_date": _day(judgement.invoice_run_date),
        "reason": None if judgement.reason is None else str(judgement.reason),
        "rule": judgement.rule or None,
        "found": judgement.found,
        "way_out": judgement.way_out or None,
        "until": _day(judgement.until),
        "expected_on": _day(one.expected_on),
        "invoice": _invoice_json(one.invoice, story.digits),
    }


def _invoice_json(invoice: InvoiceFact | None, digits: Mapping[str, int]) -> dict[str, Any] | None:
    if invoice is None:
        return None
    amount = invoice.amount
    return {
        "id": invoice.id,
        "name": invoice.name or None,
        "status": invoice.status,
        "day": _day(invoice.day),
        "amount": None if amount is None else _amount(amount, invoice.currency_code, digits),
        "currency": invoice.currency_code or None,
    }


def _amount(amount: Decimal, code: str, digits: Mapping[str, int]) -> str:
    return with_digits(amount, digits.get(code, USUAL_DIGITS))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
