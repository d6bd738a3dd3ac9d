"""The steps of `projops doctor`. One more is a function here, and a line in STEPS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import datetime

from connector.console.connection import EMULATED_NAMES, Target, targeted
from connector.console.doctor.step import Step
from connector.console.voice import Voice
from connector.dataverse import (
    DataverseClient,
    ManagedIdentity,
    Query,
    RetryPolicy,
    TokenRequest,
    WhoAmI,
    any_of,
    eq,
    guid,
)
from connector.dataverse.sign_in import EntraTokens, challenge_of
from connector.errors import AccessDenied, ProjopsError, SignInError, Unreachable
from connector.hooks import load_plugins
from connector.job.privileges import read_granted, read_needed_to_read
from connector.job.read import check_project_operations
from connector.job.zone import UnknownZone, read_zone_of_user, zone_of_setting
from connector.model.job_privileges import NEEDED, READING, missing_of, table_of
from connector.model.security_role import SECURITY_ROLE, USER_ROLE
from connector.model.solution import DUAL_WRITE_SOLUTION, PROJECT_OPERATIONS_SOLUTIONS, SOLUTION
from connector.model.table import Table
from connector.model.tables import DECLARED, Tables
from connector.settings import Settings, way_to
from connector.verification.tables_read import tables_read

# Somebody sits and waits: one repetition shows what is passing, ten minutes show nothing more.
PATIENCE = RetryPolicy(budget_s=45, most_faults=2)


_PROXY = (
    "Where the network lets nothing out by itself, set HTTPS_PROXY to the proxy's address, and NO_PROXY to "
    "the hosts that go without; a proxy that opens TLS needs its authority in PROJOPS_CA_FILE."
)
_OUTSIDE_OF_AZURE = (
    "Asked was what IDENTITY_ENDPOINT names, or the address of virtual machines where it is not set: no "
    "proxy is used for it, and only machines in Azure have it. Elsewhere set AZURE_CLIENT_ID with "
    "AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH, or PROJOPS_SIGN_IN=azure-cli."
)


@dataclass
class Visit:
    """What the steps so far have found; the later ones go on from it."""

    settings: Settings
    voice: Voice
    stack: ExitStack
    target: Target | None = None
    client: DataverseClient | None = None
    who: WhoAmI | None = None
    tables: Tables | None = None
    is_answered: bool = False

    @property
    def reason(self) -> str | None:
        """The sign-in that was taken and why; None before that was settled."""
        return self.target.reason if self.target else None

    @property
    def environment(self) -> str | None:
        return self.client.url if self.client else None

    @property
    def now(self) -> datetime | None:
        """The environment's now; None where it has not answered a request of ours."""
        return self.client.now if self.client and self.is_answered else None

    def require_target(self) -> Target:
        assert self.target is not None, "the first step comes first"
        return self.target

    def require_client(self) -> DataverseClient:
        assert self.client is not None, "the first step comes first"
        return self.client

    def request(self) -> TokenRequest:
        """As the client itself asks, so that its token is the one that is tried."""
        return TokenRequest(self.require_client().url, self.require_target().ca_file, PATIENCE)


def _plugins(visit: Visit) -> str:  # noqa: ARG001 - the shape of a step
    """What was found by entry points: whoever installed a plug-in sees that it is there."""
    found = load_plugins()
    methods = ", ".join(method.name for method in found.billing_methods)
    workflows = ", ".join(workflow.name for workflow in found.workflows)
    return f"billing methods {methods or 'none'}; workflows {workflows or 'none'}"


def _sign_in(visit: Visit) -> str:
    visit.target = visit.stack.enter_context(targeted(visit.settings, visit.voice))
    return visit.target.reason


def _address(visit: Visit) -> str:
    target = visit.require_target()
    visit.client = visit.stack.enter_context(target.client(PATIENCE))
    try:
        challenge = challenge_of(visit.request())
    except Unreachable as error:
        raise _no_way(error, visit.client.url) from None
    proposed = f"; it proposes {challenge.authorization_uri}" if challenge.authorization_uri else ""
    return f"{visit.client.url} answers and asks for a token{proposed}"


def _authority(visit: Visit) -> str:
    tokens = visit.require_target().tokens
    if isinstance(tokens, EntraTokens):
        return f"{tokens.authority(visit.request())} is trusted"
    return "this way to sign in brings its own"


def _token(visit: Visit) -> str:
    tokens = visit.require_target().tokens
    try:
        tokens.token(visit.request())
    except Unreachable as error:
        authority = tokens.authority(visit.request()) if isinstance(tokens, EntraTokens) else ""
        raise _no_way(error, authority or visit.require_client().url) from None
    except SignInError as error:
        if isinstance(tokens, ManagedIdentity):
            raise ProjopsError(error.message, f"{error.hint} {_OUTSIDE_OF_AZURE}") from None
        raise
    return "a token was issued for the environment"


def _no_way(error: Unreachable, url: str) -> ProjopsError:
    """The same with how it was tried: on machines behind a proxy that is what is wrong most often."""
    return ProjopsError(f"{error.message} It was tried {way_to(url)}.", f"{error.hint} {_PROXY}")


def _user(visit: Visit) -> str:
    client = visit.require_client()
    try:
        visit.who = client.who_am_i()
    except AccessDenied:
        visit.is_answered = True
        raise
    visit.is_answered = True
    return f"systemuser {visit.who.user_id} of organization {visit.who.organization_id}"


def _roles(visit: Visit) -> str:
    """The roles that are given to the user; those of its teams are not among them."""
    assert visit.who is not None, "the step before comes first"
    client = visit.require_client()
    held = client.list(USER_ROLE, Query(filter=eq("systemuserid", guid(visit.who.user_id))))
    ids = [row.role for row in held if row.role]
    if not ids:
        raise ProjopsError(
            "The identity holds no security role of its own.",
            "Assign one in the Power Platform admin center; roles of its teams are not seen here.",
        )
    found = client.list(SECURITY_ROLE, Query(filter=any_of("roleid", ids)))
    return ", ".join(sorted({role.name or role.id for role in found}))


def _solution(visit: Visit) -> str:
    client = visit.require_client()
    names = (*PROJECT_OPERATIONS_SOLUTIONS, DUAL_WRITE_SOLUTION)
    found = list(client.list(SOLUTION, Query(filter=any_of("uniquename", names))))
    ours = [one for one in found if one.unique_name != DUAL_WRITE_SOLUTION]
    if not ours:
        raise ProjopsError(
            "No solution of Project Operations is to be seen here.",
            "Check DATAVERSE_URL; install Project Operations, or let the identity read solutions.",
        )
    versions = ", ".join(sorted(f"{one.unique_name} {one.version or 'of unknown version'}" for one in ours))
    is_integrated = len(ours) < len(found)
    return f"{versions}, {'with' if is_integrated else 'without'} dual-write to Finance"


def _tables(visit: Visit) -> str:
    """Tables and roles as live metadata has them; the emulator's own names are taken with an emulator."""
    client, target = visit.require_client(), visit.require_target()
    names = {**EMULATED_NAMES, **visit.settings.names} if target.is_emulator else dict(visit.settings.names)
    tables = DECLARED.resolved(client.table_definitions(DECLARED.logical_names(names)), names)
    visit.tables = tables
    check_project_operations(client, tables)
    absent = [name for one in sorted(tables.absent) if (name := getattr(tables, one).logical_name)]
    if absent:
        raise ProjopsError(
            f"Not there: {', '.join(absent)}.",
            "Checks and reasons that need them are unknown; an update of Project Operations may bring them.",
        )
    roles = sorted(_roles_without_a_name(tables))
    if roles:
        told = f"{', '.join(roles)} ([names] in projops.toml can name them)"
        return f"all there; no column or table is known for {told}"
    return "all there, with all roles"


def _roles_without_a_name(tables: Tables) -> Iterator[str]:
    """What no public document names and live metadata does not either."""
    for one in fields(Tables):
        table = getattr(tables, one.name)
        if one.name in tables.absent:
            yield one.name
        elif isinstance(table, Table):
            yield from (f"{table.logical_name}.{role}" for role in table.unresolved)


def _privileges(visit: Visit) -> str:
    """What reading takes has to be there; what only provisioning and running takes is told."""
    assert visit.who is not None, "a step before comes first"
    client, tables = visit.require_client(), visit.tables or DECLARED
    granted = read_granted(client, tables, visit.who.user_id)
    needed = read_needed_to_read(client, tables_read(tables))
    missing = missing_of(granted)
    named = {one.name.casefold() for one in NEEDED} | {name.casefold() for name in granted}
    unread = {table: name for table, name in needed.items() if name.casefold() not in named}
    if not missing and not unread:
        return f"all {len(NEEDED)} that the job takes, and reading all {len(needed)} tables of the checks"
    told = ", ".join(
        (
            *(f"{one.name} ({table_of(one.name)}: {one.reason})" for one in missing),
            *(f"{name} ({table}: checks read it)" for table, name in unread.items()),
        )
    )
    is_reading = bool(unread) or any(one in READING for one in missing)
    raise ProjopsError(
        f"Missing: {told}.",
        "Give the identity a security role with them."
        + (" What may not be read makes checks unknown: `projops verify` names them." if is_reading else ""),
    )


def _features(visit: Visit) -> str:
    tables = visit.tables
    if tables is None:
        raise ProjopsError("Not known, since the tables are not.", "Mend the step before.")
    has_day = tables.milestone.has("zone_independent_date")
    dates = "milestones have" if has_day else "milestones do not have"
    return (
        f"{dates} a date without a time zone; whether invoice-date driven accounting and progress billing "
        "are on no public column tells"
    )


def _zones(visit: Visit) -> str:
    assert visit.who is not None, "a step before comes first"
    client, setting = visit.require_client(), visit.settings.rules.time_zone
    if setting:
        zone_of_setting(setting)
        return f"time_zone in [rules] says {setting}"
    zone = read_zone_of_user(client, visit.tables or DECLARED, visit.who.user_id)
    if isinstance(zone, UnknownZone):
        raise ProjopsError(
            f"Unknown: {zone.reason}.", "Set time_zone in the section [rules] of projops.toml."
        )
    return f"the identity's zone is {zone}, where it is {client.now.astimezone(zone):%Y-%m-%d %H:%M}"


STEPS: tuple[Step[Visit], ...] = (
    Step("plug-ins", _plugins, is_needed=False),
    Step("sign-in", _sign_in),
    Step("address", _address),
    Step("authority", _authority),
    Step("token", _token),
    Step("application user", _user),
    Step("roles", _roles, is_needed=False),
    Step("solution and version", _solution, is_needed=False),
    Step("tables", _tables, is_needed=False),
    Step("privileges", _privileges, is_needed=False),
    Step("feature flags", _features, is_needed=False),
    Step("time zones", _zones, is_needed=False),
)
