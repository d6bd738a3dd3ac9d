"""Batches of operations that are independent of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from connector.dataverse.bulk.failures import is_duplicate
from connector.dataverse.bulk.items import Item, ItemSender, Reply
from connector.dataverse.bulk.lanes import Done
from connector.dataverse.bulk.results import BatchResult
from connector.dataverse.bulk.sizes import Size
from connector.dataverse.exchange.faults import http_error
from connector.dataverse.exchange.retrying import may_have_happened
from connector.dataverse.transport.transport import Transport
from connector.dataverse.writing.batch import result_of
from connector.dataverse.writing.looking import Looker
from connector.dataverse.writing.operations import (
    Delete,
    Member,
    Operation,
    OperationResult,
    is_repeatable,
    member_of,
)
from connector.errors import DataverseError, MalformedAnswer, OutcomeUnknown, UsageError


class Step(msgspec.Struct, frozen=True, gc=False):
    """An operation with its place in the input, as it will be sent."""

    index: int
    operation: Operation
    member: Member

    @property
    def weight(self) -> int:
        """Bytes that it takes in a request, about."""
        return len(self.member.body or b"") + 400


class Steps:
    """The input as steps, in its order. Raises UsageError for an operation that cannot be sent.

    A list is looked at as a whole first, any other iterable as it is needed.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        if isinstance(operations, Operation):
            raise UsageError("A single operation was given.", "Give a list of them: [Create(…)].")
        self._operations = operations
        if isinstance(operations, Sequence):
            for _ in self:
                pass

    def __iter__(self) -> Iterator[Step]:
        for index, operation in enumerate(self._operations):
            try:
                member = member_of(operation)
            except UsageError as error:
                raise UsageError(f"Operation {index}: {error.message}", error.hint) from error
            yield Step(index, operation, member)


class BatchWriter:
    """Sends chunks of operations; used by many threads at a time."""

    def __init__(self, transport: Transport, looker: Looker, size: Size) -> None:
        self._clock = transport.pace.clock
        self._budget_s = transport.policy.budget_s
        self._looker = looker
        self._items = ItemSender(transport, size)
        self._is_proven = False

    def write(self, steps: Sequence[Step]) -> Done[BatchResult]:
        """A result for each step. The failure, where there is one, concerns not only these."""
        items = [Item(step.member, is_repeatable(step.operation), step.operation) for step in steps]
        replies = self._items.send(items, self._clock.now_s() + self._budget_s)
        results = [self._result(step, reply) for step, reply in zip(steps, replies, strict=True)]
        # An action that got no answer is not sent again, so that its loss says nothing of the service.
        failures = (
            reply.error for step, reply in zip(steps, replies, strict=True) if _is_everybodys(step, reply)
        )
        failure = next(failures, None)
        is_nothing_done = failure is not None and all(
            each.error is not None and not each.is_unknown for each in results
        )
        if is_nothing_done and not self._is_proven:
            return Done([], failure)
        self._is_proven = True
        return Done(results, failure)

    def _result(self, step: Step, reply: Reply) -> BatchResult:
        what = f"Operation {step.index} ({step.member.method} {step.member.path})"
        answer = reply.answer
        if answer is not None and answer.status < 300:
            try:
                return self._done(step, result_of(answer))
            except MalformedAnswer as error:
                return _not_done(step, error, is_unknown=True)
        if _is_doubtful(step, reply) and (found := self._found(step)) is not None:
            return self._done(step, found)
        if answer is None:
            assert reply.error is not None  # a reply is an answer or an error
            is_lost = isinstance(reply.error, OutcomeUnknown | MalformedAnswer)
            return _not_done(step, reply.error, is_unknown=reply.is_ambiguous or is_lost)
        # What stood behind a gateway may have been carried out all the same.
        return _not_done(step, http_error(answer, what), is_unknown=may_have_happened(answer))

    def _found(self, step: Step) -> OperationResult | None:
        try:
            return self._looker.answer_to(step.operation)
        except DataverseError:
            return None

    def _done(self, step: Step, answer: OperationResult) -> BatchResult:
        return BatchResult(index=step.index, operation=step.operation, answer=answer)


def _is_everybodys(step: Step, reply: Reply) -> bool:
    if reply.error is None:
        return False
    return is_repeatable(step.operation) or not isinstance(reply.error, OutcomeUnknown)


def _is_doubtful(step: Step, reply: Reply) -> bool:
    """Whether an earlier try may have done what nobody said, or what the last one was refused for."""
    if reply.answer is None:
        return reply.is_ambiguous or isinstance(reply.error, OutcomeUnknown)
    is_gone = reply.answer.status == 404 and isinstance(step.operation, Delete)
    return reply.is_ambiguous and (is_gone or is_duplicate(reply.answer) or may_have_happened(reply.answer))


def _not_done(step: Step, error: DataverseError, *, is_unknown: bool) -> BatchResult:
    return BatchResult(index=step.index, operation=step.operation, error=error, is_unknown=is_unknown)
