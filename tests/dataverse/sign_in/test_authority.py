"""Who may be sent a secret."""

from __future__ import annotations

import pytest

from connector.dataverse import TrustedAuthorities
from connector.dataverse.sign_in.authority import challenge_in
from connector.errors import UntrustedAuthority


@pytest.mark.parametrize(
    "address",
    [
        "https://login.microsoftonline.com/tenant/oauth2/authorize",
        "https://LOGIN.MicrosoftOnline.com",
        "login.microsoftonline.com",
        "https://login.microsoftonline.com:443/",
        "https://login.microsoftonline.us/",
        "https://login.chinacloudapi.cn/",
        "https://login.partner.microsoftonline.cn/",
    ],
)
def test_microsofts_own_hosts_are_trusted(address: str) -> None:
    """The public, the government and both China hosts, in any case."""
    assert str(TrustedAuthorities().require(address, "A test")).startswith("https://login.")


@pytest.mark.parametrize(
    "address",
    [
        "https://login.microsoftonline.com.evil.example/tenant",
        "https://evil.example/login.microsoftonline.com",
        "https://login.microsoftonline.com@evil.example/tenant",
        "https://evil.example\\@login.microsoftonline.com/tenant",
        "https://user:pass@login.microsoftonline.com/tenant",
        "https://login.microsoftonline.com:8443/tenant",
        "https://login.microsoftonline.com./tenant",
        "https://xlogin.microsoftonline.com/tenant",
        "https://login.microsoftonline.cоm/tenant",
        "https://login.microsoftonline.com%2eevil.example/",
        "http://login.microsoftonline.com/tenant",
        "http://login.microsoftonline.com:443/tenant",
        "https://login.microsoftonline.com\t.evil.example/",
        "https:///login.microsoftonline.com",
        "https://127.0.0.1:5000/tenant",
        "",
    ],
)
def test_lookalikes_are_not_trusted(address: str) -> None:
    """A host counts only when it is exactly a known one, over https, on its own port."""
    with pytest.raises(UntrustedAuthority, match="No secret was sent"):
        TrustedAuthorities().require(address, "A test")


def test_a_host_named_by_the_caller_is_trusted_with_its_port() -> None:
    """What the caller adds counts as it was named: another port is another server."""
    trusted = TrustedAuthorities(extra=("login.corp.example", "https://127.0.0.1:5000"))
    assert str(trusted.require("https://Login.Corp.Example/t", "A test")) == "https://login.corp.example"
    assert str(trusted.require("https://127.0.0.1:5000/t", "A test")) == "https://127.0.0.1:5000"
    for other in ("https://127.0.0.1:5001/t", "https://login.corp.example:444/", "http://127.0.0.1:5000/t"):
        with pytest.raises(UntrustedAuthority):
            trusted.require(other, "A test")


def test_a_host_named_with_plain_http_is_not_trusted() -> None:
    """A secret never travels in the open, whoever asks for it."""
    trusted = TrustedAuthorities(extra=("http://127.0.0.1:5000",))
    with pytest.raises(UntrustedAuthority):
        trusted.require("http://127.0.0.1:5000/t", "A test")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer authorization_uri=https://login.microsoftonline.com/T-1/oauth2/authorize, "
        "resource_id=https://contoso.crm4.dynamics.com/",
        'Bearer authorization_uri="https://login.microsoftonline.com/T-1/oauth2/authorize", '
        'resource_id="https://contoso.crm4.dynamics.com/"',
    ],
)
def test_a_challenge_is_read_with_and_without_quotes(header: str) -> None:
    """Authority, tenant and resource come out of the header in both ways of writing it."""
    challenge = challenge_in({"WWW-Authenticate": header})
    assert challenge.authorization_uri == "https://login.microsoftonline.com/T-1/oauth2/authorize"
    assert challenge.resource_id == "https://contoso.crm4.dynamics.com/"
    assert challenge.tenant == "T-1"


@pytest.mark.parametrize("path", ["common/oauth2/authorize", "organizations", "", "../x", "a%2fb/c"])
def test_a_shared_or_strange_tenant_is_none(path: str) -> None:
    """An application signs in to a tenant; what stands for everybody or leads elsewhere is not one."""
    header = f"Bearer authorization_uri=https://login.microsoftonline.com/{path}"
    assert challenge_in({"WWW-Authenticate": header}).tenant == ""
