"""From a snapshot to a diagnosis: one look, and what a second look adds (rules J1 to J8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from connector.model.batch_job import BatchJob
from connector.model.invoicing_rules import InvoicingRules
from connector.model.job_chain import Chain, ChainJob, Diagnosis, Health
from connector.model.job_evidence import evidence_of
from connector.model.job_grouping import Grouping, chains_of
from connector.model.job_rest import judge_rest
from connector.model.job_snapshot import STATE_INACTIVE, JobSnapshot, is_activated
from connector.model.job_verdict import Case, Verdict
from connector.model.job_waiting import judge_live
from connector.model.process import INVOICE_WORKFLOWS
from connector.model.time_text import moment

MAKE_READABLE = "Give the signed-in identity a security role that may read the table, then look again."


def diagnose(snapshot: JobSnapshot, rules: InvoicingRules, zone: tzinfo = UTC) -> Diagnosis:
    """What one look tells. Times in the sentence are given in `zone`.

    One look never says several_chains: what looks like it is unknown, with `several_roots` filled, until
    `confirmed` has seen the same chains in a second look.
    """
    grouping = chains_of(snapshot, rules)
    case = Case(snapshot=snapshot, grouping=grouping, rules=rules, zone=zone)
    verdict = _first(case)
    record = snapshot.batch_job
    out_of_use = "" if record is None else _out_of_use(record)
    return Diagnosis(
        health=verdict.health,
        sentence=f"{verdict.sentence} {out_of_use}".rstrip(),
        now=snapshot.now,
        batch_job=record.id if record is not None else None,
        next_run=verdict.next_run,
        chain=verdict.chain,
        chains=grouping.chains,
        evidence=evidence_of(snapshot, grouping),
        several_roots=verdict.several_roots,
        strangers=grouping.strangers,
        is_out_of_use=bool(out_of_use),
        way_out=verdict.way_out,
    )


def _out_of_use(record: BatchJob) -> str:
    """J2: what the record says against the job being run, "" where it says nothing."""
    if record.state == STATE_INACTIVE:
        return "Its record is deactivated."
    return "Its record says Is Active: No." if record.is_active is False else ""


def confirmed(
    first: Diagnosis,
    second: Diagnosis,
    apart_s: float,
    rules: InvoicingRules,
    zone: tzinfo = UTC,
) -> Diagnosis:
    """The second look, made certain by the first one, `apart_s` seconds before it (rule J8).

    `apart_s` is measured by whoever waited: an environment whose clock stands still has no say in it.
    """
    if not (first.several_roots and second.several_roots) or apart_s < rules.settle_s:
        return second
    lasting = tuple(
        chain for chain in second.live_chains if any(chain.ids & earlier.ids for earlier in first.live_chains)
    )
    if len(lasting) < 2:
        return second
    named = "; ".join(_named(chain, zone) for chain in lasting)
    return replace(
        second,
        health=Health.SEVERAL_CHAINS,
        sentence=f"Several chains: {len(lasting)} are live, seen twice: {named}. "
        "Each of them creates invoices of its own.",
        chain=None,
        several_roots=tuple(chain.root.id for chain in lasting),
    )


def _first(case: Case) -> Verdict:
    judges: tuple[Callable[[Case], Verdict | None], ...] = (
        _judge_record,
        _judge_reading,
        _judge_count,
        _judge_workflows,
        judge_live,
    )
    for judge in judges:
        if (verdict := judge(case)) is not None:
            return verdict
    return judge_rest(case)


def _judge_record(case: Case) -> Verdict | None:
    snapshot = case.snapshot
    if reason := snapshot.unread.get("msdyn_batchjob"):
        text = f"Unknown: the table msdyn_batchjob could not be read: {reason}"
        return Verdict(Health.UNKNOWN, text, way_out=MAKE_READABLE)
    if not snapshot.batch_jobs:
        return Verdict(
            Health.NEVER_PROVISIONED,
            'Never provisioned: no Recurring Invoice Setup has a name that contains "create invoices".',
        )
    if snapshot.batch_job is None:
        named = ", ".join(f"{item.name!r} ({item.id})" for item in snapshot.candidates)
        return Verdict(
            Health.UNKNOWN,
            f"Unknown: {len(snapshot.candidates)} records match the invoice job, and one is right: {named}.",
            way_out="Deactivate all but the one that is to run; nothing is done until then.",
        )
    return None


def _judge_reading(case: Case) -> Verdict | None:
    for table, what in (("asyncoperation", "system jobs"), ("workflow", "processes")):
        if reason := case.snapshot.unread.get(table):
            text = f"Unknown: the {what} ({table}) could not be read: {reason}"
            return Verdict(Health.UNKNOWN, text, way_out=MAKE_READABLE)
    return None


def _judge_count(case: Case) -> Verdict | None:
    """Whether there is at most one live chain, and whether that can be told at all (rule J8)."""
    grouping = case.grouping
    if grouping.strangers:
        return _cannot_tell(case, grouping.strangers, "their workflow cannot be told")
    if grouping.forked:
        jobs = tuple(job for chain in grouping.forked for job in chain.open_jobs)
        return _cannot_tell(case, jobs, "they belong to one start, but the same workflow is open twice")
    if len(grouping.live) < 2:
        return None
    open_jobs = tuple(job for chain in grouping.live for job in chain.open_jobs)
    if grouping.unsure:
        return _cannot_tell(case, open_jobs, "more than one hand-over could explain them")
    if reason := case.snapshot.unread.get("workflowlog"):
        return _cannot_tell(
            case, open_jobs, f"the workflow log that could join them was not readable: {reason}"
        )
    return _suspected(case, grouping)


def _cannot_tell(case: Case, jobs: tuple[ChainJob, ...], why: str) -> Verdict:
    named = ", ".join(
        f"{job.workflow or 'a workflow'} since {case.at(job.started)} ({job.id})" for job in jobs
    )
    verb = (
        "is 1 open system job that cannot"
        if len(jobs) == 1
        else f"are {len(jobs)} open system jobs that cannot"
    )
    return Verdict(Health.UNKNOWN, f"Unknown: there {verb} be joined to one chain, since {why}: {named}.")


def _suspected(case: Case, grouping: Grouping) -> Verdict:
    named = "; ".join(_named(chain, case.zone) for chain in grouping.live)
    return Verdict(
        Health.UNKNOWN,
        f"Unknown: {len(grouping.live)} chains seem to be live: {named}. "
        f"One look may see a hand-over; a second one {case.rules.settle_s} s later tells.",
        several_roots=tuple(chain.root.id for chain in grouping.live),
    )


def _judge_workflows(case: Case) -> Verdict | None:
    for name in INVOICE_WORKFLOWS:
        definitions = case.snapshot.definitions(name)
        if not definitions:
            return Verdict(
                Health.WORKFLOW_INACTIVE,
                f"Workflow missing: this environment has no process of the name {name}.",
                chain=_one(case.grouping.live),
            )
        if not any(is_activated(item) for item in definitions):
            return Verdict(
                Health.WORKFLOW_INACTIVE,
                f"Workflow inactive: {name} is not activated; its owner is "
                f"{case.snapshot.owner_name(definitions[0].owner)}.",
                chain=_one(case.grouping.live),
            )
    return None


def _one(chains: tuple[Chain, ...]) -> Chain | None:
    return chains[0] if len(chains) == 1 else None


def _named(chain: Chain, zone: tzinfo) -> str:
    root, last = chain.root, chain.last
    since = moment(root.started, zone) if isinstance(root.started, datetime) else "an unknown time"
    return f"since {since}, now {last.workflow or 'a workflow'} {last.state.value} (first job {root.id})"
