"""ENV: the connection, and what is installed behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connector.model.solution import Solution
from connector.model.user import User
from connector.verification.check import PROJECT_OPERATIONS, Check, Example
from connector.verification.evidence import Evidence, Need, known
from connector.verification.examples import FORBIDDEN, HEALTHY
from connector.verification.finding import Finding, Outcome, Record, Severity, failed, passed, unknown

_CORE = {"projectservicecore", "msdyn_projectservicecore"}
DUAL_WRITE_SOLUTION = "Dynamics365ProjectOperationsDualWrite"
"""Installed where Project Operations is integrated with Finance."""


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
CHECKS = (ENV01, ENV02)
