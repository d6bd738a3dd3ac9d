"""Posting to an address that nobody may see."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import responses

from connector.errors import SettingsError
from connector.support.notify import post
from connector.support.watch_file import read_memory, watch_file, write_memory
from connector.support.watching import Memory
from tests.support.hook import Hook, hook


@pytest.fixture
def received(tmp_path: Path) -> Iterator[Hook]:
    with hook(tmp_path) as found:
        yield found


def test_json_goes_out_over_https(received: Hook) -> None:
    """A 2xx is an arrival."""
    assert post(received.url, {"health": "stalled"}, received.ca_file) == ""
    assert received.bodies == [{"health": "stalled"}]
    assert received.heads[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "why"), [(307, "a redirect, which is not followed"), (404, "404"), (500, "500")]
)
def test_what_is_not_taken_is_said_without_the_address(received: Hook, status: int, why: str) -> None:
    """A redirect is not followed, a refusal is its status; the address stands in neither."""
    received.answers = [status]
    said = post(received.url, {}, received.ca_file)
    assert why in said
    assert "do-not-show" not in said
    assert "127.0.0.1" not in said
    assert len(received.bodies) == 1


def test_a_certificate_that_nobody_vouches_for_is_not_believed(received: Hook) -> None:
    """Nothing is sent to whoever answers in the address's place."""
    assert "certificate" in post(received.url, {})
    assert received.bodies == []


def test_plain_http_is_refused(received: Hook) -> None:
    """The last guard, whatever the settings let through."""
    assert "https" in post(received.url.replace("https", "http"), {})
    assert received.bodies == []


def test_no_connection_is_said_in_words(received: Hook) -> None:
    """What the library says of it would show the address."""
    with responses.RequestsMock():
        assert post("https://do-not-show.invalid/x", {}) == "there was no connection"


def test_the_credentials_of_the_machine_stay_there(
    received: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A netrc with a line for the host adds nothing to the request."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password do-not-send\n")
    monkeypatch.setenv("NETRC", str(netrc))
    post(received.url, {}, received.ca_file)
    assert "Authorization" not in received.heads[0]


def test_the_memory_of_a_watch_is_its_owners_alone(tmp_path: Path) -> None:
    """Written whole, with mode 0600 in a folder of mode 0700, and read again."""
    path = watch_file(tmp_path / "watch", "https://x")
    assert read_memory(path, "https://x") == Memory()
    write_memory(path, "https://x", Memory("stalled"))
    write_memory(path, "https://x", Memory("sleeping"))
    assert read_memory(path, "https://x") == Memory("sleeping")
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"version": 2}', '{"version": 1, "environment": "https://x", "told": 3}']
)
def test_a_broken_memory_is_one_clear_error(tmp_path: Path, text: str) -> None:
    """The file, and the way out."""
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        read_memory(path, "https://x")
    assert str(path) in raised.value.message
    assert "Delete it" in raised.value.hint
