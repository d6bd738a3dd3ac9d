"""Runs the scenarios of a file and prints how each ended; it knows no client."""

from __future__ import annotations

import inspect
import json
import sys
import traceback
import uuid
from types import ModuleType


def run(module: ModuleType) -> None:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if name.startswith("_") or function.__module__ != module.__name__:
            continue
        error = None
        try:
            function()
        except Exception:  # noqa: BLE001 - whatever a client raises is the outcome
            error = traceback.format_exc()[-4000:]
        sys.stdout.write(json.dumps({"name": name, "error": error}) + "\n")


def mark() -> str:
    """A text that no other scenario uses."""
    return uuid.uuid4().hex[:12]
