"""The emulator in both shapes of the job."""

from __future__ import annotations

from tests.job.emulated import shared_emulator, world

__all__ = ["shared_emulator", "world"]
