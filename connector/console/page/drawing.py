"""Bars as SVG, drawn by pygal, without its script and its colours: those come from the page's own style."""

from __future__ import annotations

import sys
from decimal import Decimal
from functools import lru_cache
from typing import Any

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup
from pygal.etree import etree  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from connector.console.page.charts import Bar, Chart
from connector.model.money import EXACT
from connector.runner.wording import grouped

# pygal leaves a finder of modules behind that Python warns of at every later import; it is for maps only.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

MOST_KEPT = 256
BAR_PX = 24
AROUND_BARS_PX = 64
SVG = "{http://www.w3.org/2000/svg}"


@lru_cache(maxsize=MOST_KEPT)
def svg_of(chart: Chart, width_px: int) -> Markup:
    """Drawn once: the same reading is shown many times, and a chart takes ten milliseconds."""
    return _drawn(chart, width_px)


def _drawn(chart: Chart, width_px: int) -> Markup:
    longest = max(8, width_px // 24)
    drawing = pygal.HorizontalBar(
        width=width_px,
        height=BAR_PX * len(chart.bars) + AROUND_BARS_PX,
        style=Style(font_family="inherit", label_font_size=12, major_label_font_size=12),
        css=(),
        show_legend=False,
        truncate_label=-1,
        js=(),
        no_data_text="",
        margin=4,
        margin_right=32,
        spacing=6,
        min_scale=1,
        max_scale=_most_marks(chart, width_px),
        value_formatter=lambda cents: _mark(chart, cents),
    )
    drawing.uuid = f"{chart.id}-{width_px}"
    # pygal fills from below.
    bars = list(reversed(chart.bars))
    drawing.x_labels = [_cut(bar.label, longest) for bar in bars]
    drawing.add("", [_value(chart, bar) for bar in bars])
    return _without_script(chart, drawing.render_tree())


def _value(chart: Chart, bar: Bar) -> dict[str, Any]:
    """A whole number of cents decides how long the bar is; the amount itself is text and stays exact."""
    exact = f"{bar.label}: {grouped(bar.amount, chart.digits)} {chart.currency}"
    return {"value": _cents(chart, bar.amount), "formatter": lambda _: exact}


def _cents(chart: Chart, amount: Decimal) -> int:
    return int(amount.scaleb(chart.digits, EXACT).to_integral_value())


def _mark(chart: Chart, cents: float) -> str:
    """What stands at the axis, without decimals that say nothing: `1,200`, `0.5`."""
    amount = Decimal(round(cents)).scaleb(-chart.digits)
    return f"{amount.normalize() if amount else amount.to_integral_value():,f}"


def _most_marks(chart: Chart, width_px: int) -> int:
    """As many as stand beside each other without touching."""
    longest = max((len(_mark(chart, _cents(chart, bar.amount))) for bar in chart.bars), default=1)
    return max(1, min(5 if width_px < 600 else 10, width_px * 2 // 3 // (8 * longest + 16)))


def _without_script(chart: Chart, root: Any) -> Markup:
    for parent in list(root.iter()):
        for child in list(parent):
            name = child.tag if isinstance(child.tag, str) else None
            if name is None or _is_for_scripts(name, child):
                parent.remove(child)
            elif name.removeprefix(SVG) == "desc":
                _turn_to_title(parent, child)
    title = next(child for child in root if str(child.tag).removeprefix(SVG) == "title")
    title.text = chart.title
    root.set("role", "img")
    root.set("aria-label", chart.title)
    # It is XML: every text of a record was escaped when it was written.
    return Markup(etree.tostring(root, encoding="unicode"))  # noqa: S704


def _is_for_scripts(name: str, element: Any) -> bool:
    """Scripts, the box that they fill, and styles, which a strict policy does not let through."""
    return name.removeprefix(SVG) in {"script", "style"} or element.get("class") == "tooltip"


def _turn_to_title(parent: Any, description: Any) -> None:
    """What pygal's script would show beside the pointer a browser shows by itself, as a title."""
    if description.get("class") == "value":
        description.tag = description.tag.replace("desc", "title")
    else:
        parent.remove(description)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
