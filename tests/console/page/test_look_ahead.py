"""The page of a look ahead: self-contained, escaped, exact."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from connector.console.page.charts import Bar, Chart
from connector.console.page.currencies import MOST_CUSTOMERS_DRAWN, MOST_DAYS_DRAWN
from connector.console.page.look_ahead import LookAheadPage
from connector.model.invoicing_rules import CutOff, InvoicingRules
from connector.runner.calendar import Calendar
from connector.runner.look_ahead import Period, outlook_of
from connector.runner.outcome import Header, RunZone
from projops_plugins.process_runner import ProcessRunner
from tests.plugins.contracts import contract_of, run_of

Words = dict[str, Any]
ODD = """<script>alert("1")</script>'&<b>"""
NOW = datetime(2020, 10, 1, 6, 30, tzinfo=UTC)
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Every tag, attribute and text of a page; tags have to be closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((name, value or "") for name, value in attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def finish(self) -> None:
        self.close()
        assert self._open == []


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.finish()
    return reader


def page(
    *contracts: Words, rules: InvoicingRules | None = None, names: dict[str, str] | None = None
) -> LookAheadPage:
    run = run_of({"day": "2020-10-01"})
    period = Period(date(2020, 10, 1), date(2020, 12, 31))
    calendar = Calendar()
    for words in contracts:
        contract = replace(contract_of(words, run.zone), customer_names=names or {})
        calendar.add(outlook_of(contract, ProcessRunner(), run, period))
    header = Header(
        on=period.last,
        today=date(2020, 10, 1),
        zone=RunZone(ZoneInfo("Europe/Berlin"), "the settings of somebody"),
        rules=rules or InvoicingRules(),
        is_applied=False,
        takes_missed=False,
        unknown=(f"Nobody knows {ODD}.",),
    )
    return LookAheadPage(header, period, date(2020, 10, 1), calendar, "https://contoso.crm.dynamics.com", NOW)


def charts_of(html: str) -> list[str]:
    return re.findall(r"<svg.*?</svg>", html.partition("<figure>")[2], re.DOTALL)


def one_contract(amount: str = "1234.50", count: int = 1, **more: Any) -> Words:
    first = date(2020, 10, 5)
    days = [first + timedelta(number) for number in range(count)]
    return {
        "lines": [
            {
                "id": "line",
                "rows": [
                    {"id": f"r{day}", "run_date": day.isoformat(), "cut_off": day.isoformat()} for day in days
                ],
                "actuals": [{"id": f"a{day}", "date": day.isoformat(), "amount": amount} for day in days],
            }
        ],
        **more,
    }


def test_a_page_needs_nothing_else() -> None:
    """No script, no address to fetch from, and a policy that would forbid both."""
    html = page(one_contract(), names={"buyer": "Buyer"}).html()
    found = read(html)
    assert "script" not in found.tags
    assert not {"link", "img", "iframe", "object", "embed"} & set(found.tags)
    assert not [
        name for name, _ in found.attributes if name in {"src", "href", "srcset"} or name.startswith("on")
    ]
    assert "default-src 'none'" in dict(found.attributes).get("content", "") or "default-src 'none'" in html
    assert "url(" not in html
    assert "@import" not in html


def test_every_text_of_a_record_is_escaped() -> None:
    """A contract, a line, a customer, a reason and an address that hold HTML stay text, in charts too."""
    words = one_contract(name=ODD)
    words["lines"][0]["name"] = ODD
    words["lines"].append(
        {"id": "other", "name": ODD, "actuals": [{"id": "x", "date": "2020-10-01", "amount": "1"}]}
    )
    shown = replace(page(words, names={"buyer": ODD}), environment=ODD)
    html = shown.html()
    found = read(html)
    assert "script" not in found.tags
    assert found.text.count("<script>alert") >= 6
    assert "<script" not in html.lower()


def test_amounts_are_exact_and_have_their_currency() -> None:
    """The largest amount that a money column holds is shown to its last digit, also where a bar tells it."""
    html = page(one_contract("922337203685477.5807")).html()
    assert "2020-10-05: 922,337,203,685,477.5807 USD</title>" in html
    assert html.count("922,337,203,685,477.5807") >= 8


def test_the_page_says_what_it_is() -> None:
    """Preview and mirror, as of when, of which environment, in whose days, by which settings."""
    rules = InvoicingRules(cut_off=CutOff.EXCLUSIVE)
    html = page(one_contract(), rules=rules).html()
    text = " ".join(read(html.replace("</dt><dd>", "</dt> <dd>")).text.split())
    for part in (
        "(preview)",
        "mirrors the platform's rules",
        "As of 2020-10-01 06:30 UTC",
        "https://contoso.crm.dynamics.com",
        "time zone Europe/Berlin",
        "cut_off exclusive",
        "2020-10-05",
    ):
        assert part in text, part
    assert "settle_s" not in text


def test_drawing_leaves_the_import_system_alone() -> None:
    """pygal's finder, of which Python 3.11 warns at every later import, is gone once charts can be drawn."""
    assert not [one for one in sys.meta_path if type(one).__module__.startswith("pygal")]


def test_an_empty_period_is_a_page_too() -> None:
    """Nothing expected is said, without a chart."""
    found = read(page().html())
    assert "No drafts" in found.text
    assert "figure" not in found.tags


def test_light_and_dark_come_from_the_readers_settings() -> None:
    """Colours are variables of the page that a dark setting replaces; charts use no colour of their own."""
    html = page(one_contract()).html()
    assert "prefers-color-scheme: dark" in html
    [first, *_] = charts_of(html)
    assert ".pygal-chart .rect { fill: var(--run); }" in html
    assert not re.findall(r"(?:fill|stroke|color) *[:=] *\"?(?:#|rgb|black|white)", first)


def test_the_same_input_makes_the_same_page() -> None:
    """Nothing random, and no clock of this computer: pages can be compared."""
    assert page(one_contract()).html() == page(one_contract()).html()


def test_many_run_dates_are_drawn_by_month() -> None:
    """Beyond a screenful of bars each month is one; the calendar still has every day."""
    html = page(one_contract("1", MOST_DAYS_DRAWN + 5)).html()
    [chart, *_] = charts_of(html)
    assert "2020-10:" in chart
    assert "2020-10-05:" not in chart
    assert read(html).text.count("2020-11-") > 10


def test_many_customers_are_drawn_as_the_largest_and_the_others() -> None:
    """The bars stay readable; their sum is still the whole."""
    words = [
        one_contract(str(number + 1), id=f"c{number}", customer=f"k{number:02}")
        for number in range(MOST_CUSTOMERS_DRAWN + 3)
    ]
    names = {f"k{number:02}": f"Customer {number:02}" for number in range(MOST_CUSTOMERS_DRAWN + 3)}
    html = page(*words, names=names).html()
    assert "All others: 6.00 USD" in html


@pytest.mark.parametrize("amount", ["-250.25", "0"])
def test_credits_and_zeros_can_be_drawn(amount: str) -> None:
    """An invoice of nothing, or less, is a bar like another."""
    svg = Chart(
        "id", "Title", "USD", 2, (Bar("2020-10-05", Decimal(amount)), Bar("2020-10-06", Decimal(5)))
    ).svg(400)
    root = ET.fromstring(svg)
    titles = [one.text for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == "Title"
    assert any(text and text.startswith("2020-10-05: ") for text in titles)


@pytest.mark.parametrize(
    ("amount", "digits", "mark"), [("1.234", 3, "0.4"), ("0.30", 2, "0.16"), ("1234567.00", 2, "800,000")]
)
def test_the_axis_has_the_figures_of_the_bars(amount: str, digits: int, mark: str) -> None:
    """An amount below one has a bar and an axis with decimals, not a row of zeros."""
    svg = Chart("id", "Title", "KWD", digits, (Bar("2020-10-05", Decimal(amount)),)).svg(400)
    texts = [one.text for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert mark in texts
    assert len(texts) == len(set(texts))


def test_the_marks_of_large_amounts_do_not_touch() -> None:
    """The longer the figures, the fewer of them stand at the axis."""
    large = Chart("id", "Title", "USD", 2, (Bar("2020-10-05", Decimal("922337203685477.00")),)).svg(400)
    small = Chart("id", "Title", "USD", 2, (Bar("2020-10-05", Decimal("922.00")),)).svg(400)
    assert large.count("<text") < small.count("<text")


def test_a_page_about_no_contract_says_that_none_was_seen() -> None:
    """Nothing to invoice and nothing to see look the same in charts; only one is a matter of roles."""
    nobody = read(page().html()).text
    assert "No project contract was found" in nobody
    assert "No project contract was found" not in read(page(one_contract("1")).html()).text
