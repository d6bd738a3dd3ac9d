"""Charts as values: what is drawn, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup


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
    bars: tuple[Bar, ...]

    def svg(self, width_px: int) -> Markup:
        """The chart for a column of this width; it shrinks with a narrower one."""
        # What draws is heavy, and most panels have no chart.
        from connector.console.page.drawing import svg_of

        return svg_of(self, width_px)
