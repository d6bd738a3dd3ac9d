"""Entra's error numbers and what to do about them.

Hints only: by Microsoft's advice clients branch on the error's word, not on these numbers. Source:
Microsoft's list of AADSTS error codes.
"""

from __future__ import annotations

from typing import Final

_CLOUDS = "Tenant and authority belong to different national clouds."
_RESOURCE = "The tenant does not know this environment: check the environment's address and the tenant."
_MORE_PROOF = "More proof is asked of the user (MFA): sign in interactively or by device code."
_SIGN_IN_AGAIN = "The earlier sign-in has expired or was revoked: sign in again."
_PASSING = "A passing trouble on the authority's side: try again."
_NOT_HERE = "The application is not registered in this tenant: check client id and tenant."
_SCOPE = "The scope is not valid: check the environment's address."
_POLICY = "A conditional access policy or the security defaults block the sign-in: ask the tenant's admin."
_PROOF = (
    "The certificate or assertion is not accepted: check that it is the one registered with the application, "
    "and that this machine's clock is right."
)
_FEDERATION = "Nothing in the application's federated credentials fits: check issuer, subject and audience."

_ROWS: Final[tuple[tuple[tuple[int, ...], str], ...]] = (
    ((50034, 51004), "The account is not in this tenant: check its spelling and the tenant."),
    ((50020,), "The user belongs to another tenant: sign in to that one, or have the user invited as guest."),
    ((50055,), "The user's password has expired."),
    ((50057,), "The user is disabled."),
    ((50053,), "The user is locked."),
    ((50126,), "User name or password is wrong."),
    ((50074, 50076, 50079, 50158), _MORE_PROOF),
    ((50105,), "Application or user is not assigned to this resource."),
    (
        (50011,),
        "The redirect http://localhost is not registered: add it under mobile and desktop applications.",
    ),
    ((50001, 500011, 650057), _RESOURCE),
    ((50194,), "The application belongs to one tenant: give that tenant's id."),
    ((53000, 53003, 530032, 530035), _POLICY),
    ((65001,), "Consent is missing: grant the application user_impersonation on Dynamics CRM."),
    ((90094,), "An admin has to consent to the application's permissions."),
    ((65004,), "The user declined to consent."),
    ((65002,), "This client id is Microsoft's own and may not be used here: register an application."),
    ((70008, 70043, 50173, 700082), _SIGN_IN_AGAIN),
    ((70011, 28002, 700022), _SCOPE),
    ((70016,), "Nobody has typed the code yet."),
    ((70018,), "The code is not one that the authority gave."),
    ((70019,), "The code has expired: begin again."),
    ((700011, 700016), _NOT_HERE),
    ((700025,), "The application is a public one: sign in without a secret or certificate."),
    ((700027, 50012, 50013, 700030), _PROOF),
    ((700024,), "The assertion's time has passed or not come: check this machine's clock."),
    ((70021, 700211, 700212, 700213), _FEDERATION),
    ((7000215,), "The secret is wrong. Often the secret's id was pasted in place of its value."),
    (
        (7000218,),
        "The authority got no secret: check that it is set; for a user's sign-in, switch on 'allow public "
        "client flows' of the application.",
    ),
    ((7000222,), "The secret has expired: make a new one for the app registration."),
    ((70001, 7000112), "The application is disabled in this tenant."),
    ((90002,), "The tenant does not exist in this cloud: check tenant id and cloud."),
    ((90038, 900382, 900432), _CLOUDS),
    ((50196,), "The authority sees a loop: wait some minutes."),
    ((50033, 50087, 90006, 90012, 90024, 90033, 90055, 90090), _PASSING),
)

HINTS: Final[dict[str, str]] = {str(number): hint for numbers, hint in _ROWS for number in numbers}
