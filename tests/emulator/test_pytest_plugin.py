"""The fixtures in a stranger's project: a folder with tests of its own, run by a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connector.emulator.ownership import open_emulator

TESTS = '''
import os
from datetime import timedelta

import pytest
import requests


@pytest.fixture
def accounts(projops_emulator):
    """A client of the stranger's own: requests and a token."""
    session = requests.Session()
    session.trust_env = False  # a machine's own REQUESTS_CA_BUNDLE does not know the emulator
    session.verify = str(projops_emulator.ca_file) if projops_emulator.url.startswith("https") else True
    form = {
        "grant_type": "client_credentials",
        "client_id": projops_emulator.client_id,
        "client_secret": projops_emulator.client_secret,
        "scope": f"{projops_emulator.url}/.default",
    }
    token = requests.post(projops_emulator.token_url, data=form, verify=str(projops_emulator.ca_file)).json()
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    yield session, f"{projops_emulator.url}/api/data/v9.2/accounts"
    session.close()


@pytest.mark.parametrize("number", range(3))
def test_every_test_begins_anew(accounts, projops_emulator, number):
    session, url = accounts
    assert session.get(url, params={"$filter": "name eq 'Mine'"}).json()["value"] == []
    assert session.post(url, json={"name": "Mine"}).status_code == 204
    assert projops_emulator.advance_clock(timedelta(days=1)).isoformat() == "2020-10-04T06:00:00+00:00"


def test_a_fault(accounts, projops_emulator):
    from connector.emulator.trouble import Rule, Status

    projops_emulator.trouble.add(Rule(fault=Status(status=503)))
    assert accounts[0].get(accounts[1]).status_code == 503


def test_no_fault_is_left(accounts):
    assert accounts[0].get(accounts[1]).status_code == 200


def test_the_environment(projops_environment):
    assert os.environ["DATAVERSE_URL"] == projops_environment["DATAVERSE_URL"]
    assert os.environ["AZURE_CLIENT_SECRET"]


def test_the_environment_is_gone():
    assert "DATAVERSE_URL" not in os.environ


def test_the_beginning(accounts, pytestconfig):
    rows = accounts[0].get(accounts[1], params={"$select": "name"}).json()["value"]
    assert sorted(row["name"] for row in rows) == pytestconfig.getini("expected")
'''
CONFTEST = """
def pytest_addoption(parser):
    parser.addini("expected", "the accounts of the beginning", type="linelist")
"""


def run(folder: Path, ini: str) -> subprocess.CompletedProcess[str]:
    """A stranger's project: nothing of ours but what is installed."""
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}", encoding="utf-8")
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_mine.py").write_text(TESTS, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-config"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_strangers_tests_pass(tmp_path: Path) -> None:
    """State, clock, faults and environment variables are fresh in each of its tests; seed none is empty."""
    found = run(tmp_path, "projops_emulator_seed = none\n")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "8 passed" in found.stdout


def test_a_session_begins_with_a_snapshot_in_plain_http(tmp_path: Path) -> None:
    """The file is named relative to the root folder, and stays as it was."""
    with open_emulator(None, seed="none") as emulator:
        with emulator.store.transaction() as tx:
            tx.insert("account", {"name": "Planted"})
        content = emulator.take_snapshot().content
    (tmp_path / "begin.db").write_bytes(content)
    ini = "projops_emulator_snapshot = begin.db\nprojops_emulator_http = true\nexpected = Planted\n"
    found = run(tmp_path, ini)
    assert "8 passed" in found.stdout, found.stdout + found.stderr
    assert (tmp_path / "begin.db").read_bytes() == content


@pytest.mark.parametrize(("ini", "sentence"), [("projops_emulator_seed = much", "'much' is unknown")])
def test_a_wrong_option_is_said(tmp_path: Path, ini: str, sentence: str) -> None:
    """The session's fixture fails with the sentence of the error."""
    assert sentence in run(tmp_path, ini).stdout
