"""Instants and spans as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


def moment(instant: datetime, zone: tzinfo = UTC) -> str:
    """`2026-11-23 02:14 Europe/Berlin`."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M} {zone}"


def span(length: timedelta) -> str:
    """`5 h 12 min`: the two largest units of a span, whose sign does not matter."""
    seconds = int(abs(length).total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"
