"""docs/client.md does what it says: its examples are run, from first to last, against the emulator."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import connector.dataverse
from connector import errors
from connector.dataverse import DataverseClient, TrustedAuthorities
from connector.emulator import RunningEmulator, start
from connector.errors import AccessDenied

_BLOCK = re.compile(r"^```python([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# The emulator is not at the address of the manual, and only a test says that it is to be trusted.
_CONNECTING = {
    '"https://contoso.crm4.dynamics.com", tokens': "url, tokens, ca_file=ca_file",
    "tenant_id, client_id, secret)": "tenant_id, client_id, secret, trusted=trusted)",
}


@pytest.fixture(scope="module")
def manual() -> str:
    return (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with start(None, now=datetime(2020, 10, 4, 6, tzinfo=UTC)) as running:
        yield running


def as_served(emulator: RunningEmulator) -> dict[str, str]:
    """What `projops emulator serve -o json` says of it, as far as the manual goes."""
    names = ("url", "token_url", "client_id", "client_secret", "ca_file")
    return {name: str(getattr(emulator, name)) for name in names}


def adapted(code: str) -> str:
    for ours, theirs in _CONNECTING.items():
        code = code.replace(ours, theirs)
    return code


def test_every_example_runs(
    manual: str,
    emulator: RunningEmulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One after the other, as a reader would type them; the user who is not in the emulator is marked."""
    names: dict[str, Any] = {
        "__name__": "manual",
        "url": emulator.url,
        "ca_file": emulator.ca_file,
        "tenant_id": None,
        "client_id": emulator.client_id,
        "secret": emulator.client_secret,
        "trusted": TrustedAuthorities(extra=(emulator.authority,), is_emulator=True),
        "cache_folder": tmp_path,
    }
    monkeypatch.chdir(tmp_path)
    Path("served.json").write_text(json.dumps(as_served(emulator)), encoding="utf-8")
    blocks = _BLOCK.findall(manual)
    assert len(blocks) > 10
    try:
        for mark, code in blocks:
            program = compile(adapted(code), f"client.md: {code.splitlines()[0]}", "exec", dont_inherit=True)
            if mark.strip() == "nobody-of-that-id":
                with pytest.raises(AccessDenied):
                    exec(program, names)
            else:
                assert mark == ""
                exec(program, names)
    finally:
        if isinstance(client := names.get("client"), DataverseClient):
            client.close()
    assert emulator.user_id in capsys.readouterr().out


def test_the_manual_names_every_method_of_the_client(manual: str) -> None:
    """What the manual does not name, nobody finds."""
    methods = [name for name, _ in inspect.getmembers(DataverseClient) if not name.startswith("_")]
    assert [name for name in methods if not re.search(rf"\b{name}\b", manual)] == []


def test_the_manual_names_every_error_of_the_client(manual: str) -> None:
    """With its parts: whoever catches one knows what it holds."""
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind)]
    named = [kind.__name__ for kind in kinds if issubclass(kind, errors.DataverseError)]
    assert [name for name in named if f"`{name}`" not in manual and name != "DataverseError"] == []


def test_the_links_within_the_manual_lead_somewhere(manual: str) -> None:
    """Each names a heading of the page."""
    headings = re.findall(r"^#+ (.+)$", manual, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", manual)) <= anchors


def test_the_manual_imports_public_names_only(manual: str) -> None:
    """An example that reaches inside would teach to."""
    for line in re.findall(r"^from connector\.dataverse import (.+)$", manual, re.MULTILINE):
        assert {each.strip() for each in line.split(",")} <= set(connector.dataverse.__all__)
    assert "from connector.dataverse." not in manual
