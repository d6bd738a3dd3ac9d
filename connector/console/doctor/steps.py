"""The steps of `projops doctor`. One more is a function here, and a line in STEPS."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from connector.console.connection import Target, targeted
from connector.console.doctor.step import Step
from connector.console.voice import Voice
from connector.dataverse import DataverseClient, Query, RetryPolicy, TokenRequest, WhoAmI, any_of, eq, guid
from connector.dataverse.sign_in import EntraTokens, challenge_of
from connector.errors import AccessDenied, ProjopsError
from connector.hooks import load_plugins
from connector.model.security_role import SECURITY_ROLE, USER_ROLE
from connector.settings import Settings

# Somebody sits and waits: one repetition shows what is passing, ten minutes show nothing more.
PATIENCE = RetryPolicy(budget_s=45, most_faults=2)


@dataclass
class Visit:
    """What the steps so far have found; the later ones go on from it."""

    settings: Settings
    voice: Voice
    stack: ExitStack
    target: Target | None = None
    client: DataverseClient | None = None
    who: WhoAmI | None = None
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
    challenge = challenge_of(visit.request())
    proposed = f"; it proposes {challenge.authorization_uri}" if challenge.authorization_uri else ""
    return f"{visit.client.url} answers and asks for a token{proposed}"


def _authority(visit: Visit) -> str:
    tokens = visit.require_target().tokens
    if isinstance(tokens, EntraTokens):
        return f"{tokens.authority(visit.request())} is trusted"
    return "this way to sign in brings its own"


def _token(visit: Visit) -> str:
    visit.require_target().tokens.token(visit.request())
    return "a token was issued for the environment"


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


STEPS: tuple[Step[Visit], ...] = (
    Step("plug-ins", _plugins, is_needed=False),
    Step("sign-in", _sign_in),
    Step("address", _address),
    Step("authority", _authority),
    Step("token", _token),
    Step("application user", _user),
    Step("roles", _roles, is_needed=False),
)
