"""The demo's table on a narrow screen."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

from rich.console import Console

from connector.console.demo.comparison import Invoiced, compare, documented_days
from connector.console.demo.story import FIRST, LAST, _table_of


def test_the_table_fits_80_columns() -> None:
    """No cell is cut or wrapped on the narrowest usual screen, and days that say the same share a line."""
    documented = documented_days()
    days = {
        day: tuple(Invoiced(one.lines, one.total or Decimal("6788.44")) for one in documented.on(day) or ())
        for day in (date(2020, 10, 5), date(2020, 10, 19), date(2020, 11, 2), date(2020, 11, 3))
    }
    file = io.StringIO()
    Console(file=file, width=80).print(_table_of(compare(documented, FIRST, LAST, days, days)))
    text = file.getvalue()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "5 Oct 3 lines 3 lines, 6,788.44 3 lines, 6,788.44 agrees" in lines
    assert "20 to 31 Oct (silent) nothing nothing" in lines
    assert "3 Nov 1 line, 12,000.00 1 line, 12,000.00 1 line, 12,000.00 agrees" in lines
    assert "…" not in text
