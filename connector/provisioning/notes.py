"""What a person should know before the plan is applied."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Health
from connector.model.process import PROCESS_RUNNER
from connector.model.time_text import moment
from connector.provisioning.change import ChangeAction, Plan
from connector.provisioning.current import Current


def notes_of(current: Current, plan: Plan, rules: InvoicingRules) -> Iterator[str]:
    if plan.of(ChangeAction.START):
        yield from _of_identity(current)
        yield _first_run(current, plan, rules)
    yield from _last_starter(current, plan)
    diagnosis = current.sight.diagnosis
    if diagnosis.health is not Health.NEVER_PROVISIONED:
        yield diagnosis.sentence
    if diagnosis.live_chains and not diagnosis.is_healthy and not plan.refusals:
        yield "A chain is there, so nothing is started here: projops rerun restarts it."


def _of_identity(current: Current) -> Iterator[str]:
    identity = current.identity
    zone = identity.time_zone or "an unknown time zone"
    who = _named(identity.name, identity.user_id)
    yield f"The job will run as {who}, in {zone}: its days are days there."
    yield from identity.unknown
    if missing := [item for item in identity.missing or () if not item.is_billing]:
        named = ", ".join(f"{item.name} ({item.reason})" for item in missing)
        yield f"{identity.name} lacks {named}."


def _first_run(current: Current, plan: Plan, rules: InvoicingRules) -> str:
    now = current.sight.snapshot.now
    if plan.start_with == PROCESS_RUNNER:
        return f"{plan.start_with} invoices at once."
    at = now + timedelta(hours=rules.first_sleep_h)
    return (
        f"{plan.start_with} sleeps {rules.first_sleep_h} hours first (rule J6: first_sleep_h): "
        f"started now, the first run is at {moment(at)}."
    )


def _last_starter(current: Current, plan: Plan) -> Iterator[str]:
    """The identity of the last chain, where it is another than the one to come."""
    snapshot = current.sight.snapshot
    chains = current.sight.diagnosis.chains
    owner = chains[0].last.owner if chains else None
    if owner is None or (owner == current.identity.user_id and plan.of(ChangeAction.START)):
        return
    user = snapshot.user(owner)
    disabled = ", who is disabled" if user is not None and user.is_disabled else ""
    what = "The chain runs" if current.sight.diagnosis.live_chains else "The last chain ran"
    yield f"{what} as {_named(snapshot.owner_name(owner), owner)}{disabled}."


def _named(name: str, id: str) -> str:
    """Whose name may not be read is called by the id, once."""
    return id if name == id else f"{name} ({id})"
