"""Instants and spans as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

_HOURS_SAY_MORE = 48


def moment(instant: datetime, zone: tzinfo = UTC) -> str:
    """`2026-11-23 02:14 Europe/Berlin`."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {zone}"


def span(length: timedelta) -> str:
    """`5 h 12 min`: the two largest units of a span, whose sign does not matter; days from two on."""
    seconds = int(abs(length).total_seconds())
    hours, rest = divmod(seconds, 3_600)
    minutes, seconds = divmod(rest, 60)
    if hours >= _HOURS_SAY_MORE:
        days, hours = divmod(hours, 24)
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"
