"""What a finished call means: its answer, or the one error that says what is known and what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from connector.dataverse.exchange.faults import http_error
from connector.dataverse.exchange.hints import unreachable_hint
from connector.dataverse.exchange.retrying import Outcome, may_have_happened
from connector.dataverse.exchange.wire import Answer, Lost, Request
from connector.errors import DataverseError, MalformedAnswer, OutcomeUnknown, Unreachable

# The caller's way to find out whether something took effect; None when it cannot tell.
Happened = Callable[[], bool | None]

_TOLD = {
    True: "It did take effect, as far as can be seen.",
    False: "It has not taken effect so far, as far as can be seen.",
    None: "Whether it took effect is not known.",
}


# Says nothing of what a try before it may have done.
_NO_VERDICT = frozenset({401, 429})


@contextmanager
def telling(sent: Iterable[object]) -> Iterator[None]:
    """An OutcomeUnknown from inside carries these operations or rows."""
    try:
        yield
    except OutcomeUnknown as unknown:
        unknown.sent = unknown.sent or tuple(sent)
        raise


def settle(sent: Request, outcome: Outcome, what: str = "", happened: Happened | None = None) -> Answer:
    """The answer of a call that went well.

    Raises the typed HttpError of an error status, Unreachable when nothing can have been changed, and
    OutcomeUnknown when something can have been.
    """
    last = outcome.last
    what = what or f"{sent.method} {sent.path}"
    if isinstance(last, Lost):
        if not sent.changes_nothing and (last.is_sent or outcome.is_ambiguous):
            raise outcome_unknown(sent, what, last.reason, happened)
        raise Unreachable(
            f"There was no answer to {what} ({last.reason}).",
            unreachable_hint(last.reason),
            method=sent.method,
            url=sent.url,
            request_id=sent.id,
            reason=last.reason,
        )
    is_lost = outcome.is_ambiguous and last.status in _NO_VERDICT and not sent.changes_nothing
    if is_lost or (not sent.is_repeatable and may_have_happened(last)):
        raise outcome_unknown(sent, what, f"{last.status} {HTTPStatus(last.status).phrase}", happened)
    if last.status >= 400:
        raise http_error(last, what)
    if last.status >= 300:
        raise MalformedAnswer(f"{what} was answered with {last.status}, which says nothing.")
    return last


def outcome_unknown(
    sent: Request, what: str, reason: str, happened: Happened | None = None
) -> OutcomeUnknown:
    told = _ask(happened)
    return OutcomeUnknown(
        f"{what} was sent, and its answer was lost ({reason}). {_TOLD[told]}",
        f"Look before you repeat it; it was sent with request id {sent.id}.",
        method=sent.method,
        url=sent.url,
        request_id=sent.id,
        happened=told,
    )


def _ask(happened: Happened | None) -> bool | None:
    if happened is None:
        return None
    try:
        return happened()
    except DataverseError:
        # The question fails for the same reason as the request, most likely.
        return None
