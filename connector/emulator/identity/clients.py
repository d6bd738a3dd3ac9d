"""Which application asks, and whether it has proven that."""

from __future__ import annotations

from connector.emulator.identity.assertions import KIND, check_assertion
from connector.emulator.identity.refusals import TokenRefused, invalid_client
from connector.emulator.identity.tokens import Issuer

Form = dict[str, str]


def known_client(issuer: Issuer, form: Form) -> str:
    """The application that a form names, which need not prove anything. Raises TokenRefused."""
    client_id = form.get("client_id", "")
    if not issuer.has_application(client_id):
        text = f"Application with identifier '{client_id[:100]}' was not found in the directory."
        raise TokenRefused(400, "unauthorized_client", 700016, text)
    return client_id


def proven_client(issuer: Issuer, form: Form) -> str:
    """The application that has shown its secret, or an assertion. Raises TokenRefused."""
    client_id = known_client(issuer, form)
    if "client_assertion" in form:
        if form.get("client_assertion_type") != KIND:
            raise TokenRefused(400, "invalid_request", 900144, f"client_assertion_type has to be '{KIND}'.")
        check_assertion(issuer, client_id, form["client_assertion"], audiences(issuer))
        return client_id
    if "client_secret" not in form:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise invalid_client(7000218, text)
    if not issuer.is_secret_right(client_id, form["client_secret"]):
        raise invalid_client(7000215, f"Invalid client secret provided for application '{client_id}'.")
    return client_id


def audiences(issuer: Issuer) -> tuple[str, ...]:
    """What the token endpoint is called: its addresses and the tenant's issuer."""
    root = f"{issuer.origin}/{issuer.tenant_id}"
    return (f"{root}/oauth2/v2.0/token", f"{root}/oauth2/token", f"{root}/v2.0", f"{root}/")
