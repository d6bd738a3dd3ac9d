"""Writes: repeated where that is safe, and then confirmed by reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from connector.dataverse.exchange.faults import DUPLICATES, error_code
from connector.dataverse.exchange.retrying import Outcome
from connector.dataverse.exchange.wire import Answer, Request
from connector.dataverse.query.paths import record_path
from connector.dataverse.reading.reader import Reader
from connector.dataverse.transport.settling import Happened, outcome_unknown, settle, telling
from connector.dataverse.transport.transport import Transport, check_entity_id
from connector.dataverse.writing.batch import Part, encode_change_set, failing_part, parts_of, result_of
from connector.dataverse.writing.body import encode
from connector.dataverse.writing.looking import Looker
from connector.dataverse.writing.operations import (
    Create,
    Member,
    Operation,
    OperationResult,
    is_repeatable,
    member_of,
)
from connector.errors import DataverseError, MalformedAnswer

_JSON = {"Content-Type": "application/json"}
# What a repeated write is told when its first try had taken effect: the etag is another one, the record
# exists already, or is gone.
_ALREADY_DONE = frozenset({404, 412})


class Writer:
    """Sends writes. The promise is: never twice, and never said to have failed when it was done."""

    def __init__(self, transport: Transport, reader: Reader) -> None:
        self._transport = transport
        self._looker = Looker(transport, reader)

    def write(
        self, operation: Operation, happened: Happened | None = None, *, is_confirming: bool = True
    ) -> Answer | None:
        """One operation by itself. The answer, or None where reading had to confirm it."""
        request = self._request(member_of(operation), is_repeatable=is_repeatable(operation))
        with telling([operation]):
            sent, outcome = self._transport.call(request)
            if is_confirming and self._confirmed([operation], sent, outcome) is not None:
                return None
            return settle(sent, outcome, happened=happened)

    def upsert(self, entity_set: str, id: str, values: Mapping[str, object]) -> None:
        """Without a condition, the same values twice are the same record."""
        path = record_path(entity_set, id)
        member = Member("PATCH", path, {}, encode(values, path))
        written = Create(entity_set, id, values)
        with telling([written]):
            sent, outcome = self._transport.call(self._request(member, is_repeatable=True))
            # Two tries that meet in the database: the second is told that the record exists.
            if self._confirmed([written], sent, outcome) is None:
                settle(sent, outcome)

    def change_set(self, operations: Sequence[Operation], happened: Happened | None) -> list[OperationResult]:
        """All of them or none. Raises the failing member's error."""
        caller = self._transport.caller_headers
        members = [member_of(operation).said_by(caller) for operation in operations]
        root = urlsplit(self._transport.address("")).path
        content_type, body = encode_change_set(members, root)
        request = Request(
            "POST",
            self._transport.address("$batch"),
            {"Content-Type": content_type},
            body,
            is_repeatable=all(map(is_repeatable, operations)),
            items=len(members),
        )
        with telling(operations):
            sent, outcome = self._transport.call(request, self._as_failing_part)
            confirmed = self._confirmed(operations, sent, outcome)
            if confirmed is not None:
                return confirmed
            answer = settle(sent, outcome, _what(members, outcome), happened)
        return [result_of(part.answer) for part in self._parts(answer, len(members))]

    def _request(self, member: Member, *, is_repeatable: bool) -> Request:
        headers = {**member.headers, **(_JSON if member.body is not None else {})}
        return Request(
            member.method,
            self._transport.address(member.path),
            headers,
            member.body,
            is_repeatable=is_repeatable,
        )

    def _confirmed(
        self, operations: Sequence[Operation], sent: Request, outcome: Outcome
    ) -> list[OperationResult] | None:
        """What was done by an earlier try of this very call whose answer was lost; None when nothing was.

        Only then may a refusal of the repetition mean success, and only where every record says so.
        """
        last = outcome.last
        if not (outcome.is_ambiguous and isinstance(last, Answer) and _is_told_done(last)):
            return None
        failure: DataverseError | None = None
        try:
            found = [self._looker.answer_to(operation) for operation in operations]
        except DataverseError as error:
            failure = error
        if failure is not None:
            reason = f"and reading whether it was done failed too: {failure.message}"
            raise outcome_unknown(sent, f"{sent.method} {sent.path}", reason) from failure
        results = [result for result in found if result is not None]
        return results if len(results) == len(operations) else None

    def _as_failing_part(self, answer: Answer) -> Answer:
        """The error inside an answer to $batch, as an answer: it decides about repetition and error class."""
        failing = failing_part(parts_of(answer))
        if failing is None:
            return answer
        inner = failing.answer
        headers = CaseInsensitiveDict({**answer.headers, **inner.headers})
        if failing.content_id is not None:
            headers["Content-ID"] = str(failing.content_id)
        return Answer(inner.status, headers, inner.content)

    def _parts(self, answer: Answer, expected: int) -> list[Part]:
        parts = parts_of(answer)
        if len(parts) != expected:
            raise MalformedAnswer(
                f"A change set of {expected} members was answered with {len(parts)} parts.",
                "It was answered as done; read the records to see.",
            )
        for part in parts:
            check_entity_id(self._transport.origin, part.answer, "A part of the answer to $batch")
        if all(part.content_id is not None for part in parts):
            parts.sort(key=lambda part: part.content_id or 0)
        return parts


def _is_told_done(answer: Answer) -> bool:
    return answer.status in _ALREADY_DONE or error_code(answer) in DUPLICATES


def _what(members: Sequence[Member], outcome: Outcome) -> str:
    """Which member failed, as far as the answer tells."""
    last = outcome.last
    number = last.headers.get("Content-ID", "") if isinstance(last, Answer) else ""
    if number.isdigit() and 1 <= int(number) <= len(members):
        member = members[int(number) - 1]
        return f"Member {number} of {len(members)} of a change set ({member.method} {member.path})"
    named = ", ".join(f"{member.method} {member.path}" for member in members[:5])
    return f"A change set of {len(members)} ({named}{', …' if len(members) > 5 else ''})"
