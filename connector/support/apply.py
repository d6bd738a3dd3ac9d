"""Carrying a rerun out: cancel, see it gone, start once."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.errors import ProjopsError
from connector.job.cancel import CancelResult, cancel_jobs
from connector.job.look import Environment, Sight, look
from connector.job.refusal import Refusal, check_digest, check_refusals, error_of
from connector.job.start import StartResult, StartState, start_workflow
from connector.model.job_chain import RESTARTABLE
from connector.support.plan import RerunPlan

_LOOK_AGAIN = "Run projops status, then projops rerun again."


@dataclass(frozen=True)
class Applied:
    """What came of a rerun; `refused` says why it stopped on its way."""

    canceled: CancelResult = field(default_factory=CancelResult)
    start: StartResult | None = None
    refused: tuple[Refusal, ...] = ()

    @property
    def error(self) -> ProjopsError | None:
        """What the caller should end with once the result is shown; None when all is as planned."""
        return error_of(self.refused, self.start)


def apply_rerun(at: Environment, seen: Sight, plan: RerunPlan, *, digest: str | None = None) -> Applied:
    """Apply the plan that was made from `seen`; of `digest`, the plan must still be the reviewed one.

    Raises Refused for a plan with refusals or another digest, and what the client raises. It starts at most
    once, and only after a look that found no chain.
    """
    check_digest(plan.digest, digest)
    check_refusals(plan.refusals)
    canceled = cancel_jobs(at, plan.canceled)
    if not canceled.is_complete:
        return Applied(canceled, refused=(_not_gone(canceled),))
    if not plan.is_starting:
        return Applied(canceled)
    sight = look(at) if plan.canceled else seen
    if sight.diagnosis.live_chains or sight.diagnosis.health not in RESTARTABLE:
        message = f"{plan.start_with} was not started: {sight.diagnosis.sentence}"
        return Applied(canceled, refused=(Refusal(message, _LOOK_AGAIN),))
    result = start_workflow(at, sight.snapshot, plan.start_with)
    if result.state in {StartState.STARTED, StartState.UNKNOWN}:
        return Applied(canceled, result)
    return Applied(canceled, result, (Refusal(result.sentence, _LOOK_AGAIN),))


def _not_gone(canceled: CancelResult) -> Refusal:
    parts = []
    if canceled.changed:
        parts.append(f"went on by themselves and were left alone: {', '.join(canceled.changed)}")
    if canceled.still_open:
        parts.append(f"were told to end and are still open: {', '.join(canceled.still_open)}")
    return Refusal(f"Nothing was started, since system jobs {' and others '.join(parts)}.", _LOOK_AGAIN)
