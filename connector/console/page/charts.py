"""Bars as SVG, drawn by pygal, without its script and its colours: those come from the page's own style."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup
from pygal.etree import etree  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from connector.model.money import EXACT
from connector.runner.wording import grouped

# pygal leaves a finder of modules behind that Python warns of at every later import; it is for maps only.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

BAR_PX = 24
AROUND_BARS_PX = 64
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Chart:
    """`id` is unique on its page, `title` is read out by screen readers."""

    id: str
    title: str
    currency: str
    digits: int
    bars: Sequence[Bar]

    def svg(self, width_px: int) -> Markup:
        """The chart for a column of this width; it shrinks with a narrower one."""
        longest = max(8, width_px // 24)
        drawing = pygal.HorizontalBar(
            width=width_px,
            height=BAR_PX * len(self.bars) + AROUND_BARS_PX,
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
            max_scale=self._most_marks(width_px),
            value_formatter=self._mark,
        )
        drawing.uuid = f"{self.id}-{width_px}"
        # pygal fills from below.
        bars = list(reversed(self.bars))
        drawing.x_labels = [_cut(bar.label, longest) for bar in bars]
        drawing.add("", [self._value(bar) for bar in bars])
        return self._without_script(drawing.render_tree())

    def _value(self, bar: Bar) -> dict[str, Any]:
        """A whole number of cents decides how long the bar is; the amount itself is text and stays exact."""
        exact = f"{bar.label}: {grouped(bar.amount, self.digits)} {self.currency}"
        return {"value": self._cents(bar.amount), "formatter": lambda _: exact}

    def _cents(self, amount: Decimal) -> int:
        return int(amount.scaleb(self.digits, EXACT).to_integral_value())

    def _mark(self, cents: float) -> str:
        """What stands at the axis, without decimals that say nothing: `1,200`, `0.5`."""
        amount = Decimal(round(cents)).scaleb(-self.digits)
        return f"{amount.normalize() if amount else amount.to_integral_value():,f}"

    def _most_marks(self, width_px: int) -> int:
        """As many as stand beside each other without touching."""
        longest = max((len(self._mark(self._cents(bar.amount))) for bar in self.bars), default=1)
        return max(1, min(5 if width_px < 600 else 10, width_px * 2 // 3 // (8 * longest + 16)))

    def _without_script(self, root: Any) -> Markup:
        for parent in list(root.iter()):
            for child in list(parent):
                name = child.tag if isinstance(child.tag, str) else None
                if name is None or _is_for_scripts(name, child):
                    parent.remove(child)
                elif name.removeprefix(SVG) == "desc":
                    _turn_to_title(parent, child)
        title = next(child for child in root if str(child.tag).removeprefix(SVG) == "title")
        title.text = self.title
        root.set("role", "img")
        root.set("aria-label", self.title)
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
