"""Exact sums of decimals, which SQLite keeps as text here and would itself add up as floats."""

from __future__ import annotations

from decimal import Context, Decimal

DECIMAL_SUM = "emu_decimal_sum"
_EXACT = Context(prec=120)


class DecimalSum:
    """An SQLite aggregate: the sum of decimals in text, as text; NULL when there is none."""

    def __init__(self) -> None:
        self._sum: Decimal | None = None

    def step(self, value: str | None) -> None:
        if value is not None:
            self._sum = _EXACT.add(self._sum or Decimal(0), Decimal(value))

    def finalize(self) -> str | None:
        return None if self._sum is None else format(self._sum, "f")
