"""Asking the server what it was asked to write, and letting it forget that."""

from __future__ import annotations

import json
import ssl
from typing import Any
from urllib.request import HTTPSHandler, ProxyHandler, build_opener


def tally_of(origin: str, ca_file: str) -> dict[str, Any]:
    """What one port has got since it was asked last; see Tally.report."""
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    with opener.open(f"{origin}/api/data/v9.2/bench/tally", timeout=60) as answer:
        tally: dict[str, Any] = json.load(answer)
    opener.open(f"{origin}/api/data/v9.2/bench/reset", timeout=60).close()
    return tally
