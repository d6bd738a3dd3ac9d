"""State in a file: it stays, it is ours or untouched, and it has one owner."""

from __future__ import annotations

import os
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from connector.emulator import start
from connector.emulator.serving import Address
from connector.emulator.store import Transaction, read_owner
from connector.errors import SettingsError, StateFileError
from tests.emulator.protocol.caller import NOW, Api, code_of


def test_state_outlives_the_process(state_file: Path) -> None:
    """Rows, clock, tenant and application are the same after a restart."""
    with start(state_file, now=NOW) as first:
        facts = (first.tenant_id, first.client_id, first.client_secret, first.user_id)
        api = Api(first)
        id = api.create("accounts", {"name": "x", "creditlimit": 1.5})
        etag = api.get(f"accounts({id})").headers["ETag"]
        api.session.close()
    with start(state_file) as second:
        assert (second.tenant_id, second.client_id, second.client_secret, second.user_id) == facts
        assert second.store.now == NOW
        api = Api(second)
        assert api.get(f"accounts({id})").headers["ETag"] == etag
        with second.store.snapshot() as tx:
            assert (tx.get("account", id) or {})["creditlimit"] == Decimal("1.5")
        api.session.close()


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\x00" + bytes(84)])
def test_a_file_of_others_is_refused_untouched(state_file: Path, content: bytes) -> None:
    """Neither a text nor a database of something else is opened, let alone written."""
    state_file.write_bytes(content)
    with pytest.raises(StateFileError, match="not a state file"):
        start(state_file)
    assert state_file.read_bytes() == content
    assert [path.name for path in state_file.parent.iterdir()] == [state_file.name]


def test_a_database_of_others_is_refused_untouched(state_file: Path) -> None:
    """A real SQLite database without our mark stays as it is."""
    connection = sqlite3.connect(state_file)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = state_file.read_bytes()
    with pytest.raises(StateFileError, match="not a state file"):
        start(state_file)
    assert state_file.read_bytes() == before


def test_a_missing_folder_and_a_folder_are_refused(tmp_path: Path) -> None:
    """The message names the place and the way out."""
    with pytest.raises(StateFileError, match="does not exist"):
        start(tmp_path / "nowhere" / "state.db")
    with pytest.raises(StateFileError, match="not a file"):
        start(tmp_path)


def test_a_file_that_cannot_be_written_is_refused(state_file: Path) -> None:
    """A read-only state file is refused when it is opened, not at the first write."""
    with start(state_file):
        pass
    state_file.chmod(0o444)
    if os.access(state_file, os.W_OK):
        pytest.skip("this user may write to any file")
    with pytest.raises(StateFileError, match="cannot be written"):
        start(state_file)


def test_one_owner_at_a_time(state_file: Path) -> None:
    """A second start is refused while the first runs, and learns where that one listens."""
    assert read_owner(state_file) is None
    with start(state_file) as first:
        with pytest.raises(StateFileError, match="in use"):
            start(state_file)
        assert (read_owner(state_file) or {})["url"] == first.url
    assert read_owner(state_file) is None
    with start(state_file):
        pass


@pytest.mark.parametrize("is_folder", [True, False])
def test_an_unusable_owner_file_is_named(state_file: Path, is_folder: bool) -> None:
    """Where the file of the lock is a folder, or no database, the error names it instead of an owner."""
    beside = state_file.with_name(state_file.name + "-owner")
    beside.mkdir() if is_folder else beside.write_bytes(b"something else " * 100)
    with pytest.raises(StateFileError, match=r"state\.db-owner beside it cannot be used"):
        start(state_file)
    assert not state_file.exists()


def test_a_taken_port_is_an_error_that_names_it(state_file: Path) -> None:
    """A port that somebody holds is refused in words, and no file is left behind."""
    with start(None) as running:
        port = int(running.url.rpartition(":")[2])
        with pytest.raises(SettingsError, match=str(port)):
            start(state_file, address=Address(port=port))
    assert list(state_file.parent.iterdir()) == []
    with start(state_file):
        pass


def test_plain_http_on_request(state_file: Path) -> None:
    """The Web API can be plain http; the token endpoint stays https."""
    with start(state_file, https=False) as running:
        assert running.url.startswith("http://127.0.0.1:")
        assert running.token_url.startswith("https://127.0.0.1:")
        api = Api(running)
        assert api.get("WhoAmI").status_code == 200
        api.session.close()


def test_reads_go_on_beside_a_writer(state_file: Path) -> None:
    """With a file, a long write holds up no reader, and what it wrote shows only when it is done."""
    with start(state_file) as running:
        api = Api(running)
        with running.store.transaction() as tx:
            tx.insert("account", {"name": "unseen"})
            assert api.get("accounts/$count").text == "\ufeff0"
        assert api.get("accounts/$count").text == "\ufeff1"
        api.session.close()


def test_a_full_disk_is_told_apart_from_a_request_that_is_too_large() -> None:
    """Trouble with the state is 503 with SQLite's reason, and nothing is written."""
    with start(None) as running:
        api = Api(running)
        with running.store.transaction() as tx:
            pages = tx.raw.execute("PRAGMA page_count").fetchone()[0]
            tx.raw.execute(f"PRAGMA max_page_count = {pages}")
        body = {"name": "large", "description": "x" * 1900}
        answers = [api.send("POST", "accounts", body) for _ in range(10)]
        assert code_of(answers[-1]) == (503, "0x80044150")
        assert "full" in answers[-1].json()["error"]["message"]
        written = sum(answer.status_code == 204 for answer in answers)
        assert api.get("accounts/$count").text == f"\ufeff{written}"
        api.session.close()


def test_a_failed_transaction_leaves_nothing() -> None:
    """Any exception inside takes rows, settings and the clock back."""
    with start(None, now=NOW) as running:
        with pytest.raises(KeyError), running.store.transaction() as tx:
            _change_everything(tx)
        assert running.store.now == NOW
        with running.store.snapshot() as tx:
            assert tx.find("account") == []
            assert tx.setting("note") is None


def test_transactions_do_not_nest() -> None:
    """A second transaction of the same thread is an error at once, where it would wait for itself."""
    with start(None, now=NOW) as running, running.store.transaction():
        with pytest.raises(RuntimeError, match="open"), running.store.snapshot():
            pass
        with pytest.raises(RuntimeError, match="open"), running.store.transaction():
            pass


def _change_everything(tx: Transaction) -> None:
    tx.insert("account", {"name": "x"})
    tx.set_now(NOW.replace(year=2021))
    tx.set_setting("note", 1)
    tx.update("account", "missing", {"name": "y"})


def test_the_authoritys_key_is_never_written() -> None:
    """The file for clients holds a certificate and no private key, and goes with the emulator."""
    with start(None) as running:
        text = running.ca_file.read_text()
        assert "BEGIN CERTIFICATE" in text
        assert "PRIVATE" not in text
        assert [path.name for path in running.ca_file.parent.iterdir()] == ["ca.pem"]
    assert not running.ca_file.exists()
