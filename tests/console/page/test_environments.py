"""Several environments behind one page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from connector.console.call import Call
from connector.emulator.ownership import OpenEmulator
from tests.console.page.conftest import READ_WITHIN_S, Visitor, opened, text_of

PROFILES = """
[profiles.live]
dataverse_url = "emulator:running.db"

[profiles.new-empty]
dataverse_url = "emulator:empty.db"

[profiles.broken]
tenant_id = "nobody"
"""


@pytest.fixture
def traveller(
    running: OpenEmulator, sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visitor]:
    """Somebody at a page over three profiles: one runs, one is empty, one names no environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATAVERSE_URL")
    copyfile(sample_file, tmp_path / "empty.db")
    (tmp_path / "projops.toml").write_text(PROFILES, encoding="utf-8")
    with opened(Call()) as page:
        visitor = Visitor(page)
        visitor.enter()
        yield visitor


def test_all_environments_stand_in_one_table(traveller: Visitor) -> None:
    """The first profile is the one that the page opens with; the others are asked for their health alone."""
    assert "live: emulator:running.db" in traveller.text("/")
    traveller.get("/environments")
    _, empty = traveller.page.keepers
    assert empty.job.wait_beyond(0, READ_WITHIN_S).value is not None
    answer = traveller.get("/environments").text
    assert "data-again" not in answer
    text = text_of(answer)
    assert "live: emulator:running.db shown now Healthy Sleeping" in text
    assert "new-empty: emulator:empty.db Never provisioned" in text
    assert "broken Unknown" in text
    assert "names no environment" in text
    assert empty.work.known.number == 0


def test_every_environment_has_pages_of_its_own(traveller: Visitor) -> None:
    """Under its own address, with links, refresh and pulse that stay there."""
    _, empty = traveller.page.keepers
    traveller.get("/at/new-empty/next-run")
    assert empty.work.wait_beyond(0, READ_WITHIN_S).value is not None
    answer = traveller.get("/at/new-empty/next-run").text
    assert "new-empty: emulator:empty.db" in text_of(answer)
    assert 'data-root="/at/new-empty"' in answer
    assert 'href="/at/new-empty/timeline"' in answer
    assert 'href="/timeline"' not in answer
    back = traveller.post("/at/new-empty/refresh", {"back": "/at/new-empty/next-run"})
    assert back.headers["location"] == "/at/new-empty/next-run"
    assert traveller.get("/at/new-empty/pulse").json()["numbers"]["work"] >= 1
    assert traveller.get("/at/nobody/").status_code == 404
