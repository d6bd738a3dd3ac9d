"""The environment's address, and links out of it."""

from __future__ import annotations

import pytest

from connector.dataverse.exchange.address import environment_origin, within
from connector.errors import ForeignOrigin, SettingsError


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://contoso.crm4.dynamics.com", "https://contoso.crm4.dynamics.com"),
        (" https://Contoso.CRM4.dynamics.com:443/ ", "https://contoso.crm4.dynamics.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:1/", "http://localhost:1"),
        ("https://[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_an_address_is_reduced_to_its_origin(text: str, origin: str) -> None:
    """Case, default port and a slash at the end make no difference; plain http is for this machine."""
    assert str(environment_origin(text)) == origin


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://contoso.crm4.dynamics.com", "is not https"),
        ("http://127.0.0.1.evil.example", "is not https"),
        ("https://contoso.crm4.dynamics.com/main.aspx", "says more than the host"),
        ("https://contoso.crm4.dynamics.com/?appid=1", "says more than the host"),
        ("https://contoso.crm4.dynamics.com#x", "says more than the host"),
        ("https://me:secret@contoso.crm4.dynamics.com", "user name"),
        ("contoso.crm4.dynamics.com", "is not an address"),
        ("ftp://contoso.crm4.dynamics.com", "is not an address"),
        ("https://", "is not an address"),
        ("https://contoso.crm4.dynamics.com:port", "is not an address"),
        ("https://contoso.crm4.dynamics.com.", "is not an address"),
        ("https://contoso..dynamics.com", "is not an address"),
        ("https://" + "x" * 64 + ".dynamics.com", "is not an address"),
        ("https://contoso\\.crm4.dynamics.com", "is not an address"),
        ("", "is not an address"),
    ],
)
def test_a_wrong_address_says_what_is_wrong_and_wanted(text: str, problem: str) -> None:
    """A pasted page address, a missing scheme, a user name: each is named, and an example is given."""
    with pytest.raises(SettingsError, match=problem) as caught:
        environment_origin(text)
    assert "https://contoso.crm4.dynamics.com" in caught.value.hint
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api",
        "http://contoso.crm4.dynamics.com/api",
        "https://contoso.crm4.dynamics.com:444/api",
        "https://contoso.crm4.dynamics.com@evil.example/api",
        "https://me@contoso.crm4.dynamics.com/api",
        "https://contoso.crm4.dynamics.com.evil.example/api",
        "https://evil.example\\@contoso.crm4.dynamics.com/api",
        "//evil.example/api",
        "https://contoso.crm4.dynamics.com\n.evil.example/",
    ],
)
def test_a_link_out_of_the_environment_is_named_and_not_followed(link: str) -> None:
    """Another scheme, host, port or user name is another place, however it is dressed."""
    origin = environment_origin("https://contoso.crm4.dynamics.com")
    with pytest.raises(ForeignOrigin, match="outside of the environment"):
        within(origin, link, f"{origin}/api/data/v9.2/accounts", "The next page")


def test_a_relative_link_stays_inside() -> None:
    """Relative next links are completed with the address that they came from."""
    origin = environment_origin("https://contoso.crm4.dynamics.com")
    link = within(origin, "accounts?$skiptoken=2", f"{origin}/api/data/v9.2/accounts?x=1", "The next page")
    assert link == f"{origin}/api/data/v9.2/accounts?$skiptoken=2"
