"""From a scope, or a resource at the older endpoint, to the environment that a token is for."""

from __future__ import annotations

from connector.emulator.identity.refusals import TokenRefused, missing

Form = dict[str, str]
OPENID = frozenset({"openid", "profile", "email", "offline_access"})
DEFAULT = "/.default"
DELEGATED = "/user_impersonation"


def resource_in(form: Form) -> str:
    """What the older endpoint asks for: `resource`, an address and no scope."""
    if "resource" not in form:
        raise missing("resource")
    return form["resource"]


def scoped(form: Form) -> str:
    """The resource in an application's scope, which is <environment>/.default."""
    scope = form.get("scope", "")
    if "resource" in form and not scope:
        text = "The 'resource' request parameter is not supported here; send a scope, <environment>/.default."
        raise TokenRefused(400, "invalid_request", 901002, text)
    return resource_of(scope, (DEFAULT,))


def resource_of(scope: str, endings: tuple[str, ...]) -> str:
    """The one environment that a scope names. Raises TokenRefused."""
    wanted = [one for one in scope.split() if one not in OPENID]
    ending = next((each for each in endings if len(wanted) == 1 and wanted[0].endswith(each)), None)
    if ending is None:
        forms = " or ".join(f"<environment>{each}" for each in endings)
        raise TokenRefused(
            400, "invalid_scope", 70011, f"The scope '{scope[:200]}' is not of the form {forms}."
        )
    return wanted[0].removesuffix(ending)


def require_known(resource: str, resources: tuple[str, ...]) -> None:
    if resource.rstrip("/").lower() not in resources:
        text = f"The resource principal named {resource[:200]} was not found in the tenant."
        raise TokenRefused(400, "invalid_resource", 500011, text)
