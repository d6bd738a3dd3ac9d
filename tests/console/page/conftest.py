from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from shutil import copyfile

import pytest
import requests

from connector.console.call import Call
from connector.console.main import run_command_line
from connector.console.page.open import OpenPage, open_page
from connector.dataverse import RetryPolicy
from connector.emulator.ownership import OpenEmulator, open_emulator
from tests.conftest import without_settings

READ_WITHIN_S = 300.0
AT_ONCE = RetryPolicy(budget_s=1, most_faults=1)
"""A request that fails has failed: tests wait for nothing."""


class _Words(HTMLParser):
    """The text that a page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.extend(data.split())


def text_of(html: str) -> str:
    """What a reader sees, with single blanks."""
    parser = _Words()
    parser.feed(html)
    return " ".join(parser.words)


@dataclass
class Visitor:
    """Somebody who has opened the page by the address that was printed."""

    page: OpenPage
    session: requests.Session = field(default_factory=requests.Session)

    def enter(self) -> requests.Response:
        return self.session.get(self.page.access.new_address(), timeout=120)

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(
            f"{self.page.origin}{path}", headers=headers, timeout=120, allow_redirects=False
        )

    def post(self, path: str, form: dict[str, str], **headers: str) -> requests.Response:
        given = {"origin": self.page.origin, **headers}
        return self.session.post(
            f"{self.page.origin}{path}", data=form, headers=given, timeout=120, allow_redirects=False
        )

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return text_of(answer.text)


@pytest.fixture(scope="session")
def provisioned_file(sample_file: Path) -> Path:
    """The sample after provisioning and a first night: it is 7 o'clock on 2020-10-04."""
    path = sample_file.with_name("provisioned.db")
    copyfile(sample_file, path)
    with pytest.MonkeyPatch.context() as patch, open_emulator(path) as served:
        without_settings(patch)
        assert run_command_line(["provision", "--apply", "--quiet", "--url", f"emulator:{path}"]) == 0
        served.move_clock(datetime(2020, 10, 4, 7, tzinfo=UTC))
    return path


@pytest.fixture
def running(
    tmp_path: Path, provisioned_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenEmulator]:
    """An emulator of a test's own, whose job has been running for a day; DATAVERSE_URL leads to it."""
    path = tmp_path / "running.db"
    copyfile(provisioned_file, path)
    with open_emulator(path) as served:
        monkeypatch.setenv("DATAVERSE_URL", f"emulator:{path}")
        yield served


@contextmanager
def opened(call: Call, *, is_acting: bool = False) -> Iterator[OpenPage]:
    """A page of which everything has been read once, well or not."""
    with open_page(call, is_acting=is_acting, patience=AT_ONCE) as page:
        for topic in page.keeper.topics.values():
            assert topic.wait_beyond(0, READ_WITHIN_S).number
        yield page


@pytest.fixture(scope="session")
def shared(provisioned_file: Path) -> Iterator[tuple[OpenEmulator, OpenPage]]:
    """For tests that only look: one emulator and one page for all of them."""
    path = provisioned_file.with_name("shared.db")
    copyfile(provisioned_file, path)
    with pytest.MonkeyPatch.context() as patch, open_emulator(path) as served:
        without_settings(patch)
        with opened(Call(flags={"dataverse_url": f"emulator:{path}"})) as page:
            yield served, page


@pytest.fixture
def visitor(shared: tuple[OpenEmulator, OpenPage]) -> Iterator[Visitor]:
    """Somebody who looks at the shared page."""
    found = Visitor(shared[1])
    found.enter()
    with found.session:
        yield found


@pytest.fixture
def own_visitor(running: OpenEmulator) -> Iterator[Visitor]:
    """Somebody at a page over an emulator that the test may change."""
    with opened(Call()) as page:
        found = Visitor(page)
        found.enter()
        with found.session:
            yield found
