"""ENV: the connection, and what is installed behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connector.model.job_privileges import NEEDED, READING, Privilege, missing_of, table_of
from connector.model.solution import DUAL_WRITE_SOLUTION, Solution
from connector.model.user import User
from connector.verification.check import PROJECT_OPERATIONS, Check, Example
from connector.verification.evidence import Evidence, Need, known
from connector.verification.examples import FORBIDDEN, HEALTHY, PRIVILEGES, STARTER
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, passed, unknown
from connector.verification.lack import Lack, role_with

NO_ENDLESS_WAIT = (4, 166, 3403, 4)
ONE_RUN_DATE_ONCE = (4, 141, 0, 1552)
"""The versions of the Dataverse solution with the corrections of 6225696 and 4769472."""
_OF_THE_JOB = frozenset(table_of(one.name) for one in READING) | {"salesorderdetail", "invoice"}
"""Without these nothing can be said of the job; without another table some checks are unknown."""
_CORE = {"projectservicecore", "msdyn_projectservicecore"}


def _identity(evidence: Evidence) -> Iterator[Finding]:
    user = known(evidence.identity)
    record = Record("systemuser", user.id, user.full_name or "")
    if user.is_disabled is None:
        yield unknown("The environment does not tell whether the signed-in user is enabled.", record)
    elif user.is_disabled:
        yield failed(f"The signed-in user {_named(user)} is disabled.", record, {"isdisabled": "true"})
    else:
        kind = "application user" if user.application_id else "user"
        yield passed(f"Signed in as the {kind} {_named(user)}, who is enabled.", record)


def _named(user: User) -> str:
    return user.full_name or user.domain_name or user.id


def _solutions(evidence: Evidence) -> Iterator[Finding]:
    solutions = known(evidence.solutions)
    ours = [item for item in solutions if (item.unique_name or "") != DUAL_WRITE_SOLUTION]
    if ours:
        is_integrated = len(ours) < len(solutions)
        yield passed(f"{_product(ours)} is installed ({_versions(ours)}), {_flavour(is_integrated)}.")
    elif evidence.tables.has("batch_job"):
        yield unknown(
            "The table msdyn_batchjob is there, but no solution of the known names is to be seen.",
            evidence={"solution": "none"},
        )
    else:
        yield failed("Neither the solution of Project Operations nor its table msdyn_batchjob is there.")


def _product(solutions: list[Solution]) -> str:
    names = {(item.unique_name or "").casefold() for item in solutions}
    return "Project Operations" if names & _CORE else "Project Service (Project Operations or its forerunner)"


def _versions(solutions: list[Solution]) -> str:
    return ", ".join(f"{item.unique_name} {item.version or 'of unknown version'}" for item in solutions)


def _flavour(is_integrated: bool) -> str:
    return "integrated with Finance by dual-write" if is_integrated else "without dual-write to Finance"


def _version(evidence: Evidence) -> Iterator[Finding]:
    """The newest of our solutions counts: they are updated together."""
    solutions = [item for item in known(evidence.solutions) if item.unique_name != DUAL_WRITE_SOLUTION]
    versions = [found for item in solutions if (found := _numbers(item.version)) is not None]
    if not versions:
        yield unknown("No solution of Project Operations tells its version.", evidence={"version": "none"})
        return
    version = max(versions)
    text = ".".join(map(str, version))
    seen = {"version": text}
    if version < ONE_RUN_DATE_ONCE:
        yield failed(f"Version {text} can invoice twice, and can wait forever.", evidence=seen)
    elif version < NO_ENDLESS_WAIT:
        yield failed(f"Version {text} can wait forever: see RUN03.", evidence=seen, severity=Severity.WARNING)
    else:
        yield passed(f"Version {text} has both corrections.", evidence=seen)


def _numbers(version: str | None) -> tuple[int, ...] | None:
    parts = (version or "").split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else None


def _may_read(evidence: Evidence) -> Iterator[Finding]:
    granted = {name.casefold() for name in known(evidence.privileges)}
    needed = known(evidence.needed_to_read)
    lacks = [Lack(name, table) for table, name in needed.items() if name.casefold() not in granted]
    for lack in lacks:
        severity = None if lack.table in _OF_THE_JOB else Severity.WARNING
        seen = {"privilege": lack.privilege, "table": lack.table}
        found = failed(lack.sentence, evidence=seen, fix=role_with([lack.privilege]), severity=severity)
        yield replace(found, lacks=(lack,))
    if not lacks:
        yield passed(f"It may read all {len(needed)} tables that the checks look at.")


def _may_bill(evidence: Evidence) -> Iterator[Finding]:
    starter = known(evidence.starter)
    missing = missing_of(known(starter.privileges), (item for item in NEEDED if item.is_billing))
    user = starter.owner.user
    name = (user.full_name if user is not None else None) or starter.owner.id
    record = Record("systemuser", starter.owner.id, name)
    yield from _missing(missing, f"{name} lacks", record)
    if not missing:
        verb = "runs" if starter.is_live else "would run"
        yield passed(f"The job {verb} as {name}, who may create invoices.", record)


def _missing(
    missing: tuple[Privilege, ...], what: str = "Missing is", record: Record | None = None
) -> Iterator[Finding]:
    for item in missing:
        yield failed(f"{what} {item.name}, needed {item.reason}.", record, {"privilege": item.name})


def _days(evidence: Evidence) -> Iterator[Finding]:
    today = known(evidence.today)
    is_free = evidence.tables.milestone.has("zone_independent_date")
    free = "Milestones have" if is_free else "Milestones have no"
    yield passed(
        f"Today is {today.day.isoformat()} ({today.zone.key}, {today.whose}). {free} a date without a time "
        "zone. Whether features such as invoice-date driven accounting are on, no public name tells.",
        evidence={"time_zone": today.zone.key},
    )


def _in_version(version: str) -> Evidence:
    return replace(HEALTHY, solutions=(Solution(id="s", unique_name="ProjectService", version=version),))


ENV01 = Check(
    code="ENV01",
    severity=Severity.ERROR,
    title="The signed-in identity is an enabled user",
    question="Does the sign-in lead to a user that this environment knows and lets work?",
    why="Nothing else that is read here can be trusted otherwise.",
    fix="Enable the user, or add the application as an application user in the Power Platform admin center.",
    link="https://learn.microsoft.com/power-platform/admin/powerplatform-api-create-service-principal",
    needs=(Need.IDENTITY,),
    judge=_identity,
    examples=(
        Example("an enabled user", HEALTHY, Outcome.PASS),
        Example(
            "a disabled user",
            replace(HEALTHY, identity=User(id="u", full_name="Gone", is_disabled=True)),
            Outcome.FAIL,
        ),
        Example("a column that is hidden", replace(HEALTHY, identity=User(id="u")), Outcome.UNKNOWN),
        Example("users that may not be read", replace(HEALTHY, identity=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
ENV02 = Check(
    code="ENV02",
    severity=Severity.ERROR,
    title="Project Operations is installed",
    question="Is Project Operations (or Project Service Automation) installed, and which flavour of it?",
    why="The job, its tables and its workflows come with that solution; rules and pages differ by flavour.",
    fix="Check DATAVERSE_URL; install Project Operations in this environment where it is missing.",
    link=PROJECT_OPERATIONS + "environment/uninstall-project-operations",
    needs=(Need.SOLUTIONS,),
    judge=_solutions,
    examples=(
        Example("the solution is there", HEALTHY, Outcome.PASS),
        Example(
            "neither the solution nor its tables",
            replace(HEALTHY, solutions=(), tables=replace(HEALTHY.tables, absent=frozenset({"batch_job"}))),
            Outcome.FAIL,
        ),
        Example("the tables without the solution", replace(HEALTHY, solutions=()), Outcome.UNKNOWN),
        Example("solutions that may not be read", replace(HEALTHY, solutions=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
ENV03 = Check(
    code="ENV03",
    severity=Severity.ERROR,
    title="The version has no known defect of the invoice job",
    question="Is Project Operations new enough that the job neither waits forever nor invoices twice?",
    why="Before 4.166.3403.4 the job could wait forever (6225696); before 4.141.0.1552 several rows with one "
    "run date invoiced the same transactions twice (4769472).",
    fix="Update Project Operations in the Power Platform admin center.",
    link=PROJECT_OPERATIONS + "pro/whats-new/whats-new-apr-2026-lite",
    needs=(Need.SOLUTIONS,),
    judge=_version,
    examples=(
        Example("the version of April 2026", HEALTHY, Outcome.PASS),
        Example("a later one", _in_version("4.170.1.2"), Outcome.PASS),
        Example("the version before", _in_version("4.166.3403.3"), Outcome.FAIL),
        Example("one of 2024", _in_version("4.100.0.9"), Outcome.FAIL),
        Example("a version that is no number", _in_version("next"), Outcome.UNKNOWN),
        Example("no solution to be seen", replace(HEALTHY, solutions=()), Outcome.UNKNOWN),
    ),
)
ENV04 = Check(
    code="ENV04",
    severity=Severity.ERROR,
    title="The signed-in identity may read what the checks look at",
    question="Does it hold the privilege to read each table that the checks look at?",
    why="What may not be read looks like what is not there: system jobs stay hidden without their privilege.",
    fix="Give the identity a security role with the privileges that are named.",
    link="https://learn.microsoft.com/power-platform/admin/security-roles-privileges",
    needs=(Need.PRIVILEGES, Need.NEEDED_TO_READ),
    judge=_may_read,
    examples=(
        Example("all of them", HEALTHY, Outcome.PASS),
        Example(
            "without system jobs",
            replace(HEALTHY, privileges=PRIVILEGES - {"prvReadAsyncOperation"}),
            Outcome.FAIL,
        ),
        Example(
            "without accounts",
            replace(HEALTHY, privileges=PRIVILEGES - {"prvReadAccount"}),
            Outcome.FAIL,
        ),
        Example("privileges that cannot be read", replace(HEALTHY, privileges=FORBIDDEN), Outcome.UNKNOWN),
        Example(
            "tables that do not tell theirs", replace(HEALTHY, needed_to_read=FORBIDDEN), Outcome.UNKNOWN
        ),
    ),
)
ENV05 = Check(
    code="ENV05",
    severity=Severity.WARNING,
    title="The user as whom the job runs may create invoices",
    question="Does whoever started the job, or would start it, hold the privileges that invoicing needs?",
    why="The job runs with the rights of the one who started it; Project billing administrator has them all.",
    fix="Assign the role Project billing administrator, or one with the privileges that are named.",
    link=PROJECT_OPERATIONS + "environment/security-model",
    needs=(Need.STARTER,),
    judge=_may_bill,
    examples=(
        Example("all of them", HEALTHY, Outcome.PASS),
        Example(
            "without creating invoices",
            replace(HEALTHY, starter=replace(STARTER, privileges=PRIVILEGES - {"prvCreateInvoice"})),
            Outcome.FAIL,
        ),
        Example(
            "privileges that cannot be read",
            replace(HEALTHY, starter=replace(STARTER, privileges=FORBIDDEN)),
            Outcome.UNKNOWN,
        ),
    ),
)
ENV06 = Check(
    code="ENV06",
    severity=Severity.INFO,
    title="Which days the environment goes by",
    question="In whose time zone is a day a day, and are there dates that know no zone?",
    why="Run dates and cut-offs are days of a user's zone: a day can begin earlier or later than it seems.",
    fix="Set time_zone in the section [rules] of projops.toml.",
    link=PROJECT_OPERATIONS + "sales/tz-independent-date-fields",
    needs=(Need.TODAY,),
    judge=_days,
    examples=(
        Example("a zone that is known", HEALTHY, Outcome.PASS),
        Example("a zone that cannot be read", replace(HEALTHY, today=FORBIDDEN), Outcome.UNKNOWN),
    ),
)
CHECKS = (ENV01, ENV02, ENV03, ENV04, ENV05, ENV06)
