"""How much memory this process has used at most."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.platform == "linux":

    def peak_mib() -> float | None:
        """The largest resident size so far, in MiB; None on systems that do not tell.

        /proc is asked: ru_maxrss would count the process that this one was started from.
        """
        return high_water_mark(Path("/proc/self/status").read_text(encoding="ascii", errors="replace"))

elif sys.platform == "darwin":
    import resource

    def peak_mib() -> float | None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

else:

    def peak_mib() -> float | None:
        return None


def high_water_mark(status: str) -> float | None:
    """VmHWM out of the text of /proc/self/status."""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None
