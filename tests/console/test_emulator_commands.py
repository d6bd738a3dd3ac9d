"""`projops emulator`, and the ways in which the other commands reach one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops, check, schema_of

PATIENCE_S = 120


@contextmanager
def serving(*options: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`projops emulator serve` in a process of its own."""
    command = [sys.executable, "-m", "connector.console", "emulator", "serve", *options]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_served_emulator_is_used_by_its_address(
    projops: Projops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one line of `serve -o json` is enough for a client: address, credentials, authorities, control."""
    with serving("-o", "json", folder=tmp_path) as process:
        found = json.loads(first_line(process))
        check(found, schema_of("emulator"))
        authority, tenant = found["token_url"].split("/oauth2")[0].rsplit("/", 1)
        monkeypatch.setenv("DATAVERSE_URL", found["url"])
        monkeypatch.setenv("AZURE_TENANT_ID", tenant)
        monkeypatch.setenv("AZURE_CLIENT_ID", found["client_id"])
        monkeypatch.setenv("AZURE_CLIENT_SECRET", found["client_secret"])
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", authority)
        monkeypatch.setenv("PROJOPS_CA_FILE", found["ca_file"])
        assert projops("status", "-o", "json").json["health"] == "never_provisioned"
        moved = projops("emulator", "clock", "--advance", "24h", "--at", found["control_url"])
        assert (moved.code, moved.out) == (0, "2020-10-04T06:00:00Z\n")
        monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong")
        wrong = projops("status")
        assert wrong.code == 1
        assert "secret" in wrong.err
        assert "Traceback" not in wrong.err


def test_an_old_control_address_is_one_clear_error(projops: Projops, emulator: OpenEmulator) -> None:
    """An address with another token is not the clock's: exit 1, and where to find the right one."""
    wrong = projops("emulator", "clock", "--at", f"{emulator.control_url}x", "--advance", "1h")
    assert wrong.code == 1
    assert "not the control address" in wrong.err
    assert "emulator serve" in wrong.err
    assert projops("emulator", "clock", "--at", emulator.control_url).out == "2020-10-03T06:00:00Z\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without telling it")
def test_a_served_emulator_ends_when_it_is_told(tmp_path: Path) -> None:
    """A served emulator exits 0 at the end that it was told, and gives its file free."""
    with serving("sandbox.db", "-q", "--shell", "plain", folder=tmp_path) as process:
        assert first_line(process).startswith("DATAVERSE_URL=https://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith("-access")] == []


def test_a_file_is_served_once(projops: Projops, tmp_path: Path, emulator: OpenEmulator) -> None:
    """A file that a process serves is not served a second time: the error says where it is served."""
    second = projops("emulator", "serve", tmp_path / "sandbox.db")
    assert second.code == 1
    assert emulator.url in second.err


def test_commands_attach_to_a_file_that_is_served(projops: Projops, emulator: OpenEmulator) -> None:
    """A command on a served file works on the served state, which is not served twice."""
    found = projops("status", "-o", "json").json
    assert found["environment"] == emulator.url


def test_a_missing_file_is_made_and_that_is_said(projops: Projops, tmp_path: Path) -> None:
    """emulator:FILE without such a file makes it with the sample data, says so on stderr, and once only."""
    first = projops("status", "--url", "emulator:new.db", "-o", "json")
    assert first.code == 0
    assert first.json["health"] == "never_provisioned"
    assert "new.db did not exist: it was made with the sample data." in first.err
    assert (tmp_path / "new.db").exists()
    assert projops("status", "--url", "emulator:new.db").err == ""


def test_a_file_that_is_none_of_ours_is_left_untouched(projops: Projops, tmp_path: Path) -> None:
    """A foreign file is refused with its name, and not one byte of it changes."""
    path = tmp_path / "accounts.db"
    path.write_bytes(b"these are my accounts\n" * 100)
    before = path.read_bytes()
    refused = projops("status", "--url", f"emulator:{path}")
    assert refused.code == 1
    assert "accounts.db" in refused.err
    assert path.read_bytes() == before


def test_an_emulator_wants_a_file(projops: Projops) -> None:
    """emulator: without a name is one clear error."""
    refused = projops("status", "--url", "emulator:")
    assert refused.code == 1
    assert "emulator:sandbox.db" in refused.err


@pytest.mark.parametrize("seed", ["sample", "none"])
def test_a_file_can_be_seeded(projops: Projops, tmp_path: Path, seed: str) -> None:
    """seed makes a file; its clock stands at the beginning, and an existing file is left as it is."""
    done = projops("emulator", "seed", "s.db", "--seed", seed)
    assert (done.code, done.out) == (0, "2020-10-03T06:00:00Z\n")
    invoices = projops("run", "--on", "2020-10-05", "--url", "emulator:s.db", "-o", "json").json["invoices"]
    assert bool(invoices) is (seed == "sample")
    before = (tmp_path / "s.db").read_bytes()
    assert projops("emulator", "seed", "s.db").code == 1
    assert (tmp_path / "s.db").read_bytes() == before


def test_an_unknown_seed_is_wrong_usage(projops: Projops, tmp_path: Path) -> None:
    """A seed that does not exist exits 2, and no file is made."""
    assert projops("emulator", "seed", "s.db", "--seed", "everything").code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("emulator")
def test_the_clock_is_shown_set_and_advanced(projops: Projops) -> None:
    """clock shows where the clock stands, --set and --advance move it, in text and as JSON."""
    assert projops("emulator", "clock").out == "2020-10-03T06:00:00Z\n"
    assert projops("emulator", "clock", "--set", "2020-10-05T08:00+02:00").out == "2020-10-05T06:00:00Z\n"
    assert projops("emulator", "clock", "--advance", "90s", "-o", "json").json == {
        "now": "2020-10-05T06:01:30Z"
    }
    assert projops("status", "-o", "json").json["generated_at"] == "2020-10-05T06:01:30Z"


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize(
    "options",
    [
        ("--set", "2020-10-01T06:00Z"),
        ("--set", "2020-10-05T06:00"),
        ("--set", "tomorrow"),
        ("--advance", "1w"),
        ("--set", "2020-10-05T06:00Z", "--advance", "1d"),
    ],
)
def test_a_clock_that_cannot_be_set_so_is_wrong_usage(projops: Projops, options: tuple[str, ...]) -> None:
    """Back in time, without a zone, no time at all, or both ways at once exits 2 and moves nothing."""
    assert projops("emulator", "clock", *options).code == 2
    assert projops("emulator", "clock").out == "2020-10-03T06:00:00Z\n"


def test_a_clock_of_nothing_is_one_clear_error(projops: Projops, tmp_path: Path) -> None:
    """Without an emulator, with a file that is not there or an address where none answers, exit 1 or 2."""
    assert projops("emulator", "clock").code == 2
    assert projops("emulator", "clock", "--at", "missing.db").code == 1
    assert not (tmp_path / "missing.db").exists()
    silent = projops("emulator", "clock", "--at", "http://127.0.0.1:9/x")
    assert silent.code == 1
    assert "http://127.0.0.1:9/x" in silent.err


@pytest.mark.parametrize("package", ["starlette", "sqlalchemy"])
def test_without_the_extra_it_is_said_what_to_install(
    projops: Projops, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    """A core installation names the extra that the emulator needs, also where that is loaded later."""
    for name in [one for one in sys.modules if one.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in [one for one in sys.modules if one.startswith("connector.emulator")]:
        monkeypatch.delitem(sys.modules, name)
    refused = projops("status", "--url", "emulator:new.db")
    assert refused.code == 1
    assert package in refused.err
    assert "projops-connector[emulator]" in refused.err
