"""Signing in as the identity that Azure gives a machine, a container or an app."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from msal import (  # type: ignore[import-untyped]  # msal ships no types
    ManagedIdentityClient,
    SystemAssignedManagedIdentity,
    UserAssignedManagedIdentity,
)

from connector.dataverse.exchange.address import Origin, is_on_this_link, origin_of, shown_host
from connector.dataverse.sign_in.entra import lifetime_s, wire_of
from connector.dataverse.sign_in.guarded_http import GuardedHttp
from connector.dataverse.sign_in.kept import Desk, KeptTokens
from connector.dataverse.sign_in.quietly import quietly
from connector.dataverse.sign_in.tokens import Issued, TokenRequest, issued
from connector.errors import (
    DataverseError,
    MalformedAnswer,
    SettingsError,
    SignInError,
    Unreachable,
    UntrustedAuthority,
)

_PLACE = "The managed identity's endpoint"
_HINT = (
    "Give the machine, container or app a managed identity, and add that identity's application id as an "
    "application user of the environment."
)
# Outside of Azure nobody is there, and somebody waits for the message that says so.
_CONNECT_TIMEOUT_S = 2.0
_MOST_FAULTS = 3


class ManagedIdentity(KeptTokens):
    """The system-assigned identity, or the user-assigned one with this client, object or resource id.

    msal finds the endpoint in the process environment (App Service, Container Apps, Functions, Arc), else
    that of virtual machines. It is asked without a proxy, and only
    where it is on this machine or on its link.
    """

    def __init__(self, *, client_id: str = "", object_id: str = "", resource_id: str = "") -> None:
        super().__init__()
        given = {"client_id": client_id, "object_id": object_id, "resource_id": resource_id}
        self._ids = {name: value for name, value in given.items() if value}

    def __repr__(self) -> str:
        return f"ManagedIdentity({', '.join(f'{name}={value!r}' for name, value in self._ids.items())})"

    def _desk(self, request: TokenRequest) -> Desk:
        if len(self._ids) > 1:
            raise SettingsError(
                f"The managed identity is named by {' and '.join(self._ids)}.", "Name it by one of them."
            )
        return _ManagedDesk(request, self._ids)


@dataclass(frozen=True)
class OnThisLink:
    """This machine's loopback and link-local addresses: where managed identity endpoints are."""

    def require(self, address: str, named_by: str) -> Origin:
        origin = origin_of(address)
        if origin is not None and is_on_this_link(origin.host):
            return origin
        raise UntrustedAuthority(
            f"{named_by} is said to be {shown_host(address)}, which is not on this machine. "
            "Nothing was sent.",
            "Check IDENTITY_ENDPOINT, MSI_ENDPOINT and AZURE_POD_IDENTITY_AUTHORITY_HOST.",
        )


class _ManagedDesk:
    def __init__(self, request: TokenRequest, ids: dict[str, str]) -> None:
        policy = request.retry
        self._request = replace(
            request,
            retry=replace(
                policy,
                connect_timeout_s=min(_CONNECT_TIMEOUT_S, policy.connect_timeout_s),
                most_faults=min(_MOST_FAULTS, policy.most_faults),
            ),
        )
        self._ids = ids

    def issue(self, *, is_refused: bool) -> Issued:  # noqa: ARG002  # each call asks anew
        result = quietly(self._asked, _strange)
        if isinstance(found := result.get("access_token"), str) and found:
            return issued(found, lifetime_s(result))
        refusal = _refused(result, self._ids)
        del result  # an answer without an access token may hold other ones, and tracebacks show locals
        raise refusal

    def _asked(self) -> dict[str, Any]:
        identity = UserAssignedManagedIdentity(**self._ids) if self._ids else SystemAssignedManagedIdentity()
        http = GuardedHttp(
            wire_of(self._request), OnThisLink(), self._request.retry, _PLACE, expects_challenge=True
        )
        try:
            client = ManagedIdentityClient(identity, http_client=http)
            # A resource and not a scope: the endpoint is one of the older protocol.
            return dict(client.acquire_token_for_client(resource=self._request.origin) or {})
        except Unreachable as error:
            raise SignInError(f"No managed identity answers here: {error.message}", _HINT) from None
        finally:
            http.close()


def _strange(error: Exception) -> DataverseError:
    return MalformedAnswer(f"{_PLACE} does not answer as documented ({type(error).__name__}).", _HINT)


def _refused(result: dict[str, Any], ids: dict[str, str]) -> SignInError:
    whose = " ".join(ids.values()) or "of this machine (system-assigned)"
    code = str(result.get("error") or "")
    return SignInError(
        f"The managed identity {whose} got no token ({code or 'no reason'}).",
        f"{_HINT} Check the identity's id and the environment's address.",
        code=code,
    )
