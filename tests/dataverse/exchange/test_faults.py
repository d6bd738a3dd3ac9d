"""Error answers as typed errors."""

from __future__ import annotations

import json

import pytest
import responses

from connector.dataverse import DataverseClient
from connector.dataverse.exchange.faults import normal_code
from connector.errors import (
    AccessDenied,
    Conflict,
    HttpError,
    NotFound,
    ServerFault,
    Throttled,
    Unauthorized,
)

ID = "0f7d4c1a-1111-2222-3333-444455556666"


def fail(
    service: responses.RequestsMock,
    client: DataverseClient,
    root: str,
    status: int,
    body: str = "",
    headers: dict[str, str] | None = None,
) -> HttpError:
    service.patch(f"{root}/accounts({ID})", status=status, body=body, headers=headers or {})
    with pytest.raises(HttpError) as caught:
        client.create("accounts", ID, {})
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, HttpError),
        (401, Unauthorized),
        (403, AccessDenied),
        (404, NotFound),
        (405, HttpError),
        (412, Conflict),
        (413, HttpError),
        (429, Throttled),
        (500, ServerFault),
        (501, ServerFault),
        (503, ServerFault),
    ],
)
def test_the_status_decides_the_class(
    service: responses.RequestsMock, client: DataverseClient, root: str, status: int, kind: type[HttpError]
) -> None:
    """Each status has its class, and those without one are the general error."""
    error = fail(service, client, root, status)
    assert type(error) is kind
    assert error.status == status
    assert f"PATCH /api/data/v9.2/accounts({ID})" in error.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0x80040265", "0x80040265"),
        ("0X8004F507", "0x8004f507"),
        ("-2147220891", "0x80040265"),
        ("2147746405", "0x80040265"),
        ("0x0", "0x0"),
        ("0", "0x0"),
        ("", ""),
        ("BadRequest", ""),
    ],
)
def test_codes_are_hex_in_any_case_or_decimal(text: str, code: str) -> None:
    """All ways of writing a code become the same lower-case hex."""
    assert normal_code(text) == code


def test_the_parts_of_an_error_are_its_attributes(
    service: responses.RequestsMock, client: DataverseClient, root: str
) -> None:
    """Code, text, the service's request id: all that a support case needs."""
    body = json.dumps({"error": {"code": "0x80040265", "message": "The plug-in says no."}})
    error = fail(service, client, root, 400, body, {"x-ms-service-request-id": "req-1"})
    assert (error.code, error.service_message, error.request_id) == (
        "0x80040265",
        "The plug-in says no.",
        "req-1",
    )
    assert "plug-in" in error.hint


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<html><b>502</b></html>", "text/html"),
        ("", ""),
        ("{", "application/json"),
        ("[]", "application/json"),
        ('{"error": null}', "application/json"),
        ('{"error": {"code": 5}}', "application/json"),
        ('{"error": {"code": {}}}', "application/json"),
    ],
)
def test_any_body_gives_an_error_with_its_status(
    service: responses.RequestsMock, client: DataverseClient, root: str, body: str, kind: str
) -> None:
    """A gateway's page, an empty body or strange JSON hides neither the status nor the request id."""
    error = fail(service, client, root, 400, body, {"Content-Type": kind, "req_id": "req-2"})
    assert error.status == 400
    assert error.request_id == "req-2"
    assert "<b>" not in str(error)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("0x80072560", "add the application user"),
        ("0x80042F09", "no security role"),
        ("0x80040225", "disabled user"),
    ],
)
def test_a_missing_user_and_a_missing_role_are_told_from_a_wrong_secret(
    service: responses.RequestsMock, client: DataverseClient, root: str, status: int, code: str, hint: str
) -> None:
    """Which status they come with is not documented, so their codes decide."""
    error = fail(service, client, root, status, json.dumps({"error": {"code": code, "message": "x"}}))
    assert type(error) is AccessDenied
    assert hint in error.hint
