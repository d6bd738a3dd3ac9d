"""Requests that are independent of each other, in one $batch: each gets an answer or an error of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from connector.dataverse.bulk.failures import is_too_much
from connector.dataverse.bulk.sizes import Size
from connector.dataverse.exchange.faults import retry_after_s
from connector.dataverse.exchange.retrying import Outcome, is_worth_repeating, may_have_happened
from connector.dataverse.exchange.wire import Answer, Attempt, Request
from connector.dataverse.transport.settling import settle, telling
from connector.dataverse.transport.transport import Transport, check_entity_id
from connector.dataverse.writing.batch import encode_batch, parts_of
from connector.dataverse.writing.operations import Member
from connector.errors import DataverseError, MalformedAnswer


@dataclass(frozen=True)
class Item:
    """A request of a batch; `sent` is what stands for it in an OutcomeUnknown."""

    member: Member
    is_repeatable: bool
    sent: object


@dataclass(frozen=True)
class Reply:
    """The answer to an item, or the error that left it without one.

    `is_ambiguous` says that a try before the answer may have taken effect.
    """

    answer: Answer | None
    error: DataverseError | None = None
    is_ambiguous: bool = False


class ItemSender:
    """Sends items, and again those alone that met a limit or a passing fault."""

    def __init__(self, transport: Transport, size: Size) -> None:
        self._transport = transport
        self._size = size

    def send(self, items: Sequence[Item], deadline_s: float, *, is_ambiguous: bool = False) -> list[Reply]:
        """A reply to each item, in their order. Raises nothing of the network: it stands in the replies."""
        round = _Round(self._transport, items)
        clock = self._transport.pace.clock
        is_splitting = len(items) > 1
        try:
            sent, outcome = self._transport.call(
                round.request(),
                round.read,
                again=round.request,
                is_enough=lambda attempt: is_splitting and not round.is_partly and is_too_much(attempt),
                budget_s=max(0.0, deadline_s - clock.now_s()),
            )
        except DataverseError as error:
            return round.all_replies(error, is_ambiguous=is_ambiguous)
        is_ambiguous = is_ambiguous or outcome.is_ambiguous
        if not round.waiting:
            self._size.answered(len(items), outcome.took_s)
            return round.all_replies(None, is_ambiguous=is_ambiguous)
        waiting = [items[index] for index in round.waiting]
        is_repeatable = all(item.is_repeatable for item in waiting)
        if is_splitting and is_repeatable and not round.is_partly and is_too_much(outcome.last):
            self._size.timed_out(len(items))
            is_ambiguous = is_ambiguous or may_have_happened(outcome.last)
            middle = len(items) // 2
            halves = (items[:middle], items[middle:])
            return [
                reply for half in halves for reply in self.send(half, deadline_s, is_ambiguous=is_ambiguous)
            ]
        is_ambiguous = is_ambiguous or _is_partly_possible(outcome.last)
        return self._unanswered(round, sent, outcome, deadline_s, is_ambiguous=is_ambiguous)

    def _unanswered(
        self, round: _Round, sent: Request, outcome: Outcome, deadline_s: float, *, is_ambiguous: bool
    ) -> list[Reply]:
        """After a lost answer: what may be repeated is sent without what may not."""
        left = round.waiting
        again = [index for index in left if round.items[index].is_repeatable]
        if again and len(again) < len(left) and may_have_happened(outcome.last):
            some = [round.items[index] for index in again]
            replies = self.send(some, deadline_s, is_ambiguous=True)
            round.replies.update(zip(again, replies, strict=True))
        error = _error(sent, outcome, [round.items[index].sent for index in round.waiting])
        return round.all_replies(error, is_ambiguous=is_ambiguous)


class _Round:
    """The items of a batch that are still without a reply, through all its tries."""

    def __init__(self, transport: Transport, items: Sequence[Item]) -> None:
        self._transport = transport
        self._root = urlsplit(transport.address("")).path
        self.items = items
        self.replies: dict[int, Reply] = {}
        self._latest: dict[int, Answer] = {}

    @property
    def waiting(self) -> list[int]:
        return [index for index in range(len(self.items)) if index not in self.replies]

    @property
    def is_partly(self) -> bool:
        """Whether the batch as a whole was answered already, so that its size is not what is wrong."""
        return bool(self.replies)

    def request(self) -> Request:
        items = [self.items[index] for index in self.waiting]
        members = [item.member.said_by(self._transport.caller_headers) for item in items]
        content_type, body = encode_batch(members, self._root)
        return Request(
            "POST",
            self._transport.address("$batch"),
            {"Content-Type": content_type, "Prefer": "odata.continue-on-error"},
            body,
            is_repeatable=all(item.is_repeatable for item in items),
            items=len(members),
        )

    def read(self, answer: Answer) -> Answer:
        """Keep what is final. What has to be sent again makes the whole answer one of its kind."""
        parts = parts_of(answer)
        if not parts:
            return answer
        waiting = self.waiting
        if len(parts) != len(waiting):
            raise MalformedAnswer(
                f"A batch of {len(waiting)} requests was answered with {len(parts)} parts.",
                "Some of them may have been done; read the records to see.",
            )
        again: Answer | None = None
        for index, part in zip(waiting, parts, strict=True):
            check_entity_id(self._transport.origin, part.answer, "A part of the answer to $batch")
            if is_worth_repeating(part.answer, self.items[index].is_repeatable):
                self._latest[index] = part.answer
                again = _slower(again, part.answer)
            else:
                self.replies[index] = Reply(part.answer)
        if again is None:
            return Answer(200, answer.headers, b"")
        return Answer(again.status, CaseInsensitiveDict({**answer.headers, **again.headers}), again.content)

    def all_replies(self, error: DataverseError | None, *, is_ambiguous: bool) -> list[Reply]:
        """In the order of the items; `error` is what became of those that were never answered."""
        replies = (self._reply(index, error) for index in range(len(self.items)))
        return [replace(each, is_ambiguous=each.is_ambiguous or is_ambiguous) for each in replies]

    def _reply(self, index: int, error: DataverseError | None) -> Reply:
        if index in self.replies:
            return self.replies[index]
        latest = self._latest.get(index)
        # A fault that did not pass is this item's own; a limit is everybody's.
        if latest is not None and latest.status != 429:
            return Reply(latest, is_ambiguous=may_have_happened(latest))
        return Reply(None, error)


def _is_partly_possible(last: Attempt) -> bool:
    """Items are independent of each other: what broke at one may have left others done."""
    return isinstance(last, Answer) and last.status == HTTPStatus.INTERNAL_SERVER_ERROR


def _slower(first: Answer | None, second: Answer) -> Answer:
    """The one that asks for the longer pause; a limit before a fault."""
    if first is None:
        return second
    return max(first, second, key=lambda each: (each.status == 429, retry_after_s(each) or 0))


def _error(sent: Request, outcome: Outcome, parts: Sequence[object]) -> DataverseError:
    try:
        with telling(parts):
            answer = settle(sent, outcome)
    except DataverseError as error:
        return error
    return MalformedAnswer(
        f"A batch was answered with {answer.status} and something that is not a batch's answer.",
        "Some of it may have been done; read the records to see.",
    )
