"""Scripts import each other by name, as they do when one of them is started."""

from __future__ import annotations

import sys
from pathlib import Path

# At the end: scripts/test.py must not hide the standard library's package of that name.
sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
