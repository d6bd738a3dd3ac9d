"""Environments: all profiles of the project file, each with its health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.console.page.known import Known
from connector.console.page.panels.health import Light, health_view
from connector.console.page.readings import JobSeen


@dataclass(frozen=True, slots=True)
class Peer:
    """One environment: where its pages are (None: nowhere), and how its job was seen last."""

    label: str
    root: str | None
    known: Known[JobSeen]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PlaceView:
    """`light` is None while nothing is known; `problem` says why nothing, or nothing newer, is."""

    label: str
    root: str | None
    light: Light | None
    word: str
    sentence: str
    next_run: datetime | None
    as_of: datetime | None
    problem: str


def place_view(peer: Peer) -> PlaceView:
    seen, trouble = peer.known.value, peer.known.trouble
    problem = peer.problem or ("" if trouble is None else f"{trouble.title}: {trouble.message}")
    if seen is None:
        word = "Unknown" if problem else "Being read"
        light = Light.UNKNOWN if problem else None
        return PlaceView(peer.label, peer.root, light, word, "", None, None, problem)
    view = health_view(seen)
    return PlaceView(
        peer.label, peer.root, view.light, view.word, view.rest, view.next_run, seen.now, problem
    )
