"""When a request is repeated, after which pause, and for how long: all of it on this screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential_jitter, wait_random

from connector.dataverse.exchange.clock import Clock
from connector.dataverse.exchange.faults import error_code, retry_after_s, why
from connector.dataverse.exchange.watching import Interest
from connector.dataverse.exchange.wire import Answer, Attempt, Lost, log

# Nobody says whether the request took effect. 408: a gateway gave up waiting for it (RFC 9110, 15.5.9).
GATEWAY = frozenset({408, 502, 503, 504})
# The service rolled back and says that another try may succeed: SQL deadlock, timeout, lock, network,
# busy, worker and resource limits.
_PASSING = frozenset(
    {
        "0x80040255",
        "0x80044150",
        "0x80044151",
        "0x80044339",
        "0x8004a001",
        "0x8005f104",
        "0x80072323",
        "0x80072324",
        "0x80073000",
    }
)
# At most so much more than the service asks for: its clients spread, and little of its limits is lost.
JITTER = 0.02


@dataclass(frozen=True)
class RetryPolicy:
    """What one call may spend, its repetitions and pauses included.

    No pause is begun that would end after `budget_s`; a try that is on its way then is waited for, up to
    its own timeouts. In bulk work each chunk has the budget to itself, whatever is done to save it.
    `most_faults` counts the tries that ended without an answer or with 408, 502, 503, 504; throttling is
    limited by the budget alone, since a pause of minutes is what the service asks for.
    """

    budget_s: float = 600
    most_faults: int = 6
    first_pause_s: float = 1
    longest_pause_s: float = 30
    connect_timeout_s: float = 15
    answer_timeout_s: float = 240
    sleep: Callable[[float], None] = time.sleep


DEFAULT_POLICY = RetryPolicy()


@dataclass(frozen=True)
class Outcome:
    """The last try, how long its answer took, and whether a try before it may have taken effect unseen."""

    last: Attempt
    is_ambiguous: bool
    took_s: float = 0.0


def repeat(
    send: Callable[[int], Attempt],
    policy: RetryPolicy,
    *,
    is_repeatable: bool,
    clock: Clock | None = None,
    is_enough: Callable[[Attempt], bool] = lambda _: False,
    watch: Interest | None = None,
) -> Outcome:
    """Send until there is an answer worth having or the policy is spent. `send` gets the try's number.

    `is_enough` may take a failure for an answer, where the caller knows something better than repeating.
    A pause ends when `watch` does, and `send` has to end then too.
    """
    clock = clock or Clock(policy.sleep)
    trail: list[Attempt] = []

    def once() -> Attempt:
        trail.append(send(len(trail) + 1))
        return trail[-1]

    last = Retrying(
        sleep=partial(clock.sleep, watch=watch),
        retry=retry_if_result(lambda it: not is_enough(it) and is_worth_repeating(it, is_repeatable)),
        wait=partial(_pause_s, policy),
        before_sleep=_tell_pause,
        stop=partial(_is_spent, policy, trail, clock, clock.now_s() + policy.budget_s),
        retry_error_callback=_last,
    )(once)
    is_ambiguous = any(may_have_happened(attempt) for attempt in trail[:-1])
    # tenacity ends in a cycle that holds `stop`: every body would live until a full collection.
    trail.clear()
    return Outcome(last, is_ambiguous=is_ambiguous)


def may_have_happened(attempt: Attempt) -> bool:
    """Whether a request that went like this may have taken effect although nobody said so."""
    return attempt.is_sent if isinstance(attempt, Lost) else attempt.status in GATEWAY


def is_worth_repeating(attempt: Attempt, is_repeatable: bool) -> bool:
    """Whether another try may succeed and does no harm."""
    if isinstance(attempt, Lost):
        return not attempt.is_final and (is_repeatable or not attempt.is_sent)
    if attempt.status == 429:
        return True
    return is_repeatable and _is_fault(attempt)


def _is_fault(attempt: Attempt) -> bool:
    if isinstance(attempt, Answer) and attempt.status not in GATEWAY:
        return attempt.status >= 500 and error_code(attempt) in _PASSING
    return True


def _pause_s(policy: RetryPolicy, state: RetryCallState) -> float:
    """What the service asks for and a little more, so that many clients do not come back at once."""
    attempt = _last(state)
    asked = retry_after_s(attempt) if isinstance(attempt, Answer) else None
    if asked:
        return asked + wait_random(0, JITTER * asked)(state)
    growing = wait_exponential_jitter(
        policy.first_pause_s, policy.longest_pause_s, jitter=policy.first_pause_s
    )
    return growing(state)


def _is_spent(
    policy: RetryPolicy, trail: list[Attempt], clock: Clock, deadline_s: float, state: RetryCallState
) -> bool:
    is_late = clock.now_s() + state.upcoming_sleep > deadline_s
    return is_late or sum(map(_is_fault, trail)) >= policy.most_faults


def _tell_pause(state: RetryCallState) -> None:
    log.info("pausing %.1f s after try %d: %s", state.upcoming_sleep, state.attempt_number, why(_last(state)))


def _last(state: RetryCallState) -> Attempt:
    assert state.outcome is not None  # tenacity asks only after a try
    attempt: Attempt = state.outcome.result()
    return attempt
