"""`projops console` as its user starts and ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from connector.emulator.ownership import OpenEmulator
from tests.console.outputs import Projops


@pytest.mark.skipif(os.name == "nt", reason="a test cannot press Ctrl-C in another console of Windows")
def test_it_listens_at_once_and_ends_at_ctrl_c(running: OpenEmulator, tmp_path: Path) -> None:
    """The address is there before the environment is read; Ctrl-C is the usual end, and no failure."""
    command = [sys.executable, "-m", "connector.console", "console", "-o", "json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            address = json.loads(process.stdout.readline())["address"]
            with requests.Session() as session:
                assert session.get(address, timeout=120).status_code == 200
                origin = address.partition("/enter")[0]
                assert "projops" in session.get(origin, timeout=120).text
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            assert b"The page has ended." in process.stderr.read()
        finally:
            process.kill()


def test_a_missing_extra_is_named(projops: Projops, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages of the extra the command says which one to install."""
    monkeypatch.setattr("connector.console.extras.find_spec", lambda _: None)
    done = projops("console", "--url", "emulator:any.db")
    assert done.code == 1
    assert 'pip install "projops-connector[console]"' in done.err


def test_without_an_environment_nothing_is_served(projops: Projops) -> None:
    """There is no silent default."""
    done = projops("console")
    assert (done.code, "DATAVERSE_URL is not set" in done.err) == (1, True)
