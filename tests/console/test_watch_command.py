"""projops watch against the emulator, posting to an address over https."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops, check, lines_of, schema_of
from tests.support.hook import Hook, hook


@pytest.fixture
def received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setenv("PROJOPS_WATCH_FOLDER", str(tmp_path / "watch"))
    with hook(tmp_path) as found:
        monkeypatch.setenv("PROJOPS_NOTIFY_URL", found.url)
        monkeypatch.setenv("PROJOPS_CA_FILE", str(found.ca_file))
        yield found


def test_each_change_is_posted_once_also_across_restarts(
    projops: Projops, emulator: OpenEmulator, received: Hook
) -> None:
    """Four processes, two changes, two posts; the address is shown nowhere."""
    outputs = [projops("watch", "--once"), projops("watch", "--once")]
    projops("provision", "--apply")
    outputs += [projops("watch", "--once", "-o", "json"), projops("watch", "--once")]
    assert [done.code for done in outputs] == [0, 0, 0, 0]
    assert [body["health"] for body in received.bodies] == ["never_provisioned", "sleeping"]
    assert received.bodies[1]["previous"] == "never_provisioned"
    assert received.bodies[1]["schema"] == "projops.watch/1"
    check(outputs[2].json, schema_of("watch"))
    assert len(outputs[2].json["events"]) == 1
    assert outputs[1].out == ""
    for done in outputs:
        assert "do-not-show" not in done.out + done.err


def test_a_post_that_fails_is_repeated_at_the_next_look(
    projops: Projops, emulator: OpenEmulator, received: Hook
) -> None:
    """--once exits 1 and says why, without the address; the next look posts the same event and no other."""
    received.answers = [503, 202]
    failed = projops("watch", "--once")
    assert failed.code == 1
    assert "answered 503" in failed.err
    assert "do-not-show" not in failed.err
    assert projops("watch", "--once").code == 0
    assert projops("watch", "--once").code == 0
    assert len(received.bodies) == 2
    assert received.bodies[0] == received.bodies[1]


def test_an_environment_out_of_reach_is_told_at_the_second_look(
    projops: Projops, emulator: OpenEmulator, received: Hook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One failure is said on stderr with exit 1; the second in a row is told, and the return as well."""
    both = tmp_path / "both.pem"
    assert emulator.ca_file is not None
    both.write_text(received.ca_file.read_text() + emulator.ca_file.read_text())
    monkeypatch.setenv("PROJOPS_CA_FILE", str(both))
    monkeypatch.setenv("DATAVERSE_URL", emulator.url)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", emulator.authority)
    monkeypatch.setenv("AZURE_TENANT_ID", emulator.tenant_id)
    monkeypatch.setenv("AZURE_CLIENT_ID", emulator.client_id)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "another")
    first = projops("watch", "--once")
    assert first.code == 1
    assert "Could not look" in first.err
    assert received.bodies == []
    assert projops("watch", "--once").code == 1
    assert [body["health"] for body in received.bodies] == ["unreachable"]
    monkeypatch.setenv("AZURE_CLIENT_SECRET", emulator.client_secret)
    assert projops("watch", "--once").code == 0
    assert received.bodies[-1]["previous"] == "unreachable"


def test_what_a_watch_sees_goes_into_the_history(
    projops: Projops, emulator: OpenEmulator, received: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a history, watch adds to it as status does."""
    monkeypatch.setenv("PROJOPS_HISTORY_FILE", "history.db")
    projops("watch", "--once")
    entries = lines_of(projops("history", "-o", "jsonl").out)
    assert [one["sentence"][:17] for one in entries if one["kind"] == "entry"] == ["Never provisioned"]


@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        (("https://hook.example/do-not-show",), 2, "PROJOPS_NOTIFY_URL"),
        (("--notify",), 1, "PROJOPS_NOTIFY_URL"),
        (("-o", "json"), 2, "--once"),
        (("-o", "csv"), 2, "--once"),
        (("--every", "often"), 2, "30m"),
    ],
)
def test_wrong_usage_is_one_clear_error(
    projops: Projops, emulator: OpenEmulator, options: tuple[str, ...], code: int, word: str
) -> None:
    """An address on the command line is refused without being shown again."""
    done = projops("watch", *options)
    assert done.code == code
    assert word in done.err
    assert "do-not-show" not in done.err


def test_a_watch_without_an_address_tells_on_stdout(
    projops: Projops, emulator: OpenEmulator, received: Hook
) -> None:
    """--no-notify posts nothing, and remembers all the same."""
    first = projops("watch", "--once", "--no-notify")
    assert "Never provisioned" in first.out
    emulator.advance_clock(timedelta(days=1))
    assert projops("watch", "--once", "--no-notify").out == ""
    assert received.bodies == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking them")
def test_a_watch_ends_cleanly_when_it_is_told_to(
    emulator: OpenEmulator, received: Hook, tmp_path: Path
) -> None:
    """SIGTERM while it waits: exit 0, and each line was written as soon as it was told."""
    command = [sys.executable, "-m", "connector.console", "watch", "--every", "1d"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "Never provisioned" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")
    assert len(received.bodies) == 1
