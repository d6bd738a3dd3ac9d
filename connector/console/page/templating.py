"""The page's templates, and how they write amounts, moments and records. Every text is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from connector.console.page.assets import PACKAGE, version_of
from connector.console.page.moments import Zones
from connector.console.page.panels.next_run import WORDS
from connector.console.page.work import State
from connector.model.money import with_digits
from connector.model.shown_text import without_controls
from connector.model.time_text import span
from connector.runner.report import NO_CURRENCY, USUAL_DIGITS, waiting_text
from connector.runner.wording import grouped

# An amount stands before its currency.
_FIGURES = re.compile(
    r"(?P<moment>\b\d{4}-\d\d-\d\d(?: \d\d:\d\d(?: UTC)?)?\b)"
    # Names that are written from right to left would take figures beside them along.
    r"|(?P<name>(?<=')[^'\n]*[\u0590-\u08ff][^'\n]*(?=')|[\u0590-\u08ff](?:[^A-Za-z\n]*[\u0590-\u08ff])?)"
    r"|(?<![\w.,-])(?P<amount>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?= [A-Z]{3}\b)"
)


def amount(value: Decimal | None, digits: int = USUAL_DIGITS, currency: str | None = None) -> Markup:
    """Exact, grouped as in English; the page's script writes it as the reader's locale does."""
    if value is None:
        return Markup('<span class="none">–</span>')
    shown = Markup('<data class="amount" value="{0}" data-digits="{1}">{2}</data>').format(
        with_digits(value, digits), digits, grouped(value, digits)
    )
    if currency is None:
        return shown
    return Markup('{0} <span class="currency">{1}</span>').format(shown, currency or NO_CURRENCY)


def counted(value: int) -> Markup:
    """`1,234`, which the page's script writes as the reader's locale does."""
    if abs(value) < 1000:
        return Markup(str(value))  # noqa: S704  # digits alone
    return Markup('<data class="amount" value="{0}" data-digits="0">{0:,}</data>').format(value)


def several(count: int, noun: str) -> Markup:
    """`1 draft`, `3 drafts`."""
    return Markup("{0} {1}{2}").format(counted(count), noun, "" if count == 1 else "s")


def said(sentence: str) -> Markup:
    """A sentence in which no day is broken in two and no name moves a figure; amounts are the script's."""
    parts, end = [Markup("")], 0
    for found in _FIGURES.finditer(sentence):
        parts.append(escape(without_controls(sentence[end : found.start()])))
        if found["moment"]:
            parts.append(Markup('<span class="day">{0}</span>').format(found[0]))
        elif found["name"]:
            parts.append(Markup("<bdi>{0}</bdi>").format(without_controls(found[0])))
        else:
            figure = found["amount"].replace(",", "")
            parts.append(amount(Decimal(figure), len(figure.partition(".")[2])))
        end = found.end()
    parts.append(escape(without_controls(sentence[end:])))
    return Markup("").join(parts)


def day(value: date | None) -> Markup:
    if value is None:
        return Markup('<span class="none">–</span>')
    return Markup('<time class="day" datetime="{0}">{0}</time>').format(value.isoformat())


def moment(at: datetime | None, zones: Zones) -> Markup:
    """In the reader's zone, with the environment's beside it."""
    if at is None:
        return Markup('<span class="none">–</span>')
    here, there = zones.here_and_there(at)
    instant = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    beside = Markup(' <span class="there">{0}</span>').format(there) if there else Markup("")
    return Markup('<time datetime="{0}" data-moment>{1}</time>{2}').format(instant, here, beside)


def record_url(id: str, table: str, url: str) -> str:
    """The record's form in the environment."""
    return f"{url}/main.aspx?pagetype=entityrecord&etn={table}&id={id}"


def _finalize(value: Any) -> Any:
    """What names of records could do to the direction of a page is taken out of every text."""
    return without_controls(value) if type(value) is str else value


@cache
def templates() -> Environment:
    folder = resources.files(PACKAGE).joinpath("templates")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        finalize=_finalize,
    )
    environment.filters.update(
        amount=amount,
        day=day,
        moment=moment,
        span=span,
        several=several,
        counted=counted,
        said=said,
        record_url=record_url,
        waiting=waiting_text,
    )
    environment.globals.update(version_of=version_of, State=State, STATE_WORDS=WORDS, NO_CURRENCY=NO_CURRENCY)
    return environment


def rendered(name: str, context: Mapping[str, Any]) -> str:
    return templates().get_template(name).render(context)
