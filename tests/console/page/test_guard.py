"""Who may see the page."""

from __future__ import annotations

import pytest
import requests

from connector.console.page.guard import POLICY
from tests.console.page.conftest import Visitor


def test_the_printed_address_works_once(visitor: Visitor) -> None:
    """The ticket becomes a cookie; whoever comes by the same address later is told how to get another."""
    address = visitor.page.access.new_address()
    assert requests.get(address, timeout=120).status_code == 200
    again = requests.get(address, timeout=120)
    assert again.status_code == 403
    assert "works once" in again.text


def test_the_cookie_is_for_this_page_alone(visitor: Visitor) -> None:
    """No script reads it, no other site sends it along, and another page's cookie has another name."""
    header = visitor.enter().headers["set-cookie"]
    assert header.startswith(f"projops-{visitor.page.access.port}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(header.split("; "))


@pytest.mark.parametrize("path", ["/", "/next-run.csv", "/pulse", "/static/x/page.css", "/line/x"])
def test_without_the_cookie_nothing_is_told(visitor: Visitor, path: str) -> None:
    """A loopback port is open to every user of a machine: no address answers a stranger."""
    answer = requests.get(f"{visitor.page.origin}{path}", timeout=120)
    assert answer.status_code == 401
    assert "Contoso" not in answer.text
    assert len(answer.text) < 500


@pytest.mark.parametrize("cookie", ["projops-{port}=guessed", "projops-{port}", "; =", "other={port}"])
def test_a_cookie_that_is_none_opens_nothing(visitor: Visitor, cookie: str) -> None:
    """Made-up and broken cookies are those of a stranger."""
    header = {"cookie": cookie.format(port=visitor.page.access.port)}
    assert requests.get(visitor.page.origin, headers=header, timeout=120).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:80"])
def test_another_hosts_name_is_refused(visitor: Visitor, host: str) -> None:
    """A name that somebody bends to loopback (DNS rebinding) does not reach the page, cookie or not."""
    assert visitor.get("/", host=host).status_code == 421


def test_another_sites_request_is_refused(visitor: Visitor) -> None:
    """An Origin that is not ours is refused, whatever is asked for."""
    assert visitor.get("/", origin="https://evil.example").status_code == 403
    assert visitor.post("/refresh", {}, origin="https://evil.example").status_code == 403
    assert visitor.post("/refresh", {}, origin="null").status_code == 403


def test_a_change_without_origin_is_refused(visitor: Visitor) -> None:
    """Browsers name the origin of every POST; what names none is no browser on our page."""
    answer = visitor.session.post(f"{visitor.page.origin}/refresh", timeout=120)
    assert answer.status_code == 403


def test_every_answer_has_the_headers(visitor: Visitor) -> None:
    """No script and no style of others, no frame, nothing kept in caches: errors and strangers included."""
    answers = [visitor.get("/"), visitor.get("/nothing"), requests.get(visitor.page.origin, timeout=120)]
    for answer in answers:
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
    assert "unsafe" not in POLICY
    assert answers[1].status_code == 404


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil"]
)
def test_a_refresh_leads_back_to_the_page_alone(visitor: Visitor, back: str) -> None:
    """The address in the form is taken for a path of ours, or not at all."""
    location = visitor.post("/refresh", {"back": back}).headers["location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_no_secret_is_in_any_page(visitor: Visitor) -> None:
    """Neither the application's secret nor the session nor a ticket stands in what a browser is given."""
    secret = visitor.page.keeper.link.connection().client
    assert "token" not in repr(secret)
    ticket = visitor.page.access.new_address().rpartition("=")[2]
    for path in ("/", "/timeline", "/next-run", "/pulse"):
        text = visitor.get(path).text
        assert ticket not in text
        assert visitor.page.access._session not in text
