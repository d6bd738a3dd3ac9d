"""Exact arithmetic on amounts: a decimal context that never has to round them (rule T9)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact

EXACT = Context(prec=60)
"""Sixty digits hold the sum of any number of amounts that a money column can keep."""
ZERO = Decimal(0)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum, whatever decimal context the caller's thread has."""
    result = ZERO
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def rounded(amount: Decimal, digits: int) -> Decimal:
    """`amount` with `digits` decimals, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-digits), rounding="ROUND_HALF_UP", context=EXACT)


def with_digits(amount: Decimal, digits: int) -> str:
    """`amount` as text with at least `digits` decimals; digits that it has beyond them stay."""
    quantum = Decimal(1).scaleb(-digits)
    strict = EXACT.copy()
    strict.traps[Inexact] = True
    try:
        return format(amount.quantize(quantum, context=strict), "f")
    except Inexact:
        return format(amount.normalize(EXACT), "f")
