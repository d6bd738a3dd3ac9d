"""One chunk of rows: sent as one message, in halves when it is too much, one by one when a row is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from connector.dataverse.bulk.failures import is_about_everything, is_about_rows, is_duplicate, is_too_much
from connector.dataverse.bulk.items import Item, ItemSender, Reply
from connector.dataverse.bulk.lanes import Done
from connector.dataverse.bulk.results import RowResult, RowStatus
from connector.dataverse.bulk.rows import CREATE, BulkTable, Preparer, Row
from connector.dataverse.bulk.sizes import Size
from connector.dataverse.exchange.decoding import decode_object
from connector.dataverse.exchange.faults import http_error
from connector.dataverse.exchange.retrying import may_have_happened
from connector.dataverse.exchange.wire import Answer, Request
from connector.dataverse.transport.settling import settle, telling
from connector.dataverse.transport.transport import Transport
from connector.dataverse.writing.looking import Looker
from connector.errors import DataverseError, HttpError, MalformedAnswer, OutcomeUnknown

_HEADERS: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class _State:
    """What is known of a chunk on its way: when its time is up, and whether it may be there already."""

    deadline_s: float
    is_ambiguous: bool = False

    def after(self, *, is_ambiguous: bool) -> _State:
        return replace(self, is_ambiguous=self.is_ambiguous or is_ambiguous)


class ChunkWriter:
    """Writes chunks of one message to one table; used by many threads at a time.

    Sending a chunk twice has the effect of sending it once: creates carry their ids, and the others say
    what is to be. So a chunk is repeated after a lost answer, and what a repetition is refused for is
    looked up.
    """

    def __init__(
        self,
        transport: Transport,
        looker: Looker,
        table: BulkTable,
        rows: Preparer,
        size: Size,
        *,
        is_elastic: bool,
    ) -> None:
        """An elastic table may keep some of the rows of a chunk that it refused."""
        self._transport = transport
        self._clock = transport.pace.clock
        self._looker = looker
        self._table = table
        self._rows = rows
        self._message = rows.message
        self._size = size
        self._items = ItemSender(transport, size)
        self._is_elastic = is_elastic
        self._is_one_by_one = False
        self._is_proven = False

    def write(self, rows: Sequence[Row]) -> Done[RowResult]:
        """A result for each row. The failure, where there is one, concerns not only these rows."""
        done = self._write(rows, _State(self._clock.now_s() + self._transport.policy.budget_s))
        if not self._is_proven:
            failure = self._failure_of_all(done)
            if failure is not None:
                return Done([], failure)
            self._is_proven = True
        return done

    def _failure_of_all(self, done: Done[RowResult]) -> Exception | None:
        """The first chunk, when nothing of it was done for a reason that will meet all others too."""
        if any(result.status is not RowStatus.FAILED for result in done.results):
            return None
        is_create = self._message is CREATE
        if all(is_about_everything(result.error, is_create=is_create) for result in done.results):
            return done.failure or done.results[0].error
        return done.failure

    def _write(self, rows: Sequence[Row], state: _State) -> Done[RowResult]:
        if self._is_one_by_one:
            return self._one_by_one(rows, state)
        is_splitting = len(rows) > 1
        try:
            with telling(row.given for row in rows):
                sent, outcome = self._transport.call(
                    self._request(rows),
                    is_enough=lambda attempt: is_splitting and is_too_much(attempt),
                    budget_s=self._left_s(state),
                )
        except DataverseError as error:
            return self._failed(rows, error, state)
        state = state.after(is_ambiguous=outcome.is_ambiguous)
        if is_splitting and is_too_much(outcome.last):
            return self._halves(rows, state.after(is_ambiguous=may_have_happened(outcome.last)))
        if isinstance(outcome.last, Answer) and is_about_rows(outcome.last):
            return self._refused(rows, outcome.last, state)
        state = state.after(is_ambiguous=may_have_happened(outcome.last))
        what = f"{self._message.action} of rows {rows[0].index} to {rows[-1].index}"
        try:
            with telling(row.given for row in rows):
                self._check_ids(rows, settle(sent, outcome, what))
        except DataverseError as error:
            return self._failed(rows, error, state)
        self._size.answered(len(rows), outcome.took_s)
        return Done([self._done(row) for row in rows])

    def _request(self, rows: Sequence[Row]) -> Request:
        path = f"{self._table.entity_set}/Microsoft.Dynamics.CRM.{self._message.action}"
        body = b'{"Targets":[' + b",".join([row.target for row in rows]) + b"]}"
        return Request("POST", self._transport.address(path), _HEADERS, body, items=len(rows))

    def _left_s(self, state: _State) -> float:
        return max(0.0, state.deadline_s - self._clock.now_s())

    def _check_ids(self, rows: Sequence[Row], answer: Answer) -> None:
        """Other ids than ours would mean that a repetition makes second records."""
        if self._message is not CREATE or not answer.content:
            return
        ids = decode_object(answer.content, self._message.action).get("Ids", ())
        sent = [row.id for row in rows]
        if ids and ids != sent and {str(id).lower() for id in ids} != set(sent):
            raise MalformedAnswer(
                f"{self._message.action} created rows {rows[0].index} to {rows[-1].index} under other ids "
                "than those that were sent.",
                "The rows are there, and sending them again would double them.",
            )

    def _halves(self, rows: Sequence[Row], state: _State) -> Done[RowResult]:
        self._size.timed_out(len(rows))
        middle = len(rows) // 2
        first = self._write(rows[:middle], state)
        if first.failure is None:
            second = self._write(rows[middle:], state)
        else:
            second = self._failed(rows[middle:], first.failure, state)
        return Done([*first.results, *second.results], second.failure)

    def _refused(self, rows: Sequence[Row], refusal: Answer, state: _State) -> Done[RowResult]:
        """Some row, or the message as such: each row by itself shows it, and lets the others through."""
        if state.is_ambiguous and is_duplicate(refusal):
            there = self._looked(rows, state)
            if len(there) == len(rows):
                return Done([self._done(row) for row in rows])
        done = self._one_by_one(rows, state.after(is_ambiguous=self._is_elastic))
        if refusal.status in {404, 405, 501} and all(result.is_done for result in done.results):
            # Not every table has the Multiple messages; rows alone can be written to all of them.
            self._is_one_by_one = True
        return done

    def _one_by_one(self, rows: Sequence[Row], state: _State) -> Done[RowResult]:
        items = [Item(self._rows.member(row), True, row.given) for row in rows]
        replies = self._items.send(items, state.deadline_s, is_ambiguous=state.is_ambiguous)
        pairs = list(zip(rows, replies, strict=True))
        doubtful = [row for row, reply in pairs if _is_doubtful(reply)]
        there = self._looked(doubtful, state)
        failures = [
            reply.error for row, reply in pairs if row.key not in there and _is_everybodys(reply.error)
        ]
        return Done(
            [self._result(row, reply, is_there=row.key in there) for row, reply in pairs],
            failures[0] if failures else None,
        )

    def _result(self, row: Row, reply: Reply, *, is_there: bool) -> RowResult:
        if is_there or (reply.answer is not None and reply.answer.status < 300):
            return self._done(row)
        if reply.answer is not None:
            error = http_error(reply.answer, f"Row {row.index} (PATCH {self._rows.path(row)})")
            return _not_done(row, error, is_unknown=may_have_happened(reply.answer))
        assert reply.error is not None  # a reply is an answer or an error
        return _not_done(row, reply.error, is_unknown=reply.is_ambiguous or _is_unknown(reply.error))

    def _failed(self, rows: Sequence[Row], error: Exception, state: _State) -> Done[RowResult]:
        """Rows without an answer. Where one may have been lost, reading tells of those that are there."""
        assert isinstance(error, DataverseError)  # nothing else is caught
        is_unknown = state.is_ambiguous or _is_unknown(error)
        there = self._looked(rows, state) if is_unknown else set()
        return Done(
            [
                self._done(row) if row.key in there else _not_done(row, error, is_unknown=is_unknown)
                for row in rows
            ],
            None if len(there) == len(rows) else error,
        )

    def _looked(self, rows: Sequence[Row], state: _State) -> set[str]:
        """The keys of those rows whose records are as they were sent; none where nobody can tell."""
        wanted = {row.id: self._expected(row) for row in rows if row.id is not None}
        wanted = {id: values for id, values in wanted.items() if values or self._message is CREATE}
        if not wanted:
            return set()
        try:
            return self._looker.as_sent(
                self._table.entity_set, self._table.key, wanted, budget_s=self._left_s(state)
            )
        except DataverseError:
            return set()

    def _expected(self, row: Row) -> Mapping[str, object]:
        """What proves that a record is this row: a new id of ours alone, whatever became of the values."""
        return self._rows.content(row.given, row.id) if row.is_given else {}

    def _done(self, row: Row) -> RowResult:
        return RowResult(index=row.index, id=row.id, status=self._message.done)


def _is_everybodys(error: DataverseError | None) -> bool:
    """Whether other rows will fare no better; a row that is too large is alone with that."""
    return error is not None and not (isinstance(error, HttpError) and error.status == 413)


def _is_doubtful(reply: Reply) -> bool:
    """Whether an earlier try may have done what nobody said, or what the last one was refused for."""
    if reply.answer is None:
        return reply.is_ambiguous or _is_unknown(reply.error)
    return reply.is_ambiguous and (is_duplicate(reply.answer) or may_have_happened(reply.answer))


def _is_unknown(error: Exception | None) -> bool:
    return isinstance(error, OutcomeUnknown | MalformedAnswer)


def _not_done(row: Row, error: DataverseError, *, is_unknown: bool) -> RowResult:
    status = RowStatus.UNKNOWN if is_unknown else RowStatus.FAILED
    return RowResult(index=row.index, id=row.id, status=status, error=error, row=row.given)
