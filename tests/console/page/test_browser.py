"""The page in a real browser: what only that can show."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from shutil import copyfile, which
from typing import TYPE_CHECKING

import pytest

from connector.console.call import Call
from connector.console.page.open import OpenPage
from connector.emulator.ownership import OpenEmulator, open_emulator
from tests.conftest import without_settings
from tests.console.page.conftest import opened
from tests.matrix import Matrix

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PANELS = {
    "health": "/",
    "timeline": "/timeline",
    "next-run": "/next-run",
    "calendar": "/calendar",
    "problems": "/problems",
    "history": "/history",
    "line": "/line/Implementation%20work",
}
ACTING_PANELS = {
    "environments": "/environments",
    "actions": "/actions",
    "rerun-plan": "/actions/rerun",
    "run-plan": "/actions/run?all=1",
    "long-next-run": "/next-run",
    "long-problems": "/problems?by=contract",
}
TOO_WIDE = "[...document.querySelectorAll('.scroll')].some(one => one.scrollWidth > one.clientWidth + 1)"
LONG_NAMES = ("W" * 250, "שלב 3 (2020), " * 12, "One word after another, " * 10)
PROFILES = """
[profiles.live]
dataverse_url = "emulator:stopped.db"
[profiles.new-empty]
dataverse_url = "emulator:empty.db"
[profiles.broken]
tenant_id = "nobody"
"""
WITHIN_MS = 120_000
# The checks leave the pictures there, to be looked at.
SHOTS = "BROWSER_TEST_SHOTS"
REQUIRED = "BROWSER_TESTS_REQUIRED"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and REQUIRED not in os.environ,
    reason="no chromium is installed; .ci/run installs it and requires it",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Gone with this module: while Playwright is started its event loop counts as running in this thread."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # where there is no browser, none of it is needed

    assert CHROMIUM is not None, f"{REQUIRED} is set, and no chromium is installed"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), timeout=WITHIN_MS
        )
        yield launched
        launched.close()


class Watched:
    """A tab, and what it complained of and asked elsewhere."""

    def __init__(self, tab: Page, origin: str) -> None:
        self.tab = tab
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        tab.set_default_timeout(WITHIN_MS)
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on(
            "request",
            lambda asked: None if asked.url.startswith(origin) else self.foreign.append(asked.url),
        )

    def check(self) -> None:
        assert not self.complaints
        assert not self.foreign


def enter(browser: Browser, page: OpenPage, **options: object) -> Watched:
    context = browser.new_context(**options)  # type: ignore[arg-type]
    watched = Watched(context.new_page(), page.origin)
    watched.tab.goto(page.access.new_address())
    watched.tab.wait_for_url(f"{page.origin}/")
    return watched


@pytest.fixture(scope="module")
def acting(
    provisioned_file: Path, sample_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenPage]:
    """With --actions: a job that has stopped, contracts with long names, and two more profiles."""
    folder = tmp_path_factory.mktemp("acting")
    copyfile(provisioned_file, folder / "stopped.db")
    copyfile(sample_file, folder / "empty.db")
    (folder / "projops.toml").write_text(PROFILES, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, open_emulator(folder / "stopped.db") as served:
        without_settings(patch)
        patch.chdir(folder)
        with served.store.transaction() as tx:
            for job in tx.find("asyncoperation", {"statuscode": 10}):
                tx.update("asyncoperation", str(job["asyncoperationid"]), {"statecode": 3, "statuscode": 32})
            for name, contract in zip(cycle(LONG_NAMES), tx.find("salesorder", {}), strict=False):
                tx.update("salesorder", str(contract["salesorderid"]), {"name": name})
        served.move_clock(datetime(2020, 10, 5, 7, tzinfo=UTC))
        with opened(Call(), is_acting=True) as page:
            yield page


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_panel_is_accessible(
    browser: Browser,
    shared: tuple[OpenEmulator, OpenPage],
    acting: OpenPage,
    scheme: str,
    width: int,
    matrix: Matrix,
) -> None:
    """On a telephone and on a large screen, in light and dark, axe finds nothing serious on any panel.

    None is wider than its window, nor a table than its place; none complains, or asks elsewhere.
    """
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # noqa: PLC0415

    # The rules for structure are asked once for each layout; the other colours differ by contrast alone,
    # which does not hang on the width.
    is_whole = (scheme, width) in {("light", 360), ("dark", 1600)}
    if not (is_whole or matrix.is_whole):
        pytest.skip("with --all: these colours are checked at another width, this width in other colours")
    options = {} if is_whole else {"runOnly": ["color-contrast"]}
    for page, panels in ((shared[1], PANELS), (acting, ACTING_PANELS)):
        watched = enter(browser, page, color_scheme=scheme, viewport={"width": width, "height": 900})
        for name, path in panels.items():
            watched.tab.goto(f"{page.origin}{path}")
            assert watched.tab.evaluate("document.documentElement.scrollWidth") <= width, path
            assert not watched.tab.evaluate(TOO_WIDE), path
            found = Axe().run(watched.tab, options=options).response["violations"]
            assert not [
                (path, one["id"], one["nodes"][0]["html"])
                for one in found
                if one["impact"] in {"serious", "critical"}
            ]
            if folder := os.environ.get(SHOTS):
                shot = Path(folder) / f"{name}-{scheme}-{width}.png"
                watched.tab.screenshot(path=shot, full_page=True)
        watched.check()
        watched.tab.context.close()


def test_without_script_everything_is_there(browser: Browser, shared: tuple[OpenEmulator, OpenPage]) -> None:
    """Panels, filters and pages are links and forms."""
    page = shared[1]
    watched = enter(browser, page, java_script_enabled=False)
    watched.tab.get_by_role("link", name="Next run", exact=True).click()
    watched.tab.get_by_label("Search contract, line, customer, reason").fill("fabrikam")
    watched.tab.get_by_role("button", name="Show").click()
    assert watched.tab.get_by_role("row").count() == 4
    watched.tab.context.close()


def test_a_filter_and_its_download(browser: Browser, shared: tuple[OpenEmulator, OpenPage]) -> None:
    """What is shown is what the CSV holds."""
    page = shared[1]
    watched = enter(browser, page)
    watched.tab.goto(f"{page.origin}/next-run")
    watched.tab.get_by_label("States").get_by_role("link", name="Blocked").click()
    rows = watched.tab.get_by_role("row").count() - 1
    with watched.tab.expect_download() as coming:
        watched.tab.get_by_role("link", name="Download CSV").click()
    with Path(coming.value.path()).open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == rows == 4
    watched.tab.context.close()


def test_numbers_are_written_as_the_reader_does(
    browser: Browser, shared: tuple[OpenEmulator, OpenPage]
) -> None:
    """A German browser shows German numbers, exact to the last digit, and its own time with a title."""
    page = shared[1]
    watched = enter(browser, page, locale="de-DE", timezone_id="Asia/Tokyo")
    watched.tab.goto(f"{page.origin}/next-run")
    assert "9.810,68" in watched.tab.locator("main").inner_text()
    assert watched.tab.locator("main time[data-moment]").first.inner_text() == "2020-10-05 15:00"
    # Sentences and charts are no exception: half of a page in another style would be read wrongly.
    assert "(7.500,00 USD)" in watched.tab.locator("main").inner_text()
    watched.tab.goto(f"{page.origin}/calendar")
    assert "26.109,71 USD" in (watched.tab.locator("figure svg").last.text_content() or "")
    watched.check()
    watched.tab.context.close()


def test_an_open_tab_shows_what_is_new(running: OpenEmulator, browser: Browser) -> None:
    """Two tabs over one reading: both see the job stall, without a click, and the keyboard's focus stays."""
    with opened(Call()) as page:
        first = enter(browser, page)
        second = Watched(first.tab.context.new_page(), page.origin)
        second.tab.goto(page.origin)
        first.tab.locator("#refresh").focus()
        with running.store.transaction() as tx:
            for job in tx.find("asyncoperation", {"statuscode": 10}):
                tx.update("asyncoperation", str(job["asyncoperationid"]), {"statecode": 3, "statuscode": 32})
        page.keeper.job.read_now()
        for watched in (second, first):
            watched.tab.bring_to_front()
            # Two jobs began in the same second: which of them is the last is chance.
            watched.tab.get_by_role("heading", name=re.compile("Canceled|Stopped")).wait_for()
            watched.check()
        assert first.tab.evaluate("document.activeElement.id") == "refresh"
        # What is read out is what changed.
        assert re.search("Canceled|Stopped", first.tab.locator("#said").text_content() or "")
        # The program is started again on the same port: it knows nobody, and the tab says what to do.
        page.access._session = "of another program"
        first.tab.get_by_text("was started anew").wait_for()
        first.tab.context.close()


def test_on_paper_there_are_no_buttons(browser: Browser, shared: tuple[OpenEmulator, OpenPage]) -> None:
    """Whoever prints gets black on white, also out of a dark window, and a table without what is clicked."""
    page = shared[1]
    watched = enter(browser, page, color_scheme="dark")
    watched.tab.goto(f"{page.origin}/next-run")
    watched.tab.emulate_media(media="print")
    ground = watched.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    for name in (".tabs", "main form", ".chips", "#refresh"):
        assert not watched.tab.locator(name).first.is_visible(), name
    assert watched.tab.get_by_role("table").is_visible()
    watched.tab.context.close()


def test_the_countdown_counts(running: OpenEmulator, browser: Browser) -> None:
    """Between two looks the time that is left gets less by itself, where the environment's clock goes."""
    with opened(Call()) as page:
        watched = enter(browser, page)
        tab = watched.tab
        tab.clock.install()
        tab.goto(page.origin)
        # An emulator's clock stands; the page is told that this one goes.
        tab.evaluate("document.querySelector('[data-until]').removeAttribute('data-still')")
        tab.clock.run_for(2_000)
        before = tab.locator("[data-until]").inner_text()
        assert before.startswith(("22:", "23:"))
        tab.clock.run_for(3_000)
        assert tab.locator("[data-until]").inner_text() != before
        watched.tab.context.close()


def test_a_rerun_in_the_browser(running: OpenEmulator, browser: Browser) -> None:
    """From the red light to a job that sleeps again: plan, reason, the environment's name, one click.

    A second one is refused by its plan.
    """
    with running.store.transaction() as tx:
        for job in tx.find("asyncoperation", {"statuscode": 10}):
            tx.update("asyncoperation", str(job["asyncoperationid"]), {"statecode": 3, "statuscode": 32})
    with opened(Call(), is_acting=True) as page:
        watched = enter(browser, page, viewport={"width": 360, "height": 800})
        tab = watched.tab
        tab.get_by_role("link", name="Actions").click()
        tab.get_by_role("button", name="Plan a rerun").click()
        tab.get_by_label("Why; it is kept in the history").fill("Ticket 4711")
        tab.get_by_label("to confirm where it is done").fill(page.keeper.settings.require_url())
        tab.get_by_role("button", name="Do what the plan says").click()
        tab.get_by_text("ProcessRunCaller was started as system job").wait_for()
        tab.get_by_role("link", name="Back to the actions").click()
        tab.get_by_role("button", name="Plan a rerun").click()
        tab.get_by_text("a second start would invoice twice").wait_for()
        assert tab.get_by_role("button", name="Do what the plan says").count() == 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        watched.check()
        tab.context.close()
